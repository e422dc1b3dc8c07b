"""Faults are listed, armed and disarmed over HTTP; a wrong order arms nothing."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from emulator.faults import FAULTS
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


@pytest.mark.finding("I1")
def test_a_fault_that_is_used_up_is_listed_as_such_and_not_counted(emulator: Emulated, control: httpx.Client) -> None:
    control.post("/faults", json={"fault": "status", "params": {"status": 503}, "times": 1})
    control.post("/faults", json={"fault": "status", "params": {"status": 502}, "on": "batch.*"})
    assert control.get("/worlds/default").json()["faults"] == 2
    assert [caller(emulator).post("/messages", json=asking()).status_code for _ in range(2)] == [503, 200]
    listed = control.get("/faults").json()["armed"]
    assert [(each["played"], each.get("used_up")) for each in listed] == [(1, True), (0, None)]
    assert control.get("/worlds/default").json()["faults"] == 1


@pytest.mark.finding("I1")
def test_played_faults_leave_place_for_the_next(
    emulator: Emulated, control: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("faults.armed", "control.faults"):
        monkeypatch.setattr(f"emulator.{name}.MAX_ARMED", 20)  # tests/faults/test_armed.py fills all places
    order = {"fault": "latency", "params": "0s", "times": 1}
    assert all(control.post("/faults", json=order).status_code == 201 for _ in range(20))
    assert control.post("/faults", json=order).status_code == 409
    assert caller(emulator).post("/messages", json=asking()).status_code == 200
    assert control.post("/faults", json=order).status_code == 201


@pytest.mark.parametrize(
    ("fault", "on"),
    [
        ("stuck", ["messages.*", "batch.*"]),
        ("drop", "aiexport/batch.create"),
        ("expire_token", "oauth.token"),
        ("expire_token", "models.list"),
        ("revoke_key", "messages.create"),
        ("fail", None),
    ],
)
def test_a_fault_is_armed_where_one_operation_at_least_sets_off_what_it_is_for(
    control: httpx.Client, fault: str, on: Any
) -> None:
    assert control.post("/faults", json={"fault": fault, "on": on}).status_code == 201


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
        (
            {"fault": "stuck", "on": ["messages.*", "models.list"]},
            "body.on: the fault stuck would never apply: no operation here starts a job; expected one of: "
            "assets.execute, agents.run, sessions.messages.create, batch.create",
        ),
        (
            {"fault": "drop", "on": "agents.run"},
            "body.on: the fault drop would never apply: no operation here starts a ",
        ),
        (
            {"fault": "answer", "params": "empty", "on": "models.*"},
            "body.on: the fault answer would never apply: no operation here generates an answer; expected one of: ",
        ),
        (
            {"fault": "cut_after", "params": 3, "on": "models.list"},
            "body.on: the fault cut_after would never apply: no operation here streams; expected one of: ",
        ),
        (
            {"fault": "fail", "params": "done", "on": "batch.create"},
            "fault fail: state: unknown final state 'done'; expected one of: failed, cancelled, completed",
        ),
        ({"fault": "answer"}, "fault answer: kind is missing; expected one of: empty, refusal, fenced"),
        ({"fault": "status", "params": {"error": "overlaoded"}}, "fault status: error: unknown error "),
        ({"fault": "stuck", "params": "in_progres"}, "fault stuck: state: unknown state 'in_progres'; "),
        ({"fault": "stuk", "on": "messages.*"}, "unknown fault 'stuk'; "),
        (
            {"fault": "status", "params": {"status": 404, "error": "rate_limited"}, "on": "messages.create"},
            "fault status: the error 'rate_limited' has the status 429, and not 404; leave `status` out, or name the "
            "error 'not_found'",
        ),
        ({"fault": "status", "params": 503, "on": []}, "body.on: expected a list with at least one item"),
        ({"fault": "status", "tims": 2}, "body: unknown key 'tims'; "),
        ({"fault": "status", "params": {"status": 503}, "times": 0}, "times: expected a whole number from 1"),
        (
            {"fault": "status", "params": {"status": 503}, "times": "2"},
            "body.times: expected a whole number or null; found text",
        ),
        ({"fault": "status", "params": {"status": 503}, "probability": 2}, "probability: expected a number from 0"),
        ({"fault": "status", "params": {"status": 503}, "for": "soon"}, "for: expected a duration"),
        ({"fault": "latency", "params": "1s", "for": -1}, "body.for: expected a number between 0 and "),
        ({"fault": "latency", "params": "1s", "after": 1e300}, "body.after: expected a number between 0 and "),
        ({"fault": "latency", "params": "1s", "after": 4e9}, "after: expected at most 36500d"),
        (
            {"fault": "latency", "params": "1s", "after": []},
            "body.after: expected a number, text or null; found a list",
        ),
        ({"params": {}}, "body: 'fault' is missing"),
    ],
)
def test_a_wrong_order_is_refused_and_arms_nothing(control: httpx.Client, order: Any, message: str) -> None:
    answer = control.post("/faults", json=order)
    assert answer.status_code == 400
    assert answer.json()["error"]["message"].startswith(message)
    assert control.get("/faults").json()["armed"] == []


@pytest.mark.parametrize(("given", "told"), [(0, "0s"), (0.25, "0.25s"), (1e-7, "0.0000001s"), (3e9, "3000000000s")])
def test_seconds_are_told_as_a_duration(control: httpx.Client, given: float, told: str) -> None:
    order = {"fault": "latency", "params": "1s", "after": given}
    assert control.post("/faults", json=order).json()["after"] == told


def test_an_unknown_id_is_404_with_the_nearest(control: httpx.Client) -> None:
    id = control.post("/faults", json={"fault": "latency", "params": "1s"}).json()["id"]
    answer = control.delete(f"/faults/{id}x")
    assert answer.status_code == 404
    assert f"did you mean '{id}'?" in answer.json()["error"]["message"]


@pytest.mark.parametrize(
    ("given", "told"),
    [("1m", "1m"), (60, "60s"), (60.0, "60s"), ("60s", "60s")],
)
def test_a_window_is_on_the_worlds_clock(
    emulator: Emulated, control: httpx.Client, given: str | float, told: str
) -> None:
    order = {"fault": "status", "params": {"status": 503}, "after": given, "for": given}
    armed = control.post("/faults", json=order).json()
    assert (armed["after"], armed["for"]) == (told, told)
    statuses = []
    for _ in range(3):
        statuses.append(caller(emulator).post("/messages", json=asking()).status_code)
        control.post("/clock", json={"advance": "1m"}).raise_for_status()
    assert statuses == [200, 503, 200]
