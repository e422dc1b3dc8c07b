"""The connection: a request is answered the same however its bytes arrive, and what is no request ends it."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.apis.aiexport_calls import PRO
from tests.running import Emulated, Running
from tests.small import KEY, play
from tests.wire import Answer, Wire, request

OPERATIONS = """
echo:
  route: POST /echo
  request: {type: object}
  rules: [{reply: {body: "{{ body }}"}}]
fine:
  route: GET /fine
  rules: [{reply: {body: {fine: true}}}]
stream:
  route: GET /stream
  rules: [{reply: {stream: {events: [{$each: "{{ [1, 2, 3] }}", data: "{{ item }}"}]}}}]
change:
  route: POST /change
  rules:
    - do: [{put: seen, id: "1", record: {id: "1"}}]
      reply: {body: {changed: true}}
paced:
  route: GET /paced
  rules: [{reply: {stream: {pace: {first: 1s}, events: [{$each: "{{ [1] }}", data: "{{ item }}"}]}}}]
large:
  route: GET /large
  rules: [{reply: {text: "{{ 'x' * 900000 }}"}}]
"""
JSON = ("content-type", "application/json")
HEADERS = [*KEY.items(), JSON]
LARGE = b'{"a":"' + b"x" * 200_000 + b'"}'
WHOLE = [
    (request("POST", "/echo", HEADERS, b'{"a":1}'), 200, b'{"a":1}'),
    (request("GET", "/fine", HEADERS), 200, b'{"fine":true}'),
    (
        request("POST", "/echo", [*HEADERS, ("transfer-encoding", "chunked")]) + b'3\r\n{"a\r\n4\r\n":2}\r\n0\r\n\r\n',
        200,
        b'{"a":2}',
    ),
    (request("GET", "/stream", HEADERS), 200, b"data: 1\n\ndata: 2\n\ndata: 3\n\n"),
    (request("POST", "/change", HEADERS), 200, b'{"changed":true}'),
    (request("POST", "/echo", HEADERS, LARGE), 200, LARGE),
    (request("GET", "/nowhere", HEADERS), 404, None),
    (request("POST", "/echo", HEADERS, b"{"), 400, None),
]


@pytest.fixture(scope="module")
def emulated(running: Running, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulated]:
    folder = tmp_path_factory.mktemp("connection")
    emulated = play(running, folder, OPERATIONS, "collections: {tokens: {}, seen: {}}")
    yield emulated
    emulated.close()


@pytest.fixture
def wire(emulated: Emulated) -> Iterator[Wire]:
    emulated.play()
    with Wire(emulated.running.port) as connected:
        yield connected


def right(answer: Answer, status: int, body: bytes | None) -> None:
    assert answer.status == status
    if body is not None:
        assert answer.body == body


@pytest.mark.parametrize("number", [at for at, whole in enumerate(WHOLE) if len(whole[0]) < 1_000])
def test_a_request_may_come_byte_by_byte(wire: Wire, number: int) -> None:
    raw, status, body = WHOLE[number]
    for at in range(len(raw)):
        wire.send(raw[at : at + 1])
    right(wire.answer(), status, body)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(st.lists(st.integers(0, len(WHOLE) - 1), min_size=1, max_size=6), st.lists(st.integers(0, 2_500), max_size=8))
def test_requests_are_answered_in_order_wherever_they_are_cut(
    emulated: Emulated, numbers: list[int], cuts: list[int]
) -> None:
    emulated.play()
    raw = b"".join(WHOLE[number][0] for number in numbers)
    ends = sorted({min(cut, len(raw)) for cut in cuts} | {len(raw)})
    with Wire(emulated.running.port) as wire:
        for begin, end in zip([0, *ends], ends, strict=False):
            wire.send(raw[begin:end])
        for number in numbers:
            right(wire.answer(), *WHOLE[number][1:])


def settle(emulated: Emulated) -> None:
    """Return when the server has read what was sent before."""
    with Wire(emulated.running.port) as other:
        for _ in range(3):
            right(other.ask("GET", "/fine", HEADERS), 200, b'{"fine":true}')


def test_what_a_client_does_not_read_is_not_written_into_memory(emulated: Emulated) -> None:
    """More than sockets hold: the answers after that wait until the client reads."""
    emulated.play()
    emulated.forget()
    before = len(emulated.noted.entered)
    with Wire(emulated.running.port) as wire:
        wire.send(request("GET", "/large", HEADERS) * 40)
        settle(emulated)
        assert len(emulated.noted.entered) - before < 30
        for _ in range(40):
            assert len(wire.answer().body) == 900_000
    emulated.entered(before + 43)
    assert len(emulated.noted.entered) - before == 43


def test_a_request_begins_with_its_head_however_late_its_body_comes(emulated: Emulated, wire: Wire) -> None:
    raw = request("POST", "/echo", HEADERS, b'{"n":1}')
    emulated.forget()
    begun = emulated.clock.now()
    wire.send(raw[:-3])
    settle(emulated)
    emulated.advance(5)
    wire.send(raw[-3:])
    right(wire.answer(), 200, b'{"n":1}')
    assert [(each.at, each.took) for each in emulated.exchanges(4) if each.path == "/echo"] == [(begun, 5.0)]


def test_nothing_is_answered_after_an_answer_that_closes_the_connection(emulated: Emulated) -> None:
    emulated.play()
    emulated.forget()
    with Wire(emulated.running.port) as wire:
        wire.send(
            request("GET", "/fine", [*HEADERS, ("connection", "close")]) + request("POST", "/echo", HEADERS, b"{}")
        )
        right(wire.answer(), 200, b'{"fine":true}')
        assert wire.ended
    assert [exchange.path for exchange in emulated.exchanges(1)] == ["/fine"]


@pytest.fixture
def impatient(tmp_path: Path) -> Iterator[Emulated]:
    """An emulator on a server that closes idle connections soon."""
    server = Running(keep_alive=0.5)
    emulated = play(server, tmp_path, OPERATIONS, "collections: {tokens: {}, seen: {}}")
    yield emulated
    emulated.close()
    server.stop()


@pytest.mark.parametrize("number", [1, 4])
def test_an_idle_connection_is_closed_and_one_with_an_open_answer_is_not(impatient: Emulated, number: int) -> None:
    raw, status, body = WHOLE[number]
    with Wire(impatient.running.port) as open_:
        open_.send(raw + request("GET", "/paced", HEADERS))  # at once: between the two it would be idle
        right(open_.answer(), status, body)
        assert open_.head()[0] == 200
        with Wire(impatient.running.port) as idle:
            idle.send(raw)
            right(idle.answer(), status, body)
            assert idle.ended
        impatient.advance(1)
        assert (open_.chunk(), open_.chunk()) == (b"data: 1\n\n", b"")
        assert open_.ended


def test_what_follows_a_paced_stream_waits_for_its_end(emulated: Emulated, wire: Wire) -> None:
    wire.send(
        request("GET", "/paced", HEADERS) + request("POST", "/echo", HEADERS, b"{}") + request("GET", "/fine", HEADERS)
    )
    assert wire.head()[0] == 200
    emulated.advance(1)
    assert wire.chunk() == b"data: 1\n\n"
    assert wire.chunk() == b""
    right(wire.answer(), 200, b"{}")
    right(wire.answer(), 200, b'{"fine":true}')


@pytest.mark.bound("head of a request")
@pytest.mark.parametrize("rest", [b"", b"ab"])
@pytest.mark.parametrize(
    "line",
    [
        b"POST /" + b"a" * 70_000 + b" HTTP/1.1",
        b"POST /caf\xc3\xa9 HTTP/1.1",
        b"POST /\xff HTTP/1.1",
        b"POST //:x HTTP/1.1",
        b"POST http://x#y HTTP/1.1",
    ],
)
def test_a_target_that_cannot_be_read_is_turned_away_whether_its_body_is_there_or_not(
    wire: Wire, emulated: Emulated, line: bytes, rest: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    wire.send(line + b"\r\nHost: x\r\nX-Key: key-of-ann\r\nContent-Length: 2\r\n\r\n" + rest)
    if b"//:x" in line or b"//x" in line:
        wire.send(b"ab"[len(rest) :])
    assert wire.answer().status in (400, 404, 414)
    assert emulated.client("small", headers=KEY).get("/fine").status_code == 200
    assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []


@pytest.mark.parametrize(
    "head",
    [
        b"GET /fine HTTP/1.1\r\nHost: x\r\nX-Long: " + b"y" * 5_000_000,
        b"GET /fine HTTP/1.1\r\nHost: x\r\n" + b"".join(b"X-%d: y\r\n" % number for number in range(300_000)),
        b"GET /" + b"a" * 5_000_000,
        b"X" * 5_000_000,
    ],
    ids=["value", "number", "target", "method"],
)
def test_a_head_without_end_is_cut_off(wire: Wire, emulated: Emulated, head: bytes) -> None:
    """It would otherwise be kept, however long it grows."""
    try:
        wire.send(head)
        assert wire.answer().status == 400
        assert wire.ended
    except ConnectionError:
        pass  # the server was done with it before all was sent
    assert emulated.client("small", headers=KEY).get("/fine").status_code == 200


def test_a_head_of_sixty_kilobytes_is_read(wire: Wire) -> None:
    lines = [*HEADERS, *((f"x-{number}", "y" * 1_000) for number in range(60))]
    right(wire.ask("GET", "/fine", lines), 200, b'{"fine":true}')


def test_connection_close_is_kept_to_on_every_way(emulated: Emulated) -> None:
    emulated.play()
    for raw, status, body in WHOLE:
        with Wire(emulated.running.port) as wire:
            wire.send(raw.replace(b"\r\n", b"\r\nConnection: close\r\n", 1))
            answer = wire.answer()
            right(answer, status, body)
            assert answer.header("connection") == "close"
            assert wire.ended


def test_a_second_head_may_begin_in_the_same_packet_as_a_body_ends(wire: Wire) -> None:
    first, second = request("POST", "/echo", HEADERS, b'{"n":1}'), request("POST", "/echo", HEADERS, b'{"n":2}')
    wire.send(first[:-3])
    wire.send(first[-3:] + second[:20])
    right(wire.answer(), 200, b'{"n":1}')
    wire.send(second[20:])
    right(wire.answer(), 200, b'{"n":2}')


def test_a_client_that_only_connects_and_goes_leaves_nothing(emulated: Emulated) -> None:
    emulated.play()
    emulated.forget()
    for data in (b"", b"G", b"GET /fine HTTP/1.1\r\n", b"\r\n\r\n"):
        with Wire(emulated.running.port) as wire:
            wire.send(data)
            wire.leave()
    with Wire(emulated.running.port) as wire:
        right(wire.ask("GET", "/fine", HEADERS), 200, b'{"fine":true}')
    emulated.exchanges(1)


def test_a_real_request_in_two_packets_is_charged_once(emulator: Emulated) -> None:
    body = b'{"model":"apex-haiku-4-20250401","messages":[{"role":"user","content":"Hi"}]}'
    raw = request("POST", "/v2/messages", [("x-api-key", PRO), JSON], body)
    with Wire(emulator.running.port) as wire:
        wire.send(raw[:-10])
        wire.send(raw[-10:])
        assert wire.answer().status == 200
    assert len(emulator.exchanges(1)) == 1
