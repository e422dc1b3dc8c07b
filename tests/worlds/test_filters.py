"""Filters: `when` as text, and what is said of one that is wrong, with its place."""

from __future__ import annotations

import pytest

from emulator.app import LANGUAGE
from emulator.errors import DocumentError
from emulator.http.exchange import Exchange
from emulator.worlds.filters import compile_filter
from tests.running import loaded


def fits(text: str, **fields: object) -> bool:
    exchange = Exchange(1, 0.0, "POST", "/v2/messages", "")
    for name, value in fields.items():
        setattr(exchange, name, value)
    question = compile_filter(text, LANGUAGE, loaded("default"))
    assert question is not None
    return question.fits(exchange)


@pytest.mark.parametrize("text", ["", "  ", "\n"])
def test_an_empty_filter_is_none(text: str) -> None:
    assert compile_filter(text, LANGUAGE, loaded("default")) is None


@pytest.mark.parametrize(
    "text",
    [
        "status: 429",
        "status: {gte: 400}",
        '{"status": {"gte": 400}, "outcome": "complete"}',
        "{status: [429, 503], path: {matches: messages}}",
        "status: 429\noutcome: complete",
        "{{ status >= 400 and outcome == 'complete' }}",
        "operation: messages.create",
        "operation: {matches: '^messages'}",
        "faults: {contains: latency}",
    ],
)
def test_a_filter_is_written_as_when(text: str) -> None:
    named = {"api": "aiexport", "operation": "messages.create", "faults": ("latency",), "outcome": "complete"}
    assert fits(text, status=429, **named)
    assert not fits(text, status=200, outcome="open")


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("statuss: 500", "filter:1:1: unknown name 'statuss'; "),
        ("outcome: cut\nstatuss: 500", "filter:2:1: unknown name 'statuss'; "),
        ("{status: {gtee: 400}}", "filter:1:10: status: unknown operator 'gtee'; "),
        ("operation: messages.crate", "filter:1:12: no operation 'messages.crate'; did you mean 'messages.create'?"),
        ("operation: [messages.create, messages.crate]", "filter:1:30: no operation 'messages.crate'; "),
        ("api: aixport", "filter:1:6: no API 'aixport'; "),
        ("times: 3", "filter:1:8: `times` belongs to rules; "),
        ("status:500", "filter:1:1: 'status:500' is not a condition; write `status: 500`, with a space"),
        ("cut", "filter:1:1: 'cut' is not a condition; "),
        ("[status]", "filter:1:1: '[status]' is not a condition; expected a field"),
        ("{{ statuss >= 400 }}", "filter:1:1: unknown name 'statuss'; "),
        ("{{ status >= }}", "filter:1:1: "),
        ("status: {gte: 400", "filter:1:18: expected ',' or '}' here"),
        ("status: '500", "filter:1:13: the text ends before the quote does"),
        ("path: {matches: '('}", "filter:1:7: path: "),
    ],
)
def test_what_is_wrong_in_it_is_reported_with_its_place(text: str, complaint: str) -> None:
    with pytest.raises(DocumentError) as caught:
        compile_filter(text, LANGUAGE, loaded("default"))
    assert str(caught.value).startswith(complaint)


def test_everything_that_is_wrong_is_reported_at_once() -> None:
    with pytest.raises(DocumentError) as caught:
        compile_filter("statuss: 500\noperation: messages.crate", LANGUAGE, loaded("default"))
    assert [str(each.place) for each in caught.value.diagnostics] == ["filter:1:1", "filter:2:12"]


@pytest.mark.bound("filter")
@pytest.mark.parametrize(
    "text", ["a: &a [1]\nb: *a", "{" * 500, "status: !!python/object:os.system x", "\x00", "x" * 10_001]
)
def test_hostile_text_is_refused(text: str) -> None:
    with pytest.raises(DocumentError):
        compile_filter(text, LANGUAGE, loaded("default"))
