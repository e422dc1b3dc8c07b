"""Streams: the bytes of events, judged by another library's encoder, and when each event is due."""

from __future__ import annotations

import json
import subprocess
import sys
from base64 import b64decode
from functools import cache
from random import Random
from textwrap import dedent
from typing import Any

import pytest

from emulator.app import LANGUAGE, load
from emulator.errors import DocumentError, Location
from emulator.language.expressions.template import Template, compile_tree
from emulator.playbook.model import EventPlan
from tests.apis.aiexport_calls import PRO, asking, caller
from tests.apis.aixplain_calls import DEMO, STREAMING_LLM
from tests.running import Emulated
from tests.small import KEY, Small
from tests.wire import Wire, request

# Importing sse_starlette changes how uvicorn exits, so it is asked in a process of its own.
JUDGE = """
import base64, json, sys
from sse_starlette.event import ServerSentEvent
for line in sys.stdin:
    given = json.loads(line)
    event = ServerSentEvent(given["data"], event=given["event"], id=given["id"], sep="\\n")
    print(base64.b64encode(event.encode()).decode())
"""
TEXTS = [
    "",
    " ",
    "a",
    " leading",
    "a\nb",
    "a\r\nb\rc\n",
    "\n",
    "\r\n\r\n",
    "data: x",
    "é😀",
    "\u2028\u2029\x85",
    "\0",
    "🎉" * 40,
]


def judged(cases: list[dict[str, Any]]) -> list[bytes]:
    """Each event as sse-starlette writes it."""
    lines = "".join(json.dumps(case) + "\n" for case in cases)
    done = subprocess.run([sys.executable, "-c", JUDGE], input=lines, capture_output=True, text=True, check=True)
    return [b64decode(line) for line in done.stdout.splitlines()]


@cache
def template(name: str) -> Template:
    return compile_tree(f"{{{{ {name} }}}}", LANGUAGE, lambda path: Location("test", 1, 1))


def encoded(event: str | None, id: str | None, data: Any = None, text: str | None = None) -> bytes:
    plan = EventPlan(
        lead=b"" if event is None else b"event: " + event.encode() + b"\n",
        each=None,
        bind="item",
        when=None,
        id=None if id is None else template("id"),
        data=None if text is not None else template("data"),
        text=None if text is None else template("text"),
    )
    (frame,) = plan.frames.single({"id": id, "data": data, "text": text})
    return frame


def test_the_bytes_are_those_of_another_librarys_encoder() -> None:
    chance = Random(0)
    letters = "ab \n\r\té:\0\u2028😀"
    texts = TEXTS + ["".join(chance.choices(letters, k=chance.randrange(12))) for _ in range(200)]
    cases = [
        {
            "data": text,
            "event": chance.choice([None, "", "message", "content_block_delta", "é: x"]),
            "id": chance.choice([None, "", "7", " 7 ", "a\nb\r\nc\rd", text]),
        }
        for text in texts
    ]
    for case, expected in zip(cases, judged(cases), strict=True):
        assert encoded(case["event"], case["id"], text=case["data"]) == expected


def test_json_never_breaks_a_line() -> None:
    values: list[Any] = [{"text": text, text: [text]} for text in TEXTS] + [None, True, 1.5, [], {}, "x"]
    cases = [{"data": json.dumps(value), "event": "e", "id": None} for value in values]
    for value, expected in zip(values, judged(cases), strict=True):
        data = encoded("e", None, data=value)
        assert data.count(b"\n") == expected.count(b"\n") == 3
        assert json.loads(data.split(b"\n")[1].removeprefix(b"data: ")) == value


@pytest.mark.parametrize("name", ["a\nb", "a\rb", "x\r\ndata: injected"])
def test_a_name_that_breaks_the_line_is_refused_at_load(small: Small, name: str) -> None:
    with pytest.raises(DocumentError, match="found the text"):
        small(f"""
          one:
            route: GET /one
            rules: [{{reply: {{stream: {{events: [{{event: {json.dumps(name)}, data: 1}}]}}}}}}]
        """)


def test_real_streams_are_bytes_that_the_other_encoder_makes_of_their_events(emulator: Emulated) -> None:
    messages = caller(emulator, PRO).post("/messages/stream", json=asking("Naïve 😀 café?\r\n\u2028")).content
    path = f"/api/v2/execute/{STREAMING_LLM}"
    chunks = emulator.client("aixplain", headers={"x-api-key": DEMO}).post(path, json={"text": "é?", "stream": True})
    for raw in (messages, chunks.content):
        events = raw.decode().removesuffix("\n\n").split("\n\n")
        cases = []
        for event in events:
            fields = dict(line.split(": ", 1) for line in event.split("\n"))
            cases.append({"data": fields["data"], "event": fields.get("event"), "id": None})
        assert b"".join(judged(cases)) == raw


PACED = """
one:
  route: GET /one
  rules:
    - reply:
        stream:
          pace: {first: 2s, each: 500ms}
          events:
            - {event: begin, data: {}}
            - {$each: "{{ ['a', 'b', 'c'] }}", as: letter, data: "{{ letter }}"}
            - {event: never, $if: "{{ query.end is not defined }}", data: {}}
            - {event: end, $if: "{{ query.end is defined }}", data: "{{ letter }}"}
            - {$each: "{{ [1, 2] }}", text: "n{{ item }}"}
"""


def assert_comes(wire: Wire, emulator: Emulated, *chunks: tuple[float, bytes]) -> None:
    """A stream of these chunks, each after so many more seconds of the clock, and then its end."""
    assert wire.head()[0] == 200
    for wait, expected in chunks:
        if wait:
            emulator.advance(wait)
        assert wire.chunk() == expected
    assert wire.chunk() == b""


def test_paced_events_are_due_one_after_the_other_and_the_rest_with_them(small: Small) -> None:
    """The first of the paced events waits for `first`, later ones for `each`; the others leave with those before."""
    emulator = small(PACED)
    with Wire(emulator.running.port) as wire:
        wire.send(request("GET", "/one?end=1", KEY.items()))
        assert_comes(
            wire,
            emulator,
            (0, b"event: begin\ndata: {}\n\n"),
            (2, b'data: "a"\n\n'),
            (0.5, b'data: "b"\n\n'),
            (0.5, b'data: "c"\n\nevent: end\ndata: "c"\n\n'),
            (0.5, b"data: n1\n\n"),
            (0.5, b"data: n2\n\n"),
        )
    (exchange,) = emulator.exchanges(1)
    assert (exchange.sent_events, exchange.outcome, exchange.took) == (7, "complete", 4.0)


WAITING = """
one:
  route: GET /one
  rules:
    - reply:
        stream:
          events:
            - {data: 0}
            - {wait: 35ms, data: 1}
            - {data: 2}
            - {wait: 9s, $if: "{{ query.end is defined }}", data: never}
            - {wait: 2s, event: late, text: "3"}
            - {$each: "{{ [4, 5] }}", wait: 1s, data: "{{ item }}"}
            - {wait: {uniform: [500ms, 500ms]}, data: 6}
"""


def test_an_event_waits_as_long_as_it_says_itself(small: Small) -> None:
    emulator = small(WAITING)
    with Wire(emulator.running.port) as wire:
        wire.send(request("GET", "/one", KEY.items()))
        assert_comes(
            wire,
            emulator,
            (0, b"data: 0\n\n"),
            (0.035, b"data: 1\n\ndata: 2\n\n"),
            (2, b"event: late\ndata: 3\n\n"),
            (1, b"data: 4\n\n"),
            (1, b"data: 5\n\n"),
            (0.5, b"data: 6\n\n"),
        )
    (exchange,) = emulator.exchanges(1)
    assert (exchange.sent_events, exchange.outcome, round(exchange.took, 6)) == (7, "complete", 4.535)


def test_a_wait_that_is_no_latency_is_refused_at_load(small: Small) -> None:
    with pytest.raises(DocumentError, match="expected a duration such as '340ms'"):
        small("one: {route: GET /one, rules: [{reply: {stream: {events: [{wait: soon, data: 1}]}}}]}")


PICKED = """
one:
  route: GET /one
  rules:
    - when: {query.slow: {present: true}}
      reply:
        stream:
          pace: {first: 2s, each: 500ms}
          events:
            - {$each: "{{ [1, 2, 3, 4] }}", as: n, $if: "{{ n % 2 == 0 }}", data: "{{ n }}"}
            - {$each: "{{ [1, 2, 3] }}", $if: "{{ item > 2 }}", id: "{{ item }}", text: "n{{ item }}"}
            - {$each: "{{ [1, 2] }}", $if: "{{ false }}", text: never}
    - reply: {stream: {events: [
        {$each: "{{ [1, 2, 3, 4] }}", as: n, $if: "{{ n % 2 == 0 }}", data: "{{ n }}"},
        {$each: "{{ [1, 2, 3] }}", $if: "{{ item > 2 }}", id: "{{ item }}", text: "n{{ item }}"},
        {$each: "{{ [1, 2] }}", $if: "{{ false }}", text: never}]}}
"""


def test_a_condition_beside_each_is_asked_for_every_item(small: Small) -> None:
    emulator = small(PICKED)
    answer = emulator.client("small", headers=KEY).get("/one")
    assert answer.content == b"data: 2\n\ndata: 4\n\nid: 3\ndata: n3\n\n"
    (exchange,) = emulator.exchanges(1)
    assert exchange.sent_events == 3


def test_an_item_that_is_passed_over_takes_no_time(small: Small) -> None:
    emulator = small(PICKED)
    with Wire(emulator.running.port) as wire:
        wire.send(request("GET", "/one?slow=1", KEY.items()))
        assert wire.head()[0] == 200
        for wait, expected in ((2, b"data: 2\n\n"), (0.5, b"data: 4\n\n"), (0.5, b"id: 3\ndata: n3\n\n")):
            emulator.advance(wait)
            assert wire.chunk() == expected
        assert wire.chunk() == b""


def test_without_delays_a_stream_is_one_write(emulator: Emulated) -> None:
    answer = caller(emulator, PRO).post("/messages/stream", json=asking())
    (exchange,) = emulator.exchanges(1)
    assert exchange.sent_events == answer.content.count(b"\n\n")
    assert exchange.sent_bytes == len(answer.content)
    assert exchange.reply_body == answer.content


def test_default_plays_no_latency() -> None:
    playbook = load(("default",))
    assert playbook.latency.first_token is None


@pytest.mark.finding("A8")
def test_a_stream_tells_proxies_not_to_buffer_it_unless_its_rule_says_otherwise(small: Small) -> None:
    operations = """
    plain:
      route: GET /plain
      rules: [{reply: {stream: {events: [{data: 1}]}}}]
    own:
      route: GET /own
      rules: [{reply: {headers: {X-Accel-Buffering: null}, stream: {events: [{data: 1}]}}}]
    body:
      route: GET /body
      rules: [{reply: {body: {}}}]
    """
    client = small(dedent(operations)).client("small", headers=KEY)
    seen = [client.get(path).headers.get("x-accel-buffering") for path in ("/plain", "/own", "/body")]
    assert seen == ["no", None, None]
