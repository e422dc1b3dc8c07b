"""What the tests of faults share: a small API over plain HTTP and in two ways over TLS, and raw sockets to it."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from emulator.errors import ConfigError
from emulator.faults import FAULTS
from tests.running import Emulated, Running
from tests.secure import SecureRunning, SecureWire, TunnelWire
from tests.small import KEY, play
from tests.waiting import PATIENCE
from tests.wire import Wire, request

# The characters of several bytes are cut by `split`.
OPERATIONS = """
one:
  route: POST /one
  rules: [{reply: {body: {said: "Grüße, 世界 🎉", number: 12345}}}]
hello:
  route: GET /hello
  rules: [{reply: {stream: {events: [
    {event: start, data: {n: 0}},
    {$each: [a, "ü", 世, 🎉], as: letter, event: letter, data: {letter: "{{ letter }}"}},
    {event: stop, data: {n: 5}},
  ]}}}]
paced:
  route: GET /paced
  rules: [{reply: {stream: {pace: {first: 1s, each: 1s}, events: [
    {$each: [1, 2, 3, 4, 5], as: n, event: n, data: {n: "{{ n }}"}},
  ]}}}]
wide:
  route: GET /wide
  rules: [{reply: {text: "{{ 'x' * 900000 }}{{ 'y' * 900000 }}{{ 'z' * 900000 }}{{ 'w' * 900000 }}"}}]
"""
BODY = '{"said":"Grüße, 世界 🎉","number":12345}'.encode()
EVENTS = [
    b'event: start\ndata: {"n":0}\n\n',
    *(f'event: letter\ndata: {{"letter":"{letter}"}}\n\n'.encode() for letter in "aü世🎉"),
    b'event: stop\ndata: {"n":5}\n\n',
]
HELLO = b"".join(EVENTS)
LAST_CHUNK = b"0\r\n\r\n"


class Faulty:
    """An emulator that plays the small API, and connections to it: by `http`, by `https` or in a `tunnel`."""

    def __init__(self, emulated: Emulated, way: str = "http") -> None:
        self.emulated = emulated
        self._way = way

    def wire(self) -> Wire:
        running = self.emulated.running
        if not isinstance(running, SecureRunning):
            return Wire(running.port)
        authority = running.proxy.authority.certificate_path
        if self._way == "tunnel":
            return TunnelWire(running.port, authority)
        return SecureWire(running.tls_port, authority)

    def asks(self, fault: str | None, target: str = "POST /one", headers: dict[str, str] | None = None) -> bytes:
        """A request, perhaps with a fault."""
        method, path = target.split()
        lines = [*KEY.items(), *(headers or {}).items(), *([("X-Emulator-Fault", fault)] if fault else [])]
        return request(method, path, lines, b"" if method == "POST" else None)

    def arrived(self, count: int = 1) -> None:
        """Wait until so many requests have come to be answered."""
        journal, changed = self.emulated.journal, self.emulated.noted.changed
        with changed:
            assert changed.wait_for(lambda: len(journal) >= count, PATIENCE)

    @contextmanager
    def asked(self, fault: str, target: str = "POST /one", headers: dict[str, str] | None = None) -> Iterator[Wire]:
        """A connection on which a request with a fault was sent, and has come to be answered."""
        with self.wire() as wire:
            wire.send(self.asks(fault, target, headers))
            self.arrived()
            yield wire

    def everything(self, fault: str | None, target: str = "POST /one") -> tuple[bytes, str]:
        """All bytes of an answer up to the end of the connection, and how it ended: `closed` or `reset`."""
        with self.wire() as wire:
            wire.send(self.asks(fault, target, {"Connection": "close"}))
            return drain(wire)

    def arm(self, fault: str, params: Any = None, **where: Any) -> None:
        order = {"fault": fault, "params": params, **where}
        self.emulated.running.call(_arm(self.emulated, order))


async def _arm(emulated: Emulated, order: dict[str, Any]) -> None:
    emulated.app.state.armed.arm(order)


def drain(wire: Wire) -> tuple[bytes, str]:
    """Everything that comes on a connection, and how it ended."""
    received = b""
    try:
        while data := wire.socket.recv(65_536):
            received += data
    except (ConnectionResetError, ssl.SSLEOFError, ssl.SSLError, BrokenPipeError):
        return received, "reset"
    return received, "closed"


def streamed(wire: Wire) -> bytes:
    """What comes up to the end of a stream, its last chunk included; the connection may stay open."""
    received = b""
    while not received.endswith(LAST_CHUNK):
        data = wire.socket.recv(65_536)
        assert data, "the connection ended before the stream"
        received += data
    return received


def assert_silent(wire: Wire) -> None:
    """Nothing comes on a connection, neither a byte nor its end."""
    wire.socket.settimeout(0.1)
    with pytest.raises(TimeoutError):
        wire.socket.recv(1)
    wire.socket.settimeout(PATIENCE)


def complaint(name: str, given: Any) -> str:
    """What is said when there is no fault of this name with these parameters."""
    with pytest.raises(ConfigError) as caught:
        FAULTS.make(name, given)
    return str(caught.value)


def content(answer: bytes) -> bytes:
    """What is after the head."""
    return answer.partition(b"\r\n\r\n")[2]


def unchunked(data: bytes) -> list[bytes]:
    """The chunks that are whole, without the last one of no length."""
    chunks = []
    while b"\r\n" in data:
        size, _, rest = data.partition(b"\r\n")
        length = int(size, 16)
        if not length or len(rest) < length + 2:
            break
        chunks.append(rest[:length])
        data = rest[length + 2 :]
    return chunks


@pytest.fixture(scope="session")
def secure(running: Running, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SecureRunning]:
    """One server with a TLS listener for all tests of a process, with as many workers as the one without."""
    folder = tmp_path_factory.mktemp("certificates") / "authority"
    server = SecureRunning(folder, workers=lambda: running.workers)
    yield server
    server.stop()


@pytest.fixture
def faulty(running: Running, tmp_path: Path) -> Iterator[Faulty]:
    """The small API over plain HTTP."""
    emulated = play(running, tmp_path, OPERATIONS)
    yield Faulty(emulated)
    emulated.close()


@pytest.fixture(params=["http", "https", "tunnel"])
def anywhere(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Faulty]:
    """The small API over plain HTTP, by the TLS listener, and through tunnels of the HTTPS proxy.

    For tests of how a connection ends and of how bytes are cut; TLS changes nothing of what a fault does before that.
    """
    running: Running = request.getfixturevalue("running" if request.param == "http" else "secure")
    emulated = play(running, tmp_path, OPERATIONS)
    yield Faulty(emulated, request.param)
    emulated.close()
