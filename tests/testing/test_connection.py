"""Connections of the fixture's own: kept, replaced when the server closed them, and out of reach of mocks."""

from __future__ import annotations

import errno
import http.client
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import httpcore
import httpx
import pytest

from emulator import Emulator
from emulator.errors import ConfigError
from emulator.testing.connection import ConnectionFailed, Connections, chosen_timeout
from tests.waiting import PATIENCE

OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}"


class Scripted:
    """A server that answers each request with the next of its texts, and closes where it says so."""

    def __init__(self, *texts: bytes) -> None:
        self.connections = 0
        self._texts = list(texts)
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}/prefix/"
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        while self._texts:
            connection, _ = self._socket.accept()
            self.connections += 1
            with connection:
                while self._texts:
                    if not connection.recv(65_536):
                        break
                    text = self._texts.pop(0)
                    connection.sendall(text)
                    if b"close" in text or len(text) < len(OK):
                        break

    def stop(self) -> None:
        self._thread.join(PATIENCE)
        self._socket.close()


@contextmanager
def scripted(*texts: bytes) -> Iterator[tuple[Scripted, Connections]]:
    server = Scripted(*texts)
    connections = Connections(server.url)
    yield server, connections
    connections.close()
    server.stop()


def test_a_connection_serves_one_request_after_another() -> None:
    with scripted(OK, OK, OK) as (server, connections):
        for _ in range(3):
            assert connections.send("GET", "/a", {}).body == b"{}"
        assert server.connections == 1


def test_one_that_the_server_closed_is_replaced() -> None:
    closing = OK.replace(b"\r\n\r\n", b"\r\nconnection: close\r\n\r\n")
    with scripted(closing, OK) as (server, connections):
        connections.send("GET", "/a", {})
        assert connections.send("GET", "/a", {}).status == 200
        assert server.connections == 2


def test_a_response_that_breaks_off_fails_with_the_reason() -> None:
    with scripted(OK[:-3], OK) as (_, connections):
        with pytest.raises(ConnectionFailed):
            connections.send("GET", "/a", {})
        assert connections.send("POST", "/a", {}, b"{}").status == 200


def test_chunks_are_read() -> None:
    chunked = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\n{\r\n1\r\n}\r\n0\r\n\r\n"
    with scripted(chunked, OK) as (server, connections):
        assert [connections.send("GET", "/a", {}).body for _ in range(2)] == [b"{}", b"{}"]
        assert server.connections == 1


def test_many_threads_may_send_at_once(emulator: Emulator) -> None:
    connections = Connections(emulator.url)
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda _: connections.send("GET", "/_emulator/health", {}).status, range(100)))
    connections.close()
    assert answers == [200] * 100


def test_a_server_that_does_not_respond_is_waited_for_as_long_as_a_variable_says(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("EMULATOR_CLIENT_TIMEOUT", "0.01")
    with socket.create_server(("127.0.0.1", 0)) as silent:
        connections = Connections(f"http://127.0.0.1:{silent.getsockname()[1]}")
        with pytest.raises(ConnectionFailed, match=r"no response within 0\.01 s, the limit of EMULATOR_CLIENT_TIMEOUT"):
            connections.send("GET", "/", {})


def test_a_limit_that_was_given_is_named_as_such() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        connections = Connections(f"http://127.0.0.1:{silent.getsockname()[1]}", timeout=0.01)
        with pytest.raises(ConnectionFailed, match=r"no response within 0\.01 s, the limit that timeout=0\.01 sets$"):
            connections.send("GET", "/", {})


def test_a_timeout_of_zero_is_no_limit(emulator: Emulator) -> None:
    connections = Connections(emulator.url, timeout=0)
    assert connections.send("GET", "/_emulator/health", {}).status == 200
    connections.close()


@pytest.mark.parametrize(("timeout", "patient"), [(0, False), (30, True), (30, False)])
def test_a_connection_that_the_system_gives_up_is_not_blamed_on_a_limit(
    emulator: Emulator, monkeypatch: pytest.MonkeyPatch, timeout: float, patient: bool
) -> None:
    def give_up(self: http.client.HTTPConnection) -> None:
        raise TimeoutError(errno.ETIMEDOUT, "Connection timed out")

    monkeypatch.setattr(http.client.HTTPConnection, "getresponse", give_up)
    with pytest.raises(ConnectionFailed, match=r"^\[Errno \d+\] Connection timed out$"):
        Connections(emulator.url, timeout).send("GET", "/", {}, patient=patient)


@pytest.mark.parametrize(("value", "seconds"), [(None, 30), ("", 30), ("90", 90), ("0.5", 0.5), ("0", None)])
def test_thirty_seconds_are_the_limit_unless_the_variable_names_others_or_none(
    value: str | None, seconds: float | None
) -> None:
    assert chosen_timeout({} if value is None else {"EMULATOR_CLIENT_TIMEOUT": value}) == seconds


def test_what_is_no_number_of_seconds_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"EMULATOR_CLIENT_TIMEOUT is '2m'; expected a number of seconds"):
        chosen_timeout({"EMULATOR_CLIENT_TIMEOUT": "2m"})


def refused(*arguments: Any, **options: Any) -> None:
    raise AssertionError("a mock was reached")


@pytest.mark.finding("G4")
@pytest.mark.parametrize(
    ("owner", "name"),
    [
        (httpx.HTTPTransport, "handle_request"),
        (httpx.Client, "send"),
        (httpcore.ConnectionPool, "handle_request"),
        (httpcore.HTTPConnection, "handle_request"),
        (http.client.HTTPConnection, "request"),
    ],
)
def test_what_mocks_replace_is_not_used(
    emulator: Emulator, monkeypatch: pytest.MonkeyPatch, owner: type, name: str
) -> None:
    monkeypatch.setattr(owner, name, refused)
    emulator.client.close()  # the next request opens a connection
    emulator.fail("messages.create", times=1)
    assert emulator.clock.freeze().frozen
    assert list(emulator.requests()) == []
    emulator.disarm()
