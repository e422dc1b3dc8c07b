"""The clock is read and moved over HTTP; a wrong order moves nothing."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.running import Emulated

START = 1_767_225_600.0  # 2026-01-01T00:00:00Z


def test_the_clock_is_told(control: httpx.Client) -> None:
    assert control.get("/clock").json() == {
        "now": START,
        "iso": "2026-01-01T00:00:00.000Z",
        "frozen": True,
        "speed": 0.0,
        "auto": False,
        "pending": 0,
        "next": None,
    }


@pytest.mark.parametrize("step", ["61s", 61, 61.0, "1m + 1s"])
def test_it_is_advanced_by_a_duration_or_seconds(control: httpx.Client, step: Any) -> None:
    assert control.post("/clock", json={"advance": step}).json()["now"] == START + 61


@pytest.mark.parametrize(
    ("to", "now"),
    [
        ("2026-01-02T00:00:00Z", START + 86_400),
        ("2026-01-02", START + 86_400),
        ("2026-01-02T02:00:00+02:00", START + 86_400),
        (START + 1.5, START + 1.5),
        (0, 0.0),
    ],
)
def test_it_is_set_to_a_time(control: httpx.Client, to: Any, now: float) -> None:
    assert control.post("/clock", json={"set": to}).json()["now"] == now


def test_it_runs_stands_still_and_jumps_by_itself(control: httpx.Client) -> None:
    assert control.post("/clock", json={"speed": 10}).json()["speed"] == 10.0
    assert control.post("/clock", json={"freeze": True}).json()["frozen"] is True
    assert control.post("/clock", json={"freeze": False}).json()["speed"] == 1.0
    assert control.post("/clock", json={"auto": True, "freeze": True}).json()["auto"] is True


def test_several_keys_are_done_in_their_own_order(control: httpx.Client) -> None:
    said = control.post("/clock", json={"advance": "1s", "freeze": True, "set": "2027-01-01"}).json()
    assert (said["iso"], said["frozen"]) == ("2027-01-01T00:00:01.000Z", True)


@pytest.mark.one_worker("it looks into one process")
def test_what_is_due_on_the_way_has_happened_when_it_answers(emulator: Emulated, control: httpx.Client) -> None:
    fired: list[float] = []

    async def call_later() -> None:
        for due in (START + 30, START + 10, START + 90):
            emulator.clock.call_at(due, lambda: fired.append(emulator.clock.now()))

    emulator.running.call(call_later())
    assert control.get("/clock").json()["next"] == START + 10
    said = control.post("/clock", json={"advance": "1m"}).json()
    assert fired == [START + 10, START + 30]
    assert (said["pending"], said["next"]) == (1, START + 90)


@pytest.mark.parametrize(
    ("order", "message"),
    [
        ({}, "body: expected at least one of: set, freeze, speed, auto, advance"),
        ({"advanse": "1s"}, "body: unknown key 'advanse'; expected one of: set, freeze, speed, auto, advance; did you"),
        ({"advance": "61 sec"}, "body.advance: expected a duration such as '340ms'"),
        ({"advance": "1s each"}, "body.advance: expected a duration such as '61s', without 'each'"),
        ({"advance": -1}, "body.advance: expected a number between 0 and 253402300799; found -1"),
        ({"advance": 253_402_300_000}, "body.advance: leads beyond the year 9999"),
        ({"set": "tomorrow"}, "body.set: expected a time such as '2026-01-01T00:00:00Z', or seconds since the epoch"),
        ({"set": -1}, "body.set: expected a number between"),
        ({"set": "2027-01-01", "speed": -1}, "body.speed: expected a number between 0 and 1000000; found -1"),
        ({"set": "2027-01-01", "freeze": "yes"}, "body.freeze: expected true, false or null; found text"),
        ({"speed": "fast"}, "body.speed: expected a number or null; found text"),
        ({"freeze": True, "speed": 2}, "body: 'freeze' stops the clock, and 'speed' lets it run"),
        ([], "body: expected a JSON object; found a list"),
    ],
)
def test_a_wrong_order_is_refused_and_moves_nothing(control: httpx.Client, order: Any, message: str) -> None:
    before = control.get("/clock").json()
    answer = control.post("/clock", json=order)
    assert answer.status_code == 400
    assert answer.json()["error"]["message"].startswith(message)
    assert control.get("/clock").json() == before


def test_each_world_has_its_own_clock(control: httpx.Client) -> None:
    control.put("/worlds/later", json={"frozen": "2030-01-01"}).raise_for_status()
    control.post("/clock", json={"advance": "1s"}, headers={"X-Emulator-World": "later"}).raise_for_status()
    assert control.get("/clock?world=later").json()["iso"] == "2030-01-01T00:00:01.000Z"
    assert control.get("/clock").json()["now"] == START
