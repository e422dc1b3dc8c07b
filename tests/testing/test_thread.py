"""The server thread: it serves, it stops with a stream open, and it leaves other users of uvicorn alone."""

from __future__ import annotations

import json
import logging
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from emulator import Emulator
from emulator.errors import EmulatorError
from emulator.server.http_server import Server
from emulator.settings.options import Settings
from emulator.testing.emulator import ServerThread
from tests import loopback
from tests.waiting import PATIENCE
from tests.wire import request


def test_it_stops_while_somebody_waits_for_an_answer(hello: dict[str, Any]) -> None:
    level = logging.getLogger("uvicorn").level
    with Emulator(frozen=True) as started:
        started.arm("stall_after", on="messages.stream", params={"events": 1})
        headers = {"X-API-Key": "any"}
        with (
            loopback.Client(base_url=started.base_url("aiexport"), headers=headers) as client,
            client.stream("POST", "/messages/stream", json=hello) as answer,
        ):
            parts = answer.iter_bytes()
            assert b"message_start" in next(parts)
            started.stop()
            with pytest.raises(httpx.TransportError):
                list(parts)
    assert logging.getLogger("uvicorn").level == level


def test_one_that_can_not_start_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    async def refuse(self: Server, sockets: object = None) -> None:
        raise OSError("no more files")

    monkeypatch.setattr(Server, "serve", refuse)
    with pytest.raises(EmulatorError, match="did not start: no more files"):
        ServerThread(Settings()).start()


def test_a_timeout_that_is_given_holds_for_the_start_too(monkeypatch: pytest.MonkeyPatch) -> None:
    serve = Server.serve

    async def late(self: Server, sockets: list[socket.socket] | None = None) -> None:
        threading.Event().wait(0.05)
        await serve(self, sockets)

    monkeypatch.setattr(Server, "serve", late)
    monkeypatch.setenv("EMULATOR_CLIENT_TIMEOUT", "0.001")
    with Emulator(timeout=PATIENCE) as emulator:
        assert loopback.get(f"{emulator.url}/_emulator/health").status_code == 200


HOST = "api.aiexport.io"
NOBODY = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # what trusts no certificate at all


@pytest.fixture
def thread(tmp_path: Path) -> Iterator[ServerThread]:
    """A thread that serves, with its own certificate authority."""
    serving = ServerThread(Settings(authority=str(tmp_path)))
    serving.start()
    yield serving
    serving.stop()


@contextmanager
def held(thread: ServerThread) -> Iterator[None]:
    """Keeps the server's loop from reading anything, so that what is sent meanwhile arrives at once."""
    stopped, free = threading.Event(), threading.Event()

    def hold() -> None:
        stopped.set()
        free.wait(PATIENCE)

    thread._loop.call_soon_threadsafe(hold)
    assert stopped.wait(PATIENCE)
    yield
    free.set()


def distrusting(wire: socket.socket) -> bytes:
    """Goes through a handshake with a certificate that is not trusted; returns the alert, which is yet to be sent."""
    wire.sendall(f"CONNECT {HOST}:443 HTTP/1.1\r\n\r\n".encode())
    while not wire.recv(1_024).endswith(b"\r\n\r\n"):
        pass
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = NOBODY.wrap_bio(incoming, outgoing, server_hostname=HOST)
    while True:
        try:
            client.do_handshake()
        except ssl.SSLWantReadError:
            wire.sendall(outgoing.read())
            incoming.write(wire.recv(65_536))
        except ssl.SSLCertVerificationError:
            return outgoing.read()


def connected(thread: ServerThread) -> socket.socket:
    host, _, port = thread.url.removeprefix("http://").partition(":")
    return socket.create_connection((host, int(port)), PATIENCE)


def untrusted(thread: ServerThread) -> object:
    """What is known now; a request for it would leave the server time to learn more."""
    application: Any = thread._server._app
    return application.untrusted


def test_a_client_that_did_not_trust_us_is_known_once_it_has_settled(thread: ServerThread) -> None:
    wires = [connected(thread) for _ in range(20)]
    alerts = [distrusting(wire) for wire in wires]
    with held(thread):
        for wire, alert in zip(wires, alerts, strict=True):
            wire.sendall(alert)
            wire.close()
    thread.settle()
    assert untrusted(thread) == {HOST: 20}


def test_a_request_and_a_client_that_left_are_known_once_it_has_settled(
    thread: ServerThread, hello: dict[str, Any]
) -> None:
    headers = [("X-API-Key", "any"), ("Content-Type", "application/json"), ("X-Emulator-Fault", "stall_after=1")]
    stream, last = connected(thread), connected(thread)
    stream.sendall(request("POST", "/v2/messages/stream", headers, json.dumps(hello).encode()))
    assert stream.recv(1)
    with held(thread):
        stream.close()
        last.sendall(request("GET", "/v2/models", headers[:1]))
        last.close()
    thread.settle()
    exchanges = loopback.get(f"{thread.url}/_emulator/exchanges").json()["exchanges"]
    outcomes = {each["operation"]: each["outcome"] for each in exchanges}
    assert outcomes == {"messages.stream": "left", "models.list": "complete"}
