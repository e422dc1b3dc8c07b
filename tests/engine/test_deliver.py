"""Delivering: when what leaves, and what is noted of a client that goes before the end."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from emulator.clock.world_clock import manual
from emulator.engine.deliver import deliver
from emulator.http.exchange import Exchange
from emulator.http.reply import Frame, Reply
from tests.apis.aiexport_calls import PRO, asking
from tests.running import Emulated, Running
from tests.small import KEY, Small, play
from tests.wire import Wire, request

OPERATIONS = """
slow:
  route: GET /slow
  rules: [{fault: {latency: 5s}, reply: {body: {slow: true}}}]
slow_error:
  route: GET /slow_error
  rules: [{fault: {latency: 5s}, reply: {error: conflict}}]
slow_stream:
  route: GET /slow_stream
  rules: [{fault: {latency: 5s}, reply: {stream: {events: [{data: 1}, {data: 2}]}}}]
paced:
  route: GET /paced
  rules:
    - reply:
        stream:
          pace: {first: 1s, each: 1s}
          events: [{event: begin, data: 0}, {$each: "{{ [1, 2, 3, 4] }}", data: "{{ item }}"}, {event: end, data: 5}]
together:
  route: GET /together
  rules:
    - reply: {stream: {pace: {first: 1s}, events: [{$each: "{{ [1, 2, 3] }}", data: "{{ item }}"}]}}
empty:
  route: GET /empty
  rules: [{reply: {stream: {events: [{$if: "{{ query.never is defined }}", data: 1}]}}}]
nothing:
  route: GET /nothing
  rules: [{reply: {status: 204}}]
nothing_said:
  route: GET /nothing_said
  rules: [{reply: {status: "{{ query.status | int }}", body: {said: nothing}}}]
nothing_streamed:
  route: GET /nothing_streamed
  rules: [{reply: {status: 204, stream: {pace: {first: 1s}, events: [{$each: "{{ [1] }}", data: 1}]}}}]
text:
  route: GET /text
  rules: [{reply: {text: "é{{ query.n }}"}}]
bare:
  route: GET /bare
  rules: [{reply: {status: 202}}]
large:
  route: GET /large
  rules: [{reply: {body: "{{ 'x' * 900000 }}"}}]
heavy:
  route: GET /heavy
  rules:
    - reply:
        stream:
          pace: {each: 1s}
          events: [{$each: "{{ range(60) | list }}", data: {n: "{{ item }}", x: "{{ 'x' * 500000 }}"}}]
fine:
  route: GET /fine
  rules: [{reply: {body: {fine: true}}}]
"""


@pytest.fixture
def emulated(small: Small) -> Emulated:
    return small(OPERATIONS)


def begin(wire: Wire, path: str) -> None:
    wire.send(request("GET", path, KEY.items()))


@contextmanager
def asked(emulated: Emulated, path: str) -> Iterator[Wire]:
    """A connection on which this was asked for."""
    with Wire(emulated.running.port) as wire:
        begin(wire, path)
        yield wire


def last(emulated: Emulated, count: int) -> Exchange:
    return emulated.exchanges(count)[-1]


def test_a_delayed_answer_comes_when_it_is_due(emulated: Emulated) -> None:
    for path, status in (("/slow", 200), ("/slow_error", 409)):
        with asked(emulated, path) as wire:
            assert emulated.client("small", headers=KEY).get("/fine").status_code == 200
            emulated.advance(5)
            assert wire.answer().status == status
    slow, error = (exchange for exchange in emulated.exchanges(4) if exchange.path.startswith("/slow"))
    assert (slow.outcome, slow.took, slow.sent_bytes) == ("complete", 5.0, len(b'{"slow":true}'))
    assert (error.outcome, error.took) == ("complete", 5.0)


def test_a_delayed_stream_begins_when_it_is_due(emulated: Emulated) -> None:
    with asked(emulated, "/slow_stream") as wire:
        assert emulated.client("small", headers=KEY).get("/fine").status_code == 200
        emulated.advance(5)
        assert wire.answer().body == b"data: 1\n\ndata: 2\n\n"


def test_events_that_are_due_together_leave_in_one_write(emulated: Emulated) -> None:
    with asked(emulated, "/together") as wire:
        wire.head()
        emulated.advance(1)
        assert wire.chunk() == b"data: 1\n\ndata: 2\n\ndata: 3\n\n"
        assert wire.chunk() == b""


def test_events_that_have_fallen_due_meanwhile_leave_at_once_and_in_order(emulated: Emulated) -> None:
    with asked(emulated, "/paced") as wire:
        wire.head()
        emulated.advance(60)
        assert wire.chunk() == b"event: begin\ndata: 0\n\n"
        rest = b"".join(iter(wire.chunk, b""))
    assert rest == b"data: 1\n\ndata: 2\n\ndata: 3\n\ndata: 4\n\nevent: end\ndata: 5\n\n"
    assert last(emulated, 1).outcome == "complete"


@pytest.mark.parametrize("goodbye", ["leave", "close"])
def test_a_client_that_leaves_in_the_middle_of_a_stream_is_noted_with_what_it_had(
    emulated: Emulated, goodbye: str, caplog: pytest.LogCaptureFixture
) -> None:
    with asked(emulated, "/paced") as wire:
        wire.head()
        had = wire.chunk()
        emulated.advance(2)
        had += wire.chunk() + wire.chunk()
        getattr(wire, goodbye)()
        exchange = last(emulated, 1)  # though the clock stands still and the next event is never due
    assert (exchange.outcome, exchange.sent_events, exchange.sent_bytes) == ("left", 3, len(had))
    assert exchange.took == 2.0
    assert emulated.clock.pending() == []
    assert emulated.client("small", headers=KEY).get("/fine").status_code == 200
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []


def test_a_client_that_leaves_before_a_delayed_answer_is_noted(emulated: Emulated) -> None:
    with asked(emulated, "/slow") as wire:
        assert emulated.client("small", headers=KEY).get("/fine").status_code == 200
        wire.leave()
    exchange = next(each for each in emulated.exchanges(2) if each.path == "/slow")
    assert (exchange.outcome, exchange.sent_bytes, exchange.took) == ("left", 0, 0.0)
    assert emulated.clock.pending() == []


def test_many_clients_that_leave_at_once_leave_nothing_behind(emulated: Emulated) -> None:
    wires = [Wire(emulated.running.port) for _ in range(50)]
    for wire in wires:
        begin(wire, "/paced")
        wire.head()
    for wire in wires:
        wire.leave()
    assert {exchange.outcome for exchange in emulated.exchanges(50)} == {"left"}
    assert emulated.clock.pending() == []


def test_a_client_that_does_not_read_holds_up_nobody(emulated: Emulated) -> None:
    with Wire(emulated.running.port) as wire:
        for _ in range(30):
            begin(wire, "/large")
        assert emulated.client("small", headers=KEY).get("/fine").status_code == 200
        bodies = [wire.answer().body for _ in range(30)]
    assert {len(body) for body in bodies} == {900_002}


def test_a_client_that_does_not_read_its_stream_gets_all_of_it_when_it_does(emulated: Emulated) -> None:
    with asked(emulated, "/heavy") as wire:
        wire.head()
        emulated.advance(60)
        chunks = list(iter(wire.chunk, b""))
    numbers = [json.loads(event.removeprefix(b"data: "))["n"] for event in b"".join(chunks).split(b"\n\n")[:-1]]
    assert numbers == list(range(60))
    exchange = last(emulated, 1)
    assert (exchange.outcome, exchange.sent_events) == ("complete", 60)
    assert exchange.sent_bytes == sum(map(len, chunks))


def test_a_stream_that_is_not_read_is_not_written_into_memory(emulated: Emulated) -> None:
    with asked(emulated, "/heavy") as wire:
        wire.head()
        emulated.advance(60)
        wire.leave()
        exchange = last(emulated, 1)
    assert exchange.outcome == "left"
    assert 0 < exchange.sent_events < 60
    assert emulated.clock.pending() == []


def test_a_server_that_offers_no_way_to_write_chunks_is_sent_each_event_when_it_is_due() -> None:
    sent: list[tuple[float, bytes]] = []
    exchange = Exchange(1, 0.0, "GET", "/", "")

    async def story() -> None:
        clock = manual(0)

        async def receive() -> Any:
            await asyncio.Event().wait()

        async def send(message: Any) -> None:
            sent.append((clock.now(), message.get("body", b"")))

        reply = Reply(200, [])
        reply.frames = [Frame(0.0, b"a"), Frame(1.0, b"b"), Frame(1.0, b"c"), Frame(2.5, b"d")]
        task = asyncio.create_task(deliver(reply, exchange, clock, {}, receive, send))
        await clock.advance(5)
        await task

    asyncio.run(story())
    assert sent == [(0.0, b""), (0.0, b"a"), (1.0, b"bc"), (2.5, b"d"), (2.5, b"")]
    assert (exchange.outcome, exchange.sent_events, exchange.sent_bytes) == ("complete", 4, 4)


@pytest.mark.parametrize(
    "path", ["/nothing", "/nothing_said?status=204", "/nothing_said?status=304", "/nothing_streamed"]
)
def test_an_answer_without_body_is_followed_by_the_next_one(emulated: Emulated, path: str) -> None:
    with Wire(emulated.running.port) as wire:
        wire.send(request("GET", path, KEY.items()) + request("GET", "/fine", KEY.items()))
        answer = wire.answer()
        assert answer.status in (204, 304)
        assert answer.header("content-length") is None
        assert wire.answer().json() == {"fine": True}
    assert emulated.exchanges(2)[0].sent_bytes == 0


def test_a_stream_without_events_and_a_reply_without_body_are_whole_answers(emulated: Emulated) -> None:
    with Wire(emulated.running.port) as wire:
        for path, status in (("/empty", 200), ("/bare", 202)):
            answer = wire.ask("GET", path, KEY.items())
            assert (answer.status, answer.body) == (status, b"")
        answer = wire.ask("GET", "/text?n=1", KEY.items())
        assert (answer.body.decode(), answer.header("content-type")) == ("é1", "text/plain; charset=utf-8")
        assert answer.header("content-length") == "3"


def test_an_old_client_gets_a_stream_without_chunks(emulated: Emulated) -> None:
    """HTTP/1.0 knows no chunks: the end of the connection is the end of the stream."""
    with Wire(emulated.running.port) as wire:
        wire.send(b"GET /together HTTP/1.0\r\nX-Key: key-of-ann\r\n\r\n")
        status, headers = wire.head()
        emulated.advance(1)
        assert status == 200
        assert dict(headers)["connection"] == "close"


@pytest.mark.scenario("realistic-latency")
def test_a_client_of_a_real_stream_that_leaves_is_noted(emulator: Emulated) -> None:
    headers = [("x-api-key", PRO), ("content-type", "application/json")]
    body = emulator.client("aiexport").build_request("POST", "/", json=asking()).content
    with Wire(emulator.running.port) as wire:
        wire.send(request("POST", "/v2/messages/stream", headers, body))
        wire.head()
        assert wire.chunk().startswith(b"event: message_start\n")
        wire.leave()
    (exchange,) = emulator.exchanges(1)
    assert (exchange.outcome, exchange.sent_events, exchange.status) == ("left", 2, 200)
    assert exchange.operation == "messages.stream"


def test_a_stream_that_the_server_stops_is_noted_as_stopped(tmp_path: Path) -> None:
    running = Running()
    emulated = play(running, tmp_path, OPERATIONS)
    with Wire(running.port) as wire:
        begin(wire, "/paced")
        wire.head()
        assert wire.chunk() == b"event: begin\ndata: 0\n\n"
        running.stop()
    (exchange,) = emulated.exchanges(1)
    assert (exchange.outcome, exchange.sent_events) == ("stopped", 1)
