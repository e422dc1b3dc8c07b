"""Connections during an outage of a port that the control API shares: all but its requests are reset."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from emulator.server.guarded import is_control
from tests import loopback
from tests.faults.conftest import OPERATIONS, Faulty, drain
from tests.running import Running
from tests.small import play
from tests.wire import Wire, request

HEALTH = ("GET", "/_emulator/health", [("host", "127.0.0.1")])


@pytest.fixture
def faulty(tmp_path: Path) -> Iterator[Faulty]:
    running = Running()
    faulty = Faulty(play(running, tmp_path, OPERATIONS))
    with loopback.Client(base_url=faulty.emulated.origin) as control:
        control.post("/_emulator/faults", json={"fault": "refuse", "params": "500s"}).raise_for_status()
    yield faulty
    faulty.emulated.close()
    running.stop()


def end(faulty: Faulty) -> None:
    loopback.request("DELETE", f"{faulty.emulated.origin}/_emulator/faults").raise_for_status()


def ended(wire: Wire, data: bytes) -> str:
    """How the connection ends after these bytes."""
    try:
        wire.send(data)
        return drain(wire)[1]
    except (ConnectionResetError, BrokenPipeError):
        return "reset"


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(request("GET", "/_emulators", [("host", "a")]), id="a path that begins alike"),
        pytest.param(request("GET", "/", [("host", "a")]), id="the page that shows the way"),
        pytest.param(request("GET", "http://a/_emulator/health", [("host", "a")]), id="a proxy request"),
        pytest.param(b"CONNECT a:443 HTTP/1.1\r\nhost: a:443\r\n\r\n", id="a tunnel"),
        pytest.param(b"POST /one HTTP/1.1\r\nhost: a\r\ncontent-length: 9\r\n\r\n", id="a head alone"),
        pytest.param(b"GET /one HTTP/1.0\r\n\r\n", id="HTTP/1.0"),
        pytest.param(request("HEAD", "/one", [("host", "a")]), id="HEAD"),
    ],
)
def test_what_is_not_for_the_control_api_is_reset(faulty: Faulty, data: bytes) -> None:
    with faulty.wire() as wire:
        assert ended(wire, data) == "reset"
    assert faulty.emulated.exchanges(0) == []


def test_a_connection_to_the_control_api_is_reset_when_it_asks_for_something_else(faulty: Faulty) -> None:
    with faulty.wire() as wire:
        assert wire.ask(*HEALTH).status == 200
        assert wire.ask(*HEALTH).status == 200
        assert ended(wire, faulty.asks(None)) == "reset"


def test_a_connection_of_an_outage_is_like_any_other_when_it_is_over(faulty: Faulty) -> None:
    with faulty.wire() as wire:
        assert wire.ask(*HEALTH).status == 200
        end(faulty)
        wire.send(faulty.asks(None))
        assert wire.answer().status == 200


def test_the_control_api_is_known_by_the_beginning_of_its_paths() -> None:
    assert all(map(is_control, (b"/_emulator", b"/_emulator/", b"/_emulator?world=w", b"/_emulator/ui/app.js")))
    assert not any(map(is_control, (b"/", b"/v2/_emulator", b"/_emulatorx", b"/%5Femulator")))
