"""Ports that refuse connections for a while: closed, or resetting each before anything is read."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
import uvloop
from starlette.types import Receive, Scope, Send

from emulator.server import Server
from emulator.server.listeners import bind
from emulator.settings import Listen, Settings
from tests import loopback
from tests.faults.conftest import BODY, OPERATIONS, Faulty, drain
from tests.running import Running
from tests.secure import SecureRunning
from tests.small import FLOW, play
from tests.waiting import until
from tests.wire import Wire


class Apart(Running):
    """A server whose control API has a port of its own."""

    def __init__(self) -> None:
        (self._control,) = bind(Settings(listen=Listen(port=0)))
        self.control = f"http://127.0.0.1:{self._control.getsockname()[1]}"
        super().__init__()

    async def control_only(self, scope: Scope, receive: Receive, send: Send) -> None:
        assert self.app is not None
        await self.app.control_only(scope, receive, send)

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            self.loop = runner.get_loop()
            self._server = Server(self, self._ready.set, control=[self._control])
            runner.run(self._server.serve([self._socket]))


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
    assert faulty.everything("refuse=500s") == (b"", "reset")
    assert [end_of(faulty) for _ in range(3)] == ["reset"] * 3
    faulty.emulated.advance(499)
    assert end_of(faulty) == "reset"
    faulty.emulated.advance(1)
    until(lambda: end_of(faulty) == "200")
    assert not faulty.emulated.exchanges(2)[0].done


def test_an_outage_ends_in_real_time_where_the_clock_stands_still(serve: Serve) -> None:
    faulty = serve(Running())
    assert faulty.everything("refuse=300ms") == (b"", "reset")
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


def test_over_a_shared_port_the_fault_says_that_it_resets_and_the_caller_keeps_its_connection(serve: Serve) -> None:
    faulty = serve(Running())
    with loopback.Client(base_url=faulty.emulated.origin) as client:
        armed = client.post("/_emulator/faults", json={"fault": "refuse", "params": "500s"}).json()
        assert armed["note"].startswith("each connection is reset before anything is read")
        assert end_of(faulty) == "reset"
        assert client.delete("/_emulator/faults").json() == {"disarmed": ["fault_1"]}
    assert end_of(faulty) == "200"


def test_idle_connections_are_reset_and_a_response_under_way_goes_on(serve: Serve) -> None:
    faulty = serve(Running())
    with faulty.wire() as idle, faulty.wire() as busy:
        busy.send(faulty.asks(None, "GET /flow"))
        faulty.arrived()
        idle.send(faulty.asks(None))
        assert idle.answer().body == BODY
        assert faulty.everything("refuse=500s") == (b"", "reset")
        assert drain(idle) == (b"", "reset")
        assert busy.head()[0] == 200
        assert busy.chunk()
        faulty.emulated.advance(60)
        assert busy.chunk()


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
    with Wire(secure.port) as wire:
        wire.send(plain.asks("refuse; lasts=500s; port=https"))
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
