"""Viewing: an exchange as plain data, whatever bytes it holds."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.http.exchange import Differing, Exchange, NearMiss
from emulator.store.masking import Masker
from emulator.store.views import FIELDS, ExchangeView, content, exchange_view
from tests.apis.aiexport_calls import PRO, asking, caller
from tests.running import Emulated

JSON = [(b"content-type", b"application/json; charset=utf-8")]
FORM = [(b"content-type", b"application/x-www-form-urlencoded")]
TEXT = [(b"Content-Type", b"text/plain")]


def view(exchange: Exchange) -> Any:
    return msgspec.to_builtins(exchange_view(exchange))


def test_every_field_of_the_view_is_shown() -> None:
    assert {*FIELDS, "passed_over"} == {*ExchangeView.__struct_fields__}


def test_an_exchange_is_shown_with_everything_on_it(emulator: Emulated) -> None:
    answer = caller(emulator, PRO).post("/messages?a=2", json=asking("What is 2 + 2?"))
    shown = view(emulator.exchanges(1)[0])
    assert list(shown) == [
        *("number", "at", "api", "operation", "method", "path", "query", "headers", "body", "status"),
        *("reply_headers", "reply_body", "events_sent", "bytes_sent", "outcome", "took"),
        *("key", "workspace", "rule", "faults", "near_misses", "error", "events", "seeded", "passed_over"),
        *("done", "shortened"),
    ]
    assert (shown["number"], shown["at"], shown["took"]) == (1, 1_767_225_600.0, 0.0)
    assert (shown["api"], shown["operation"]) == ("aiexport", "messages.create")
    assert (shown["method"], shown["path"], shown["query"]) == ("POST", "/v2/messages", {"a": "2"})
    assert shown["headers"]["x-api-key"] == shown["key"] == f"{PRO[:4]}********{PRO[-4:]}"
    assert shown["body"] == asking("What is 2 + 2?")
    assert (shown["status"], shown["reply_body"]) == (200, answer.json())
    assert shown["reply_headers"]["content-type"] == "application/json"
    assert (shown["events_sent"], shown["bytes_sent"], shown["outcome"]) == (0, len(answer.content), "complete")
    assert shown["workspace"] == "demo-pro"
    assert ".yaml:" in shown["rule"]
    assert (shown["faults"], shown["near_misses"], shown["error"]) == ([], [], "")
    assert json.loads(orjson.dumps(shown)) == shown


@pytest.mark.finding("L2")
def test_of_a_parameter_that_came_twice_both_values_are_shown(emulator: Emulated) -> None:
    answer = caller(emulator, PRO).get("/models?limit=1&limit=2")
    assert (answer.status_code, answer.json()["error"]["message"]) == (400, "limit: given more than once")
    assert view(emulator.exchanges(1)[0])["query"] == {"limit": ["1", "2"]}


def test_a_near_miss_is_shown_with_where_the_rule_stands_and_what_differs() -> None:
    exchange = Exchange(1, 0.0, "GET", "/", "")
    differences = (Differing("body.a", "1", "2"), Differing("times", "2", "already answered 2", counter=True))
    exchange.near_misses = (NearMiss("f.yaml:3:5", "one", "f.yaml", 3, differences),)
    exchange.faults = ("latency",)
    shown = view(exchange)
    assert shown["faults"] == ["latency"]
    assert shown["near_misses"] == [
        {
            "rule": "f.yaml:3:5",
            "name": "one",
            "file": "f.yaml",
            "line": 3,
            "differences": [
                {"field": "body.a", "wanted": "1", "found": "2"},
                {"field": "times", "wanted": "2", "found": "already answered 2"},
            ],
        }
    ]


def test_header_lines_are_shown_by_name_without_their_credentials_and_those_sent_twice_together() -> None:
    exchange = Exchange(1, 0.0, "GET", "/", "")
    sent = [(b"x-key", b"0123456789abcdef"), (b"accept", b"a"), (b"accept", b"b"), (b"x-odd", b"\xe9")]
    exchange.headers = Masker([b"x-key"]).mask_headers(sent)
    exchange.reply_headers = [(b"X-Up", b"1")]
    shown = view(exchange)
    assert shown["headers"] == {"x-key": "0123********cdef", "accept": "a, b", "x-odd": "é"}
    assert shown["reply_headers"] == {"x-up": "1"}


@pytest.mark.parametrize(
    ("body", "lines", "shown"),
    [
        (b"", JSON, None),
        (b'{"a": 1}', JSON, {"a": 1}),
        (b' [1, "\xc3\xa9"]', TEXT, [1, "é"]),
        (b"5", JSON, 5),
        (b"null", JSON, None),
        (b"5", TEXT, "5"),
        (b"5", [], "5"),
        (b'{"a": ', JSON, '{"a": '),
        (b"a=1&b=%20&c=", FORM, {"a": "1", "b": " ", "c": ""}),
        (b"a=1&b=2&a=3", FORM, {"a": ["1", "3"], "b": "2"}),
        (b"&".join([b"a=1"] * 1_001), FORM, "&".join(["a=1"] * 1_001)),
        (b"data: {}\n\n", [(b"content-type", b"text/event-stream")], "data: {}\n\n"),
        (b"\xff\x00caf\xc3\xa9\x80", [], "\\xff\x00café\\x80"),
        (b"\x89PNG\r\n", JSON, "\\x89PNG\r\n"),
        (b"[" * 240 + b"]" * 240, JSON, None),
        (b"[" * 260 + b"]" * 260, JSON, "[" * 260 + "]" * 260),
        (b"[" * 5_000 + b"]" * 5_000, JSON, "[" * 5_000 + "]" * 5_000),
    ],
)
def test_a_body_is_json_or_a_form_where_it_is_one_else_text(body: bytes, lines: Any, shown: Any) -> None:
    shown_body = content(body, lines)
    assert shown_body == shown or (shown is None and isinstance(shown_body, list))
    assert type(shown_body) is type(shown) or shown is None


@given(st.binary(max_size=60), st.binary(max_size=60), st.text(max_size=20))
def test_whatever_bytes_are_sent_what_is_shown_can_be_written_as_json(body: bytes, line: bytes, path: str) -> None:
    exchange = Exchange(1, 0.0, "GET", path.encode("utf-8", "replace").decode(), line.decode("latin-1"))
    exchange.body, exchange.reply_body = body, line
    exchange.headers = exchange.reply_headers = [(line, body), *JSON]
    assert json.loads(orjson.dumps({"exchanges": [view(exchange)]}))
