"""Faults are listed, armed and disarmed over HTTP; a wrong order arms nothing."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from emulator.serving.fault import FAULTS
from tests.apis.aiexport_calls import asking, caller
from tests.running import Emulated


def test_every_fault_is_known_with_its_parameters_in_words(control: httpx.Client) -> None:
    told = {each["name"]: each for each in control.get("/faults").json()["known"]}
    assert sorted(told) == sorted(FAULTS)
    assert "status" in told["status"]["params"]
    assert all(each["about"] for each in told.values())


def test_an_armed_fault_plays_as_often_as_it_should(emulator: Emulated, control: httpx.Client) -> None:
    order = {"fault": "status", "params": {"status": 503}, "on": "messages.*", "times": 2, "key": None}
    armed = control.post("/faults", json=order)
    assert armed.status_code == 201
    told = armed.json()
    assert {name: told[name] for name in ("fault", "on", "times", "played")} == {
        "fault": "status",
        "on": "messages.*",
        "times": 2,
        "played": 0,
    }
    statuses = [caller(emulator).post("/messages", json=asking()).status_code for _ in range(3)]
    assert statuses == [503, 503, 200]
    (listed,) = control.get("/faults").json()["armed"]
    assert (listed["id"], listed["played"]) == (told["id"], 2)


def test_one_is_disarmed_or_all_are(control: httpx.Client) -> None:
    ids = [control.post("/faults", json={"fault": "latency", "params": "1s"}).json()["id"] for _ in range(3)]
    assert control.delete(f"/faults/{ids[0]}").json() == {"disarmed": [ids[0]]}
    assert control.delete("/faults").json() == {"disarmed": ids[1:]}
    assert control.get("/faults").json()["armed"] == []


@pytest.mark.parametrize(
    ("order", "message"),
    [
        ({"fault": "statsu"}, "unknown fault 'statsu'; "),
        ({"fault": "status", "params": {"satus": 503}}, "fault status: unknown parameter 'satus'; "),
        ({"fault": "status", "params": {"status": "x"}}, "fault status: status: expected"),
        ({"fault": "status", "params": {"status": 503}, "on": "messages.crate"}, "body.on: no operation is called"),
        ({"fault": "status", "params": 503, "on": []}, "body.on: expected array of length >= 1"),
        ({"fault": "status", "tims": 2}, "body: unknown key 'tims'; "),
        ({"fault": "status", "params": {"status": 503}, "times": 0}, "times: expected a whole number from 1"),
        ({"fault": "status", "params": {"status": 503}, "times": "2"}, "body.times: expected int | null; found str"),
        ({"fault": "status", "params": {"status": 503}, "probability": 2}, "probability: expected a number from 0"),
        ({"fault": "status", "params": {"status": 503}, "for": "soon"}, "for: expected a duration"),
        ({"params": {}}, "body: 'fault' is missing"),
    ],
)
def test_a_wrong_order_is_refused_and_arms_nothing(control: httpx.Client, order: Any, message: str) -> None:
    answer = control.post("/faults", json=order)
    assert answer.status_code == 400
    assert answer.json()["error"]["message"].startswith(message)
    assert control.get("/faults").json()["armed"] == []


def test_an_unknown_id_is_404_with_the_nearest(control: httpx.Client) -> None:
    id = control.post("/faults", json={"fault": "latency", "params": "1s"}).json()["id"]
    answer = control.delete(f"/faults/{id}x")
    assert answer.status_code == 404
    assert f"did you mean '{id}'?" in answer.json()["error"]["message"]


def test_a_window_is_on_the_worlds_clock(emulator: Emulated, control: httpx.Client) -> None:
    order = {"fault": "status", "params": {"status": 503}, "after": "1m", "for": "1m"}
    assert control.post("/faults", json=order).json()["for"] == "1m"
    statuses = []
    for _ in range(3):
        statuses.append(caller(emulator).post("/messages", json=asking()).status_code)
        control.post("/clock", json={"advance": "1m"}).raise_for_status()
    assert statuses == [200, 503, 200]
