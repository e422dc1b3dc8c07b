"""Rendering and composing: status, headers and body of what a rule replies, and how long it takes."""

from __future__ import annotations

from typing import Any

import pytest

from emulator.errors import DocumentError
from tests.small import KEY, Small
from tests.wire import Wire, request

OPERATIONS = """
reply:
  route: POST /reply
  request: {type: object}
  headers: {X-Operation: yes, X-Both: operation}
  rules:
    - when: {body.kind: text}
      reply: {text: "said: {{ body.said }}", headers: {Content-Type: text/markdown}}
    - when: {body.kind: status}
      reply: {status: "{{ body.status }}", body: {a: 1}}
    - when: {body.kind: stream}
      reply: {status: "{{ body.status }}", stream: {events: [{data: "{{ body.said }}"}, {data: 1}]}}
    - when: {body.kind: none}
      reply: {status: 204}
    - reply:
        status: 201
        headers:
          X-Both: rule
          X-Said: "{{ body.said | default(none) }}"
          X-Number: "{{ body.n | default(none) }}"
          X-Fixed: 7
        body: {said: "{{ body.said | default(none) }}"}
order:
  route: POST /order
  rules:
    - do: [{put: seen, id: "1", record: {id: "1"}, as: made}]
      let: {both: "{{ made.id ~ seen['1'].id }}"}
      reply: {body: "{{ both }}"}
"""
MORE = "collections: {tokens: {}, seen: {}}\nheaders: {X-Api: all, X-Both: api}\n"


@pytest.fixture
def reply(small: Small) -> Any:
    client = small(OPERATIONS, MORE).client("small", headers=KEY)
    return lambda **body: client.post("/reply", json=body)


def test_headers_of_the_api_the_operation_and_the_rule_add_up_and_the_nearest_counts(reply: Any) -> None:
    answer = reply(said="hello", n=1.5)
    assert (answer.status_code, answer.json()) == (201, {"said": "hello"})
    shown = {name: answer.headers[name] for name in ("x-api", "x-operation", "x-both", "x-said", "x-number", "x-fixed")}
    assert shown == {
        "x-api": "all",
        "x-operation": "yes",
        "x-both": "rule",
        "x-said": "hello",
        "x-number": "1.5",
        "x-fixed": "7",
    }
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["date"] == "Thu, 01 Jan 2026 00:00:00 GMT"


def test_a_header_that_has_no_value_is_left_out(reply: Any) -> None:
    answer = reply()
    assert "x-said" not in answer.headers
    assert answer.json() == {"said": None}


def test_text_is_sent_as_it_is_and_may_be_of_another_kind(reply: Any) -> None:
    answer = reply(kind="text", said="é <b>")
    assert answer.content.decode() == "said: é <b>"
    assert answer.headers["content-type"] == "text/markdown"


@pytest.mark.parametrize("status", [200, 299, 404, 599])
def test_a_status_may_be_computed(reply: Any, status: int) -> None:
    assert reply(kind="status", status=status).status_code == status


def test_a_stream_may_have_a_computed_status(reply: Any) -> None:
    answer = reply(kind="stream", status=202, said="a")
    assert (answer.status_code, answer.content) == (202, b'data: "a"\n\ndata: 1\n\n')


@pytest.mark.parametrize("kind", ["status", "stream"])
@pytest.mark.parametrize("status", [199, 600, "200", True, None, 200.5])
def test_what_is_no_status_is_a_mistake_that_is_told(reply: Any, status: Any, kind: str) -> None:
    answer = reply(kind=kind, status=status)
    assert (answer.status_code, answer.json()["kind"]) == (500, "internal")
    assert "is not a status; expected 200 to 599" in answer.headers["x-emulator-error"]


def test_an_answer_without_body_has_no_kind(reply: Any) -> None:
    answer = reply(kind="none")
    assert (answer.status_code, answer.content) == (204, b"")
    assert "content-type" not in answer.headers


def test_steps_are_done_before_the_reply_is_made(small: Small) -> None:
    assert small(OPERATIONS, MORE).client("small", headers=KEY).post("/order").json() == "11"


@pytest.mark.parametrize("name", ["Bad Header", "X-Evil\\r\\nX", ""])
def test_a_header_that_cannot_be_sent_is_refused_at_load(small: Small, name: str) -> None:
    with pytest.raises(DocumentError):
        small(f"""
          one: {{route: GET /one, rules: [{{reply: {{headers: {{"{name}": x}}, body: 1}}}}]}}
        """)


@pytest.mark.one_worker("several processes leave some numbers out, by which latencies are drawn")
def test_a_scenarios_latency_is_drawn_for_each_reply_and_the_same_again(small: Small) -> None:
    story = "latency: {reply: {uniform: [1s, 5s]}}\n"
    took = []
    for _ in range(2):
        emulated = small("one: {route: GET /one, rules: [{reply: {body: 1}}]}", scenario=story)
        for _ in range(3):
            with Wire(emulated.running.port) as wire:
                wire.send(request("GET", "/one", KEY.items()))
                assert emulated.client("small").get("/nowhere").status_code == 404
                emulated.advance(5)
                assert wire.answer().json() == 1
        took.append([exchange.took for exchange in emulated.exchanges(6) if exchange.path == "/one"])
    assert took[0] == took[1]
    assert len(set(took[0])) == 3
    assert all(1 <= each <= 5 for each in took[0])


LATE = """
say:
  route: POST /say
  rules:
    - {when: {body.kind: own}, reply: {body: {}, headers: {x-left: mine, DATE: then, X-Emulator-Hint: none}}}
    - {when: {body.kind: none}, reply: {body: {}, headers: {X-Left: null, date: null}}}
    - {when: {body.kind: error}, reply: {error: conflict}}
    - {when: {body.kind: computed}, reply: {body: {}, headers: {X-Left: "{{ body.left | default(none) }}"}}}
    - {reply: {body: {}}}
  request: {type: object}
"""
ERRORS = """
limit_headers: {X-Left: "{{ limits.calls.remaining }}"}
errors:
  shape: {}
  kinds:
    conflict: {status: 409, headers: {x-LEFT: 0, Date: null}}
    rate_limited: {status: 429}
    invalid: {status: 400}
    unauthenticated: {status: 401}
    unknown_key: {status: 401}
    revoked: {status: 403}
    not_found: {status: 404}
    method_not_allowed: {status: 405}
    too_large: {status: 413}
    media_type: {status: 415}
    no_rule: {status: 501}
    internal: {status: 500}
"""


@pytest.mark.finding("B2")
@pytest.mark.parametrize(
    ("said", "left", "date"),
    [
        ({"kind": "own"}, ["mine"], ["then"]),
        ({"kind": "none"}, [], []),
        ({"kind": "error"}, ["0"], []),
        ({"kind": "computed", "left": 7}, ["7"], ["Thu, 01 Jan 2026 00:00:00 GMT"]),
        ({"kind": "computed"}, [], ["Thu, 01 Jan 2026 00:00:00 GMT"]),
        ({}, ["999"], ["Thu, 01 Jan 2026 00:00:00 GMT"]),
    ],
)
@pytest.mark.parametrize("fault", [None, "latency=0s", "split=byte"])
def test_a_header_of_a_rule_replaces_the_one_that_is_added_later_and_null_leaves_it_out(
    small: Small, said: dict[str, Any], left: list[str], date: list[str], fault: str | None
) -> None:
    headers = KEY if fault is None else {**KEY, "X-Emulator-Fault": fault}
    answer = small(LATE, ERRORS).client("small").post("/say", json=said, headers=headers)
    assert (answer.headers.get_list("x-left"), answer.headers.get_list("date")) == (left, date)


@pytest.mark.finding("B2")
def test_a_line_of_the_emulator_itself_is_replaced_as_well(small: Small) -> None:
    operations = (
        "say:\n  route: GET /say\n  rules:\n"
        "    - {reply: {body: {}, headers: {x-emulator-provenance: none, Content-Type: null}}}"
    )
    answer = small(operations).client("small").get("/say", headers={**KEY, "X-Emulator-Provenance": "1"})
    assert answer.headers.get_list("x-emulator-provenance") == ["none"]
    assert answer.headers.get_list("content-type") == []
