"""Ports that refuse connections for a while: closed, or resetting each before anything is read."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Iterator
from errno import EMFILE
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
import uvloop
from starlette.types import Receive, Scope, Send

from emulator.server import ports
from emulator.server.http_server import Server
from emulator.server.listeners import bind, hold
from emulator.settings.listen import Listen
from emulator.settings.options import Settings
from tests import loopback
from tests.faults.conftest import BODY, OPERATIONS, Faulty, drain
from tests.running import Running
from tests.secure import SecureRunning
from tests.small import FLOW, play
from tests.waiting import until
from tests.wire import Wire


class Apart(Running):
    """A server whose control API has a port of its own."""

    def __init__(self, same_number: bool = False) -> None:
        self._same_number = same_number
        if not same_number:
            self._bind_control("127.0.0.1", 0)
        super().__init__()

    def _bind_control(self, host: str, port: int) -> None:
        (self._control,) = bind(Settings(listen=Listen(host, port)))
        self.control = f"http://{host}:{self._control.getsockname()[1]}"

    async def control_only(self, scope: Scope, receive: Receive, send: Send) -> None:
        assert self.app is not None
        await self.app.control_only(scope, receive, send)

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            self.loop = runner.get_loop()
            if self._same_number:
                self._bind_control("127.0.0.2", self._socket.getsockname()[1])
            self._server = Server(self, self._ready.set, control=[self._control])
            runner.run(self._server.serve([self._socket]))


class Everywhere(Running):
    """A server that listens on all IPv4 addresses."""

    def _run(self) -> None:
        self._socket.close()
        (self._socket,) = bind(Settings(listen=Listen("0.0.0.0", self.port)))
        super()._run()


Serve = Callable[..., Faulty]


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Serve]:
    """`serve(running)` plays the small API on a server that no other test uses."""
    played: list[Faulty] = []

    def start(running: Running, way: str = "http") -> Faulty:
        played.append(Faulty(play(running, tmp_path, OPERATIONS + dedent(FLOW)), way))
        return played[-1]

    yield start
    for each in played:
        each.emulated.close()
        each.emulated.running.stop()


def end_of(faulty: Faulty) -> str:
    """How an attempt at a request ends: with a status, or as the connection does."""
    try:
        received, end = faulty.everything(None)
    except ConnectionRefusedError:
        return "refused"
    except (ConnectionResetError, BrokenPipeError):
        return "reset"
    return received[9:12].decode() or end


def order(origin: str, query: str = "", **more: Any) -> Any:
    response = loopback.post(f"{origin}/_emulator/faults{query}", json={"fault": "refuse", **more})
    assert response.status_code == 201, response.text
    return response.json()


def test_the_request_that_meets_it_is_lost_and_others_are_reset_for_a_while(serve: Serve) -> None:
    faulty = serve(Running())
    faulty.arm("refuse", "500s", times=1)
    assert [end_of(faulty) for _ in range(4)] == ["reset"] * 4
    faulty.emulated.advance(499)
    assert end_of(faulty) == "reset"
    faulty.emulated.advance(1)
    until(lambda: end_of(faulty) == "200")
    assert not faulty.emulated.exchanges(2)[0].done


def test_a_client_cannot_refuse_connections_to_others_by_a_header(serve: Serve) -> None:
    faulty = serve(Running())
    received, _ = faulty.everything("refuse; lasts=30d")
    assert received.startswith(b"HTTP/1.1 400")
    assert b"POST /_emulator/faults" in received
    assert end_of(faulty) == "200"


def test_an_outage_ends_in_real_time_where_the_clock_stands_still(serve: Serve) -> None:
    faulty = serve(Running())
    faulty.arm("refuse", "300ms", times=1)
    assert end_of(faulty) == "reset"
    until(lambda: end_of(faulty) == "200")


def test_a_port_is_closed_when_the_control_api_has_its_own(serve: Serve) -> None:
    apart = Apart()
    faulty = serve(apart)
    assert end_of(faulty) == "200"
    armed = order(apart.control, params={"lasts": "500s"})
    assert (armed["note"], armed["played"], armed["used_up"]) == ("its port is closed", 1, True)
    assert end_of(faulty) == "refused"
    assert loopback.get(f"{apart.control}/_emulator/faults").json()["armed"][0]["id"] == armed["id"]
    moved = loopback.post(f"{apart.control}/_emulator/clock", json={"advance": "500s"})
    assert moved.status_code == 200, moved.text
    until(lambda: end_of(faulty) == "200")


@pytest.mark.parametrize("path", ["faults", "faults/fault_1", "worlds/other"])
def test_an_outage_ends_with_its_fault_and_with_its_world(serve: Serve, path: str) -> None:
    apart = Apart()
    faulty = serve(apart)
    world = "other" if path.startswith("worlds") else "default"
    loopback.put(f"{apart.control}/_emulator/worlds/other")
    order(apart.control, f"?world={world}", params="500s")
    assert end_of(faulty) == "refused"
    assert loopback.request("DELETE", f"{apart.control}/_emulator/{path}").status_code in (200, 204)
    until(lambda: end_of(faulty) == "200")


def test_over_a_shared_port_the_fault_says_that_it_resets_and_the_control_api_goes_on(serve: Serve) -> None:
    faulty = serve(Running())
    armed = order(faulty.emulated.origin, params="500s")
    assert armed["note"].startswith("each connection is reset unless it asks for this control API")
    assert end_of(faulty) == "reset"
    control = f"{faulty.emulated.origin}/_emulator"
    assert loopback.get(f"{control}/health").status_code == 200
    assert end_of(faulty) == "reset"
    assert loopback.request("DELETE", f"{control}/faults").json() == {"disarmed": ["fault_1"]}
    assert end_of(faulty) == "200"


def test_idle_connections_are_reset_and_a_response_under_way_goes_on(serve: Serve) -> None:
    faulty = serve(Running())
    with faulty.wire() as idle, faulty.wire() as busy:
        busy.send(faulty.asks(None, "GET /flow"))
        faulty.arrived()
        idle.send(faulty.asks(None))
        assert idle.answer().body == BODY
        faulty.arm("refuse", "500s", on="one", times=1)
        assert end_of(faulty) == "reset"
        assert drain(idle) == (b"", "reset")
        assert busy.head()[0] == 200
        assert busy.chunk()
        faulty.emulated.advance(60)
        faulty.emulated.advance(420)  # to its end, within the outage
        while busy.chunk():
            pass
        assert busy.ended, "the connection can't be used again"


def test_idle_connections_of_a_control_port_with_the_same_number_are_kept(serve: Serve) -> None:
    apart = Apart(same_number=True)
    faulty = serve(apart)
    health = ("GET", "/_emulator/health", [("host", "127.0.0.2")])
    with Wire(apart.port, "127.0.0.2") as control, faulty.wire() as idle:
        assert control.ask(*health).status == 200
        idle.send(faulty.asks(None))
        assert idle.answer().body == BODY
        assert order(apart.control, params="500s")["note"] == "its port is closed"
        assert drain(idle) == (b"", "reset")
        assert control.ask(*health).status == 200


def test_idle_connections_to_a_port_on_all_addresses_are_reset(serve: Serve) -> None:
    faulty = serve(Everywhere())
    with faulty.wire() as idle:
        idle.send(faulty.asks(None))
        assert idle.answer().body == BODY
        faulty.arm("refuse", "500s", times=1)
        assert end_of(faulty) == "reset"
        assert drain(idle) == (b"", "reset")


@pytest.mark.parametrize("failures", [1, 2])
def test_a_port_whose_address_is_lost_is_opened_again(
    serve: Serve, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, failures: int
) -> None:
    apart = Apart()
    faulty = serve(apart)
    errors = [OSError(EMFILE, "Too many open files")] * failures

    def hold_in_vain(host: str, port: int, shared: bool = False) -> socket.socket:
        if errors:
            raise errors.pop()
        return hold(host, port)

    monkeypatch.setattr(ports, "hold", hold_in_vain)
    order(apart.control, params="500s")
    assert "connections are not refused: [Errno 24] Too many open files" in caplog.messages
    if failures == 1:
        until(lambda: end_of(faulty) == "200")
    else:
        assert f"can't listen on 127.0.0.1:{apart.port} again: [Errno 24] Too many open files" in caplog.messages
        assert end_of(faulty) == "refused"


def test_with_a_condition_it_waits_for_a_request(serve: Serve) -> None:
    faulty = serve(Running())
    armed = order(faulty.emulated.origin, params="500s", on="one", nth=2)
    assert "note" not in armed
    assert [end_of(faulty) for _ in range(3)] == ["200", "reset", "reset"]
    faulty.emulated.advance(500)


def test_the_port_of_the_https_front_can_be_meant_alone(serve: Serve, tmp_path: Path) -> None:
    secure = SecureRunning(tmp_path / "authority")
    faulty = serve(secure, "https")
    plain = Faulty(faulty.emulated)
    faulty.arm("refuse", {"lasts": "500s", "port": "https"}, times=1)
    with Wire(secure.port) as wire:
        wire.send(plain.asks(None))
        assert drain(wire) == (b"", "reset")
        with socket.create_connection(("127.0.0.1", secure.tls_port)) as refused, pytest.raises(ConnectionResetError):
            refused.recv(1)
    with Wire(secure.port) as wire:
        wire.send(plain.asks(None))
        assert wire.answer().body == BODY
    faulty.emulated.advance(500)
    until(lambda: end_of(faulty) == "200")


def test_a_server_stops_while_its_port_is_closed(serve: Serve) -> None:
    apart = Apart()
    serve(apart)
    order(apart.control, params="500s")


def test_nothing_is_refused_at_a_port_that_there_is_not(serve: Serve) -> None:
    faulty = serve(Running())
    armed = order(faulty.emulated.origin, params={"port": "https"})
    assert armed["note"] == "nothing is refused: there is no https port"
    assert end_of(faulty) == "200"
