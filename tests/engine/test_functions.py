"""The functions that templates may call."""

from __future__ import annotations

import base64
import re
from typing import Any

import pytest

from emulator.app import LANGUAGE
from emulator.engine.context import Context, Service
from emulator.errors import ApiError, Location, TemplateError
from emulator.http.request import Request
from emulator.language.expressions.runtime import MISSING
from emulator.language.expressions.template import compile_tree
from tests.fuzzing import Line
from tests.running import Emulated
from tests.small import KEY, Small
from tests.wire import Wire

OPERATIONS = """
fine: {route: GET /fine, rules: [{reply: {body: {}}}]}
"""
ASKED = Request("GET", "/", "", {}, "here", "https", "here:1234", origin="https://here:1234")


@pytest.fixture
def service(small: Small) -> Service:
    return small(OPERATIONS).app.pipeline.services["small"]


def evaluate(service: Service, expression: str, **names: Any) -> Any:
    context = Context(service, ASKED)
    context.update(names)
    return compile_tree(f"{{{{ {expression} }}}}", LANGUAGE, lambda path: Location("test", 1, 1)).maybe(context)


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("('order 7 of 9' | groups('order (?P<id>[0-9]+) of ([0-9])')).id", "7"),
        ("('order 7 of 9' | groups('order ([0-9]+) of ([0-9])'))['2']", "9"),
        ("('order 7' | groups('no (?P<id>[0-9]+)')).id is defined", False),
        ("(7 | groups('7')) is defined", False),
        ("iso()", "2026-01-01T00:00:00Z"),
        ("iso(86400.9)", "1970-01-02T00:00:00Z"),
        ("iso_ms(0.123)", "1970-01-01T00:00:00.123Z"),
        ("strftime(now, '%Y/%m/%d %H')", "2026/01/01 00"),
        ("parse_day('2026-01-02')", 1_767_312_000.0),
        ("parse_day('2026-02-30')", None),
        ("parse_day('2026-W01-1')", None),
        ("parse_day('20260102')", None),
        ("parse_day('2026-1-2')", None),
        ("parse_day(7)", None),
        ("tokens('')", 0),
        ("tokens('abcde')", 2),
        ("tokens({'a': 1})", 2),
        ("digest('a')", "8928aae6"),
        ("digest('a', 12)", "8928aae63c84"),
        ("mask('axp_live_secret')", "axp_********cret"),
        ("mask('short')", "********3b6e85"),
        ("absolute('/x')", "https://here:1234/x"),
        ("job('none')", MISSING),
        ("limit_state('nobody')", {}),
        ("1.005 | fixed", "1.00"),
        ("2 | fixed(3)", "2.000"),
    ],
)
def test_a_function_gives(service: Service, expression: str, value: Any) -> None:
    assert evaluate(service, expression) == value


@pytest.mark.bound("output of a template")
@pytest.mark.finding("I3")
@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("1 | fixed(300000000)", "expected 0 to 100 digits; found 300000000"),
        ("1 | fixed(-1)", "expected 0 to 100 digits; found -1"),
        ("strftime(0, '%c' * 10000)", "the form has more than 1000 characters"),
    ],
)
def test_what_a_function_builds_is_bounded(service: Service, expression: str, message: str) -> None:
    with pytest.raises(TemplateError, match=message):
        evaluate(service, expression)


def encoded(text: bytes) -> str:
    return base64.b64encode(text).decode()


@pytest.mark.parametrize(
    ("header", "found"),
    [
        (f"Basic {encoded(b'ann:secret')}", {"username": "ann", "password": "secret"}),
        (f"bAsIc  {encoded('é:p:q'.encode())}", {"username": "é", "password": "p:q"}),
        (f"Basic {encoded(b'nopassword')}", {"username": "nopassword", "password": ""}),
        (f"Basic {encoded(bytes([0xFF]))}", None),
        ("Basic !!!", None),
        ("Basic é", None),
        ("Basic", {"username": "", "password": ""}),
        ("Bearer x", None),
        (None, None),
        (7, None),
    ],
)
def test_basic_credentials_are_read_or_there_are_none(service: Service, header: Any, found: Any) -> None:
    assert evaluate(service, "basic(given)", given=header) == found


def test_credentials_of_any_bytes_are_no_trouble(emulator: Emulated) -> None:
    lines: list[Line] = [("authorization", b"Basic \xe9"), ("content-type", "application/x-www-form-urlencoded")]
    with Wire(emulator.running.port) as wire:
        answer = wire.ask("POST", "/v2/oauth/token", lines, b"grant_type=client_credentials")
    assert (answer.status, answer.json()["error"]) == (401, "invalid_client")


def test_ids_are_drawn_from_the_seed_and_have_the_length_that_is_asked_for(small: Small) -> None:
    expressions = ("new_id()", "new_id('msg')", "new_id('', 8)", "new_id('x', 500)", "new_id('x', 0)", "uuid()")
    first, again = (
        [evaluate(small(OPERATIONS).app.pipeline.services["small"], each) for each in expressions] for _ in range(2)
    )
    patterns = (r"[0-9a-f]{24}", r"msg_[0-9a-f]{24}", r"[0-9a-f]{8}", r"x_[0-9a-f]{64}", r"x_[0-9a-f]")
    for pattern, id in zip(patterns, first, strict=False):
        assert re.fullmatch(pattern, id)
    assert re.fullmatch(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", first[-1])
    assert len(set(first)) == len(first)
    assert first == again


@pytest.mark.parametrize(
    ("arguments", "items", "more"),
    [
        ("all", ["a", "b", "c"], False),
        ("all, 2", ["a", "b"], True),
        ("all, 2, 'b'", ["c"], False),
        ("all, 2, 'nobody'", [], False),
        ("all, 2, offset=1", ["b", "c"], False),
        ("all, 2, offset=9", [], False),
        ("all, 0", [], True),
        ("[]", [], False),
    ],
)
def test_a_page_is_what_follows_an_id_or_an_offset(
    service: Service, arguments: str, items: list[str], more: bool
) -> None:
    page = evaluate(service, f"page({arguments})", all=[{"id": id} for id in "abc"])
    assert [record["id"] for record in page["items"]] == items
    assert (page["has_more"], page["total"]) == (more, 0 if arguments == "[]" else 3)
    assert (page["first"], page["last"]) == ((items[0], items[-1]) if items else (None, None))


def test_a_template_can_answer_with_an_error(service: Service) -> None:
    with pytest.raises(ApiError) as caught:
        evaluate(service, "fail('conflict', 'not now', 'when')")
    assert (caught.value.kind, caught.value.detail, caught.value.param) == ("conflict", "not now", "when")


def test_a_function_that_is_given_nonsense_fails_in_the_templates_place(service: Service) -> None:
    for expression in ("new_id('x', 'long')", "strftime('soon', '%Y')", "iso('soon')", "page(7)", "absolute(7)"):
        with pytest.raises(TemplateError, match="test:1:1"):
            evaluate(service, expression)


def test_the_counters_of_another_key_are_seen_without_being_charged(small: Small) -> None:
    emulated = small(OPERATIONS)
    emulated.client("small", headers=KEY).get("/fine")
    service = emulated.app.pipeline.services["small"]
    for _ in range(2):
        states = evaluate(service, "limit_state('key-of-ann')")
        assert (states["calls"]["used"], states["calls"]["remaining"]) == (1, 999)
    assert evaluate(service, "limit_state('key-of-bob')")["calls"]["used"] == 0
