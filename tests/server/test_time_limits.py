"""Connections that wait too long for a client: idle ones are closed, heads and bodies that do not come are refused."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from emulator.server.http_server import KEEP_ALIVE, Server
from emulator.server.known_heads import MAX_BUFFERED
from emulator.server.protocol import HttpProtocol
from tests.running import Emulated, Running
from tests.secure import SecureRunning, SecureWire, TunnelWire
from tests.small import KEY, play
from tests.wire import Wire, request

LIMIT = 60.0
HEAD = request("POST", "/echo", [*KEY.items(), ("content-type", "application/json")], b'{"n":1}')[:-7]
CHUNKED = request("POST", "/echo", [*KEY.items(), ("transfer-encoding", "chunked")])
LARGE = request("POST", "/echo", KEY.items(), b"x" * 1_000_000)


class Loop:
    """A loop whose time moves by hand, and whose tasks never run."""

    def __init__(self) -> None:
        self.now = 0.0
        self._timers: list[Timer] = []

    def time(self) -> float:
        return self.now

    def call_later(self, delay: float, callback: Callable[[], None]) -> Timer:
        timer = Timer(self.now + delay, callback)
        self._timers.append(timer)
        return timer

    def create_task(self, work: Any) -> Any:
        work.close()
        return self

    def add_done_callback(self, callback: object) -> None:
        """It is never done."""

    def advance(self, seconds: float) -> None:
        end = self.now + seconds
        while due := [each for each in self._timers if each.live and each.due <= end]:
            timer = min(due, key=lambda each: each.due)
            self.now, timer.live = timer.due, False
            timer.callback()
        self.now = end


class Timer:
    """One call of such a loop."""

    def __init__(self, due: float, callback: Callable[[], None]) -> None:
        self.due, self.callback, self.live = due, callback, True

    def cancel(self) -> None:
        self.live = False


class Transport:
    """A socket that notes what is written to it, and when it is closed."""

    def __init__(self, loop: Loop) -> None:
        self._loop = loop
        self.written = b""
        self.closed_at: float | None = None

    def write(self, data: bytes) -> None:
        assert self.closed_at is None
        self.written += data

    def close(self) -> None:
        self.closed_at = self._loop.now if self.closed_at is None else self.closed_at

    def is_closing(self) -> bool:
        return self.closed_at is not None

    def get_extra_info(self, name: str) -> None:
        return None

    def pause_reading(self) -> None:
        """Nothing is read but what tests pass on."""

    resume_reading = pause_reading


class Connected:
    """A connection whose application never reads a body and never responds, at a time that moves by hand."""

    def __init__(self, read_timeout: float = LIMIT) -> None:
        server = Server(self.app, read_timeout=read_timeout)
        server.config.load()
        self.loop = Loop()
        self.transport = Transport(self.loop)
        self.protocol = HttpProtocol(server.config, server.server_state, {}, self.loop)  # type: ignore[arg-type]
        self.protocol.connection_made(self.transport)  # type: ignore[arg-type]
        self.send = self.protocol.data_received
        self.advance = self.loop.advance

    async def app(self, scope: object, receive: object, send: object) -> None:
        """Tasks do not run."""

    def respond(self) -> None:
        """Ends the response in progress."""
        self.protocol.cycle.response_started = self.protocol.cycle.response_complete = True
        self.protocol.on_response_complete()

    @property
    def refused_at(self) -> float | None:
        """When the connection was closed with a 408, if it was."""
        return self.transport.closed_at if self.transport.written.startswith(b"HTTP/1.1 408 ") else None


@pytest.fixture
def connected() -> Connected:
    return Connected()


# ------------------------------------------------------------------ heads


@pytest.mark.bound("head of a request")
@pytest.mark.finding("A6")
@pytest.mark.parametrize("wait", [0.0, 30.0, 74.0])
def test_a_head_has_the_limit_from_its_first_byte_however_it_drips(connected: Connected, wait: float) -> None:
    connected.advance(wait)
    for at in range(59):
        connected.send(HEAD[at : at + 1])
        connected.advance(1.0)
    assert connected.transport.closed_at is None
    connected.advance(100.0)
    assert connected.refused_at == wait + LIMIT
    assert b"\r\nconnection: close\r\n" in connected.transport.written
    assert connected.transport.written.endswith(b"\r\n\r\nthe head of the request did not come within 60 s\n")


@pytest.mark.finding("A6")
def test_the_head_of_a_later_request_has_the_limit_too(connected: Connected) -> None:
    for _ in range(3):
        connected.send(request("GET", "/a"))
        connected.advance(50.0)
        connected.respond()
        connected.advance(50.0)
    connected.send(b"GE")
    connected.advance(1_000.0)
    assert connected.refused_at == 300.0 + LIMIT


@pytest.mark.finding("A6")
def test_a_head_is_not_late_while_the_response_before_it_is_in_progress(connected: Connected) -> None:
    connected.send(request("GET", "/a") + b"GET /b")
    connected.advance(1_000.0)
    assert connected.transport.closed_at is None
    connected.respond()
    connected.advance(1_000.0)
    assert connected.refused_at == 1_000.0 + LIMIT


# ------------------------------------------------------------------ bodies


@pytest.mark.bound("pause in a body")
@pytest.mark.finding("A6")
@pytest.mark.parametrize(
    ("begun", "since"),
    [
        (HEAD, 20.0),
        (HEAD.replace(b"HTTP/1.1", b"HTTP/1.0"), 20.0),
        (HEAD + b'{"n"', 20.0),
        (LARGE[:40_000], 20.0),
        (CHUNKED, 20.0),
        (CHUNKED + b"7\r\n", 0.0),
        (CHUNKED + b'7\r\n{"n":1}\r\n0\r\nX-Trailer: ', 0.0),
    ],
)
def test_a_body_that_stalls_is_refused_after_the_limit(connected: Connected, begun: bytes, since: float) -> None:
    """Its size and its trailers are no part of it: the limit counts from what it says itself, or from the head."""
    connected.send(begun[:-1])
    connected.advance(20.0)
    connected.send(begun[-1:])
    connected.advance(1_000.0)
    assert connected.refused_at == since + LIMIT
    assert connected.transport.written.endswith(b"\r\n\r\nthe body of the request did not come within 60 s\n")


@pytest.mark.finding("A6")
def test_a_body_that_goes_on_is_never_late(connected: Connected) -> None:
    connected.send(LARGE[:-1_000])
    connected.protocol.flow.resume_reading()
    for at in range(-1_000, -1):
        connected.advance(LIMIT - 1)
        connected.send(LARGE[at : at + 1])
        connected.protocol.flow.resume_reading()
        connected.protocol.cycle.body.clear()
    assert connected.transport.closed_at is None


@pytest.mark.finding("A6")
def test_a_body_is_not_late_while_the_server_has_paused_reading(connected: Connected) -> None:
    connected.send(LARGE[: 2 * MAX_BUFFERED])
    assert connected.protocol.flow.read_paused
    connected.advance(1_000.0)
    assert connected.transport.closed_at is None
    connected.protocol.flow.resume_reading()
    connected.advance(1_000.0)
    assert connected.refused_at is not None
    assert LIMIT <= connected.refused_at - 1_000.0 <= 2 * LIMIT


@pytest.mark.finding("A6")
def test_the_body_of_a_pipelined_request_is_not_late_before_its_turn(connected: Connected) -> None:
    connected.send(request("GET", "/a"))
    first = connected.protocol.cycle
    connected.send(HEAD)
    connected.advance(1_000.0)
    assert connected.transport.closed_at is None
    first.response_complete = True
    connected.protocol.on_response_complete()
    connected.advance(1_000.0)
    assert connected.refused_at is not None
    assert LIMIT <= connected.refused_at - 1_000.0 <= 2 * LIMIT


@pytest.mark.finding("A6")
def test_the_rest_of_a_body_after_its_response_is_not_refused_again(connected: Connected) -> None:
    connected.send(HEAD)
    connected.respond()
    connected.advance(1_000.0)
    assert (connected.transport.closed_at, connected.transport.written) == (LIMIT, b"")


@pytest.mark.finding("A6")
def test_a_stalled_body_whose_response_has_begun_is_cut_off(connected: Connected) -> None:
    connected.send(HEAD)
    connected.protocol.cycle.response_started = True
    connected.advance(1_000.0)
    assert (connected.transport.closed_at, connected.transport.written) == (LIMIT, b"")


def test_a_response_may_take_any_time(connected: Connected) -> None:
    connected.send(HEAD + b'{"n":1}')
    connected.advance(100_000.0)
    assert connected.transport.closed_at is None


def test_without_a_limit_a_request_may_take_any_time() -> None:
    for begun in (b"GET", HEAD):
        connected = Connected(read_timeout=0)
        connected.send(begun)
        connected.advance(100_000.0)
        assert connected.transport.closed_at is None


# ------------------------------------------------------------------ idle connections


@pytest.mark.bound("connection without a request")
@pytest.mark.finding("A6")
@pytest.mark.parametrize("read_timeout", [0.0, 1.0, LIMIT, 1_000.0])
def test_an_idle_connection_is_closed_without_a_word(read_timeout: float) -> None:
    unused, used = Connected(read_timeout), Connected(read_timeout)
    used.send(request("GET", "/a"))
    used.advance(500.0)
    used.respond()
    for connected, since in ((unused, 0.0), (used, 500.0)):
        connected.advance(1_000.0)
        assert (connected.transport.closed_at, connected.transport.written) == (since + KEEP_ALIVE, b"")


def test_a_client_whose_unused_connection_is_closed_did_not_leave(connected: Connected) -> None:
    left: list[bool] = []
    connected.protocol.closed_unused = lambda: left.append(True)
    connected.advance(KEEP_ALIVE)
    connected.protocol.connection_lost(None)
    assert (connected.transport.closed_at, left) == (KEEP_ALIVE, [])


# ------------------------------------------------------------------ real sockets

OPERATIONS = """
echo:
  route: POST /echo
  request: {type: object}
  rules: [{reply: {body: "{{ body }}"}}]
"""


@pytest.fixture(scope="module")
def impatient(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulated]:
    """An emulator on a server that waits for nobody; it has a TLS listener and tunnels too."""
    server = SecureRunning(tmp_path_factory.mktemp("authority") / "authority", read_timeout=0.05)
    emulated = play(server, tmp_path_factory.mktemp("limits"), OPERATIONS)
    yield emulated
    emulated.close()
    server.stop()


def connect(running: Running, how: str) -> Wire:
    assert isinstance(running, SecureRunning)
    authority = running.proxy.authority.certificate_path
    if how == "plain":
        return Wire(running.port)
    return SecureWire(running.tls_port, authority) if how == "tls" else TunnelWire(running.port, authority)


@pytest.mark.finding("A6")
@pytest.mark.parametrize("part", ["head", "body"])
@pytest.mark.parametrize("how", ["plain", "tls", "tunnel"])
def test_a_client_reads_a_408_and_the_end_of_the_connection(
    impatient: Emulated, how: str, part: str, caplog: pytest.LogCaptureFixture
) -> None:
    with connect(impatient.running, how) as wire:
        wire.send(HEAD if part == "body" else HEAD[:20])
        answer = wire.answer()
        assert (answer.status, answer.header("connection")) == (408, "close")
        assert answer.body == f"the {part} of the request did not come within 0.05 s\n".encode()
        assert wire.ended
    assert caplog.messages == [f"refused a request: {answer.body.decode().strip()}"]
