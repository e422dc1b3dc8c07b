"""Routing a request: what its path says is given to the operation, and what is not there is said so."""

from __future__ import annotations

import pytest

from tests.small import KEY, Small
from tests.wire import Wire

OPERATIONS = """
one:
  route: GET /things/{id}
  rules: [{reply: {body: {one: "{{ path.id }}"}}}]
fixed:
  route: GET /things/all
  rules: [{reply: {body: {all: "{{ path | length }}"}}}]
deep:
  route: GET /files/{name:path}
  aliases: [{route: "GET /old/{name:path}"}]
  rules: [{reply: {body: {file: "{{ path.name }}"}}}]
both:
  route: POST /things/{id}/parts/{part}
  rules: [{reply: {body: "{{ path }}"}}]
"""


@pytest.mark.parametrize(
    ("target", "said"),
    [
        ("/things/7", {"one": "7"}),
        ("/things/a%20b%C3%A9", {"one": "a bé"}),
        ("/things/%7B%7Bx%7D%7D", {"one": "{{x}}"}),
        ("/things/all", {"all": 0}),
        ("/things/%61ll", {"all": 0}),
        ("/files/a/b/c", {"file": "a/b/c"}),
        ("/old/a%2Fb", {"file": "a/b"}),
        ("/files/../x", {"file": "../x"}),
        ("http://127.0.0.1:{port}/things/7", {"one": "7"}),  # RFC 9112 section 3.2.2
    ],
)
def test_a_path_leads_to_its_operation_with_what_it_says(small: Small, target: str, said: object) -> None:
    port = small(OPERATIONS).running.port
    with Wire(port) as wire:
        assert wire.ask("GET", target.replace("{port}", str(port)), KEY.items()).json() == said


@pytest.mark.parametrize(
    "target", ["/things", "/things/", "/things/7/", "/Things/7", "/files/", "//things/7", "/things/7/8"]
)
def test_a_path_that_is_only_nearly_right_is_not_found(small: Small, target: str) -> None:
    with Wire(small(OPERATIONS).running.port) as wire:
        answer = wire.ask("GET", target, KEY.items())
    assert (answer.status, answer.json()["kind"]) == (404, "not_found")
    assert answer.header("x-emulator-hint") is not None


def test_several_parameters_are_told_apart(small: Small) -> None:
    with Wire(small(OPERATIONS).running.port) as wire:
        assert wire.ask("POST", "/things/a/parts/b", KEY.items()).json() == {"id": "a", "part": "b"}


def test_the_methods_that_a_path_takes_are_named(small: Small) -> None:
    emulated = small("""
      put: {route: PUT /x, rules: [{reply: {body: {}}}]}
      get: {route: GET /x, rules: [{reply: {body: {}}}]}
    """)
    answer = emulated.client("small", headers=KEY).post("/x")
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD, OPTIONS, PUT")


HEADS = """
one:
  route: GET /things/{id}
  rules: [{when: {path.id: gone}, reply: {error: not_found}}, {reply: {body: {one: "{{ path.id }}"}}}]
send: {route: POST /things, rules: [{reply: {body: 1}}]}
own: {route: HEAD /own, rules: [{reply: {status: 204}}]}
own-get: {route: GET /own, rules: [{reply: {body: 2}}]}
flow:
  route: GET /flow
  rules: [{reply: {stream: {events: [{$each: [1, 2, 3], data: "{{ item }}"}], pace: {first: 0s, each: 60s}}}}]
"""


@pytest.mark.finding("A4")
@pytest.mark.parametrize("target", ["/things/7", "/things/gone"])
def test_head_is_answered_like_get_without_the_body(small: Small, target: str) -> None:
    emulated = small(HEADS)
    with Wire(emulated.running.port) as wire:
        head, get = wire.ask("HEAD", target, KEY.items()), wire.ask("GET", target, KEY.items())
    assert (head.status, head.body) == (get.status, b"")
    assert head.header("content-length") == str(len(get.body))
    assert head.header("content-type") == get.header("content-type")
    (asked, _) = emulated.exchanges(2)
    assert (asked.method, asked.operation, asked.caller != "", asked.outcome) == ("HEAD", "one", True, "complete")
    assert (asked.reply_body, asked.sent_bytes, asked.sent_events) == (b"", 0, 0)


@pytest.mark.finding("A4")
def test_head_of_a_stream_does_not_wait_for_its_events(small: Small) -> None:
    emulated = small(HEADS)
    with Wire(emulated.running.port) as wire:
        answer = wire.ask("HEAD", "/flow", KEY.items())
        assert (answer.status, answer.body, answer.header("content-length")) == (200, b"", None)
        assert "text/event-stream" in (answer.header("content-type") or "")
        assert wire.ask("HEAD", "/own", KEY.items()).status == 204
        assert wire.ask("HEAD", "/things", KEY.items()).status == 405
    assert emulated.exchanges(3)[0].outcome == "complete"


@pytest.mark.finding("A4")
@pytest.mark.parametrize(
    ("target", "allow"),
    [
        ("/things/7", "GET, HEAD, OPTIONS"),
        ("/things", "OPTIONS, POST"),
        ("/own", "GET, HEAD, OPTIONS"),
        ("*", "GET, HEAD, OPTIONS, POST"),
    ],
)
def test_options_says_the_methods_of_a_path_to_everybody(small: Small, target: str, allow: str) -> None:
    emulated = small(HEADS)
    with Wire(emulated.running.port) as wire:
        answer = wire.ask("OPTIONS", target, [("X-Emulator-Provenance", "1")])
        assert (answer.status, answer.body, answer.header("allow")) == (204, b"", allow)
        assert answer.header("content-length") is None
        assert wire.ask("OPTIONS", "/nowhere", []).status == 404
    assert emulated.exchanges(2)[0].error == ""
