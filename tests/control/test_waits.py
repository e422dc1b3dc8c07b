"""Who waits and leaves is waited with no longer, and not everybody can wait at once."""

from __future__ import annotations

import json

import httpx
import pytest

from emulator.control.app import Control
from emulator.control.routes import TABLE
from tests.apis.aiexport_calls import caller
from tests.running import Emulated
from tests.waiting import until
from tests.wire import Wire, request

PATHS = ["exchanges", "webhooks"]


def ask_to_wait(wire: Wire, what: str, world: str = "default") -> None:
    order = json.dumps({"count": 1, "timeout": "600s"}).encode()
    lines = [("host", "localhost"), ("content-type", "application/json"), ("x-emulator-world", world)]
    head = b"".join(f"{name}: {value}\r\n".encode() for name, value in lines)
    wire.send(
        b"POST /_emulator/%b/wait HTTP/1.1\r\n%bcontent-length: %d\r\n\r\n%b" % (what.encode(), head, len(order), order)
    )


def until_present(emulated: Emulated, count: int) -> None:
    """Return when so many do something in the default world."""
    until(lambda: emulated.attending() == count, lambda: f"{emulated.attending()} are there, not {count}")


@pytest.mark.parametrize("what", PATHS)
@pytest.mark.parametrize("how", ["close", "leave"])
def test_who_leaves_is_waited_with_no_longer(emulator: Emulated, what: str, how: str) -> None:
    wires = [Wire(emulator.running.port) for _ in range(3)]
    for wire in wires:
        ask_to_wait(wire, what)
    until_present(emulator, 3)
    until(lambda: emulator.watchers() == (3 if what == "exchanges" else 0))
    for wire in wires:
        getattr(wire, how)()
    until_present(emulator, 0)
    until(lambda: emulator.watchers() == 0)


def test_who_stays_is_answered_and_the_connection_goes_on(emulator: Emulated) -> None:
    with Wire(emulator.running.port) as stays, Wire(emulator.running.port) as goes:
        ask_to_wait(stays, "exchanges")
        ask_to_wait(goes, "exchanges")
        until_present(emulator, 2)
        goes.leave()
        until_present(emulator, 1)
        caller(emulator).get("/models")
        assert len(stays.answer().json()["exchanges"]) == 1
        stays.send(request("GET", "/_emulator/health").replace(b"emulator.test", b"localhost"))
        assert stays.answer().status == 200


@pytest.mark.one_worker("each process counts those who wait there")
@pytest.mark.bound("waits for exchanges, and streams of them")
@pytest.mark.parametrize("what", PATHS)
def test_too_many_are_refused_until_one_leaves(emulator: Emulated, control: httpx.Client, what: str) -> None:
    emulator.app.control = Control(emulator.app, TABLE, max_waiting=2)
    control.put("/worlds/other", json={}).raise_for_status()
    with Wire(emulator.running.port) as one, Wire(emulator.running.port) as two:
        ask_to_wait(one, "exchanges")
        ask_to_wait(two, "webhooks")
        until_present(emulator, 2)
        refused = control.post(f"/{what}/wait", json={"timeout": 0})
        assert refused.status_code == 409
        assert refused.json()["error"]["message"] == "2 requests wait in the world 'default' already"
        elsewhere = control.post(f"/{what}/wait", json={"timeout": 0}, headers={"X-Emulator-World": "other"})
        assert elsewhere.status_code == 408
        one.close()
        until_present(emulator, 1)
        assert control.post(f"/{what}/wait", json={"timeout": 0}).status_code == 408
