"""Responses that are written together: each whole and in order, and before anything that ends its connection."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from emulator.clock.world_clock import Clock
from emulator.faults.raw_response import Outage
from emulator.https.proxy import ProxyRefusal
from emulator.server.guarded import GuardedProtocol
from emulator.server.http_server import Server
from emulator.server.protocol import HttpProtocol
from emulator.server.write_batch import LARGE_BYTES, MAX_RESPONSES, WriteBatch
from tests.running import Running
from tests.small import KEY, play
from tests.waiting import PATIENCE
from tests.wire import Wire, request

OPERATIONS = """
echo:
  route: POST /echo
  request: {type: object}
  rules: [{reply: {body: "{{ body }}"}}]
"""
HEADERS = [*KEY.items(), ("content-type", "application/json")]


class Sink(asyncio.Transport):
    """A connection that keeps what is written to it, and `END` when it is closed."""

    def __init__(self, log: list[bytes]) -> None:
        super().__init__({"peername": ("127.0.0.1", 1), "sockname": ("127.0.0.1", 2)})
        self.log, self.closing = log, False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.log.append(bytes(data))

    def is_closing(self) -> bool:
        return self.closing

    def close(self) -> None:
        self.log.append(b"END")
        self.closing = True

    abort = close


@pytest.fixture
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    loop = asyncio.new_event_loop()
    yield loop
    loop.close()


def turn(loop: asyncio.AbstractEventLoop) -> None:
    """Lets the loop do what is due."""
    loop.call_soon(loop.stop)
    loop.run_forever()


class Refusing:
    """An application that opens no tunnel."""

    @property
    def proxy(self) -> Refusing:
        return self

    def connect(self, target: str, server: Any) -> ProxyRefusal:
        return ProxyRefusal(403, f"no tunnel to {target}", "")

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        raise AssertionError("no request was made")


def connected(loop: asyncio.AbstractEventLoop, log: list[bytes]) -> GuardedProtocol:
    """A connection with a response that waits."""

    server = Server(Refusing())
    connection = GuardedProtocol(server.config, server.server_state, {}, loop)
    connection.connection_made(Sink(log))
    assert connection.respond(200, "", b"waits", False)
    assert log == []
    return connection


def test_responses_of_one_turn_are_written_at_its_end_in_their_order(loop: asyncio.AbstractEventLoop) -> None:
    log: list[bytes] = []
    batch = WriteBatch()
    for number in range(3):
        batch.add(Sink(log), b"%d" % number, loop)
    assert log == []
    turn(loop)
    assert log == [b"0", b"1", b"2"]
    batch.add(Sink(log), b"of the next turn", loop)
    turn(loop)
    assert log[3:] == [b"of the next turn"]


def test_no_more_wait_than_a_client_should_wait_for(loop: asyncio.AbstractEventLoop) -> None:
    log: list[bytes] = []
    batch = WriteBatch()
    for _ in range(MAX_RESPONSES):
        assert log == []
        batch.add(Sink(log), b"small", loop)
    assert len(log) == MAX_RESPONSES
    batch.add(Sink(log), b"small", loop)
    batch.add(Sink(log), b"x" * (LARGE_BYTES + 1), loop)
    assert len(log) == MAX_RESPONSES + 2


def test_a_connection_that_has_ended_loses_its_own_response_only(loop: asyncio.AbstractEventLoop) -> None:
    log: list[bytes] = []
    batch, gone = WriteBatch(), Sink([])
    for sink in (Sink(log), gone, Sink(log)):
        batch.add(sink, b"response", loop)
    gone.closing = True
    turn(loop)
    assert (log, gone.log) == ([b"response", b"response"], [])


def reset(connection: GuardedProtocol) -> None:
    """Sends a request while connections are refused."""
    connection.port = SimpleNamespace(resets=True)
    connection.data_received(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n")


ENDINGS: dict[str, Callable[[GuardedProtocol], Any]] = {
    "the client sends no more": HttpProtocol.eof_received,
    "the server stops": HttpProtocol.shutdown,
    "the connection was idle for too long": HttpProtocol.timeout_keep_alive_handler,
    "what follows is not HTTP": lambda connection: connection.data_received(b"\x00\x01\x02\r\n\r\n"),
    "connections are refused": lambda connection: connection.refuse(Outage(1, "http", Clock(), nullcontext)),
    "a request is reset": reset,
    "what follows opens a tunnel": lambda connection: connection.data_received(b"CONNECT a:1 HTTP/1.1\r\n\r\n"),
}


@pytest.mark.parametrize("ending", ENDINGS.values(), ids=ENDINGS)
def test_a_response_that_waits_is_written_before_its_connection_ends(
    ending: Callable[[GuardedProtocol], Any], loop: asyncio.AbstractEventLoop
) -> None:
    log: list[bytes] = []
    connection = connected(loop, log)
    ending(connection)
    assert log[0].endswith(b"waits")
    turn(loop)
    assert sum(each.endswith(b"waits") for each in log) == 1
    connection.connection_lost(None)


@pytest.mark.in_memory("a client that ends its side while a commit is waited for is taken to have left")
def test_a_client_that_ends_its_side_with_its_request_gets_the_response(running: Running, tmp_path: Path) -> None:
    emulated = play(running, tmp_path, OPERATIONS)
    try:
        with socket.create_connection(("127.0.0.1", running.port), PATIENCE) as client:
            client.sendall(request("POST", "/echo", HEADERS, b'{"a":1}'))
            client.shutdown(socket.SHUT_WR)
            received = b"".join(iter(lambda: client.recv(65_536), b""))
        assert received.endswith(b'{"a":1}')
    finally:
        emulated.close()


def test_two_hundred_clients_at_once_get_their_own_responses(running: Running, tmp_path: Path) -> None:
    emulated = play(running, tmp_path, OPERATIONS)
    wires = [Wire(running.port) for _ in range(200)]
    try:
        for again in range(3):
            for number, wire in enumerate(wires):
                wire.send(request("POST", "/echo", HEADERS, b'{"a":%d}' % (number + 1000 * again)))
            for number, wire in enumerate(wires):
                assert wire.answer().body == b'{"a":%d}' % (number + 1000 * again)
    finally:
        for wire in wires:
            wire.close()
        emulated.close()
