"""Worlds are made, told apart, reset, saved, loaded and ended over HTTP."""

from __future__ import annotations

import json
import tempfile
from typing import Any

import httpx
import pytest

from tests.apis.aiexport_calls import asking, caller
from tests.running import Emulated, Running

WRONG: list[Any] = [None, "x", [], {}, -1]
ORDER: dict[str, Any] = {
    "scenarios": ["default"],
    "seed": 7,
    "frozen": "2030-01-01T00:00:00Z",
    "keys": ["axp_of_one_test"],
}


def test_a_world_is_made_once_and_told(control: httpx.Client) -> None:
    made = control.put("/worlds/one", json=ORDER)
    assert made.status_code == 201
    told = made.json()
    assert (told["name"], told["scenarios"], told["seed"]) == ("one", ["default"], 7)
    assert (told["clock"]["iso"], told["clock"]["frozen"]) == ("2030-01-01T00:00:00.000Z", True)
    assert told["keys"] == ["axp_********test"]
    again = control.put("/worlds/one", json=ORDER)
    assert (again.status_code, again.json()) == (200, told)
    assert [each["name"] for each in control.get("/worlds").json()["worlds"]] == ["default", "one"]
    repeated = {**ORDER, "keys": ORDER["keys"] * 2}
    assert control.put("/worlds/one", json=repeated).status_code == 200


@pytest.mark.parametrize(
    "other",
    [
        {"seed": 8},
        {"keys": []},
        {"frozen": True},
        {"scenarios": None},
        {"journal_entries": 3},
        {"journal_bytes": 9},
        {"owner": "me"},
    ],
)
def test_a_world_that_is_there_and_differs_is_a_conflict(control: httpx.Client, other: dict[str, Any]) -> None:
    control.put("/worlds/one", json=ORDER)
    answer = control.put("/worlds/one", json={**ORDER, **other})
    assert answer.status_code == 409
    assert answer.json()["error"]["message"].endswith(f"made with other {next(iter(other))}")


@pytest.mark.one_worker("several processes leave some numbers out")
@pytest.mark.parametrize("bound", [{"journal_entries": 2}, {"journal_bytes": 5_000}])
def test_a_world_may_have_a_journal_of_its_own_size(
    emulator: Emulated, control: httpx.Client, bound: dict[str, int]
) -> None:
    control.put("/worlds/one", json={**ORDER, **bound}).raise_for_status()
    for _ in range(9):
        caller(emulator, "axp_of_one_test").get("/models/none")
    found = control.get("/exchanges?world=one&limit=1").json()
    assert (found["total"], found["dropped"], found["next"]) == (2, 7, 8)
    rest = control.get(f"/exchanges?world=one&after={found['next']}").json()
    assert [each["number"] for each in rest["exchanges"]] == [9]


def test_a_world_may_have_an_owner(control: httpx.Client) -> None:
    assert "owner" not in control.put("/worlds/one", json=ORDER).json()
    assert control.put("/worlds/two", json={"owner": "worker 7"}).json()["owner"] == "worker 7"
    owners = {each["name"]: each.get("owner") for each in control.get("/worlds").json()["worlds"]}
    assert owners == {"default": None, "one": None, "two": "worker 7"}


def test_a_request_is_led_by_header_or_key(emulator: Emulated, control: httpx.Client) -> None:
    control.put("/worlds/one", json=ORDER)
    caller(emulator, "axp_of_one_test").post("/messages", json=asking())
    caller(emulator).post("/messages", json=asking(), headers={"X-Emulator-World": "one"})
    assert control.get("/worlds/one").json()["exchanges"] == 2
    assert control.get("/worlds/default").json()["exchanges"] == 0


@pytest.mark.parametrize(
    ("name", "order", "message"),
    [
        ("a%20b", {}, "'a b' can't be a world's name"),
        ("one", {"seed": "x"}, "body.seed: expected a whole number or null; found text"),
        ("one", {"frozen": "soon"}, "body.frozen: expected a time"),
        ("one", {"scenarios": ["defalt"]}, "body.scenarios: no scenario 'defalt'"),
        ("one", {"scenario": "default"}, "body: unknown key 'scenario'; "),
        ("one", {"keys": ["axp_taken"]}, ""),
    ],
)
def test_a_wrong_order_makes_no_world(control: httpx.Client, name: str, order: Any, message: str) -> None:
    control.put("/worlds/taken", json={"keys": ["axp_taken"]}).raise_for_status()
    answer = control.put(f"/worlds/{name}", json=order)
    assert answer.status_code == 400
    assert answer.json()["error"]["message"].startswith(message)
    assert [each["name"] for each in control.get("/worlds").json()["worlds"]] == ["default", "taken"]


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", ""), ("DELETE", ""), ("POST", "/reset"), ("GET", "/snapshot"), ("PUT", "/snapshot")],
)
def test_an_unknown_world_is_404_with_the_nearest(control: httpx.Client, method: str, path: str) -> None:
    control.put("/worlds/checkout", json={})
    answer = control.request(method, f"/worlds/chekout{path}", json={} if method == "PUT" else None)
    assert answer.status_code == 404
    assert "did you mean 'checkout'?" in answer.json()["error"]["message"]


def test_a_world_ends_and_the_default_one_stays(control: httpx.Client) -> None:
    control.put("/worlds/one", json=ORDER)
    assert control.delete("/worlds/one").json() == {"deleted": "one"}
    assert control.get("/worlds/one").status_code == 404
    assert control.delete("/worlds/default").status_code == 409


def test_a_world_begins_again(emulator: Emulated, control: httpx.Client) -> None:
    control.put("/worlds/one", json=ORDER)
    at = {"X-Emulator-World": "one"}
    caller(emulator, "axp_of_one_test").post("/messages", json=asking())
    control.post("/clock", json={"advance": "1h"}, headers=at)
    control.post("/faults", json={"fault": "latency", "params": "1s"}, headers=at).raise_for_status()
    told = control.post("/worlds/one/reset").json()
    assert (told["exchanges"], told["faults"], told["clock"]["iso"]) == (0, 0, "2030-01-01T00:00:00.000Z")
    assert told["keys"] == ["axp_********test"]


@pytest.mark.one_worker("several processes leave some numbers out")
def test_a_snapshot_makes_another_world_answer_the_same(emulator: Emulated, control: httpx.Client) -> None:
    def ask(world: str) -> Any:
        said = caller(emulator).post("/messages", json=asking(), headers={"X-Emulator-World": world})
        return said.json()

    control.put("/worlds/one", json={**ORDER, "keys": []})
    ask("one")
    saved = control.get("/worlds/one/snapshot").json()
    next_answer = ask("one")
    control.put("/worlds/two", json={"seed": 7}).raise_for_status()
    assert control.put("/worlds/two/snapshot", json=saved).status_code == 200
    assert ask("two") == next_answer


def test_a_world_with_a_number_that_json_has_not_can_not_be_saved(emulator: Emulated, control: httpx.Client) -> None:
    emulator.app.state.store.records.put("records/aiexport/models", "m", {"number": 2**70})
    answer = control.get("/worlds/default/snapshot")
    assert answer.status_code == 409
    assert answer.json()["error"]["message"].startswith("the state can't be saved: ")


def test_a_snapshot_of_an_older_version_is_refused_and_says_so(control: httpx.Client) -> None:
    answer = control.put("/worlds/default/snapshot", json={"format": 1, "scenarios": ["default"], "ids": []})
    assert answer.status_code == 400
    assert answer.json()["error"]["message"] == (
        "body: this snapshot was written by an older version (format 1); this version reads format 2; take it again"
    )


@pytest.mark.parametrize("snapshot", [{}, {"version": -1}, {"format": 1, "ids": []}])
def test_what_is_no_snapshot_is_refused(control: httpx.Client, snapshot: Any) -> None:
    assert control.put("/worlds/default/snapshot", json=snapshot).status_code == 400


def test_a_damaged_snapshot_is_refused_and_changes_nothing(control: httpx.Client) -> None:
    saved = control.get("/worlds/default/snapshot").json()
    for part in saved:
        for wrong in WRONG:
            answer = control.put("/worlds/default/snapshot", json={**saved, part: wrong})
            assert answer.status_code in (200, 400, 422), f"{part}: {wrong!r}: {answer.text}"
            if answer.status_code == 200:
                control.put("/worlds/default/snapshot", json=saved).raise_for_status()
            assert control.get("/worlds/default/snapshot").json() == saved


def test_a_snapshot_brings_along_the_scenarios_that_were_put(running: Running, control: httpx.Client) -> None:
    base = "scenario: base\nabout: A.\nextends: default\nrules:\n- {on: models.list, reply: {status: 418, body: tea}}\n"
    control.put("/worlds/one", json={}).raise_for_status()
    for name, text in (("base", base), ("top", "scenario: top\nabout: B.\nextends: base\n")):
        control.put(f"/scenarios/{name}", json={"yaml": text}, headers={"X-Emulator-World": "one"}).raise_for_status()
    control.post("/scenarios/use", json={"scenarios": ["top"]}, headers={"X-Emulator-World": "one"}).raise_for_status()
    saved = control.get("/worlds/one/snapshot").json()
    assert (saved["scenarios"], set(saved["written"]["top"])) == (["top"], {"base", "top"})
    assert tempfile.gettempdir() not in json.dumps(saved)
    other = Emulated(running, ("default",))
    try:
        control.put("/worlds/two", json={}).raise_for_status()
        for _ in range(2):
            put_back = control.put("/worlds/two/snapshot", json=saved)
            assert (put_back.status_code, put_back.json()["scenarios"]) == (200, ["top"])
            there = {"X-Emulator-World": "two", "X-API-Key": "axp_test_pro"}
            assert caller(other).get("/models", headers=there).status_code == 418
            assert control.get("/worlds/two/snapshot").json()["written"] == saved["written"]
        damaged: list[Any] = [{"top": "x"}, {"top": {}}, {"../x": {"../x": base}}, {"top": {"top": base, "../x": base}}]
        for wrong in damaged:
            assert control.put("/worlds/two/snapshot", json={**saved, "written": wrong}).status_code == 400
        broken = control.put("/worlds/two/snapshot", json={**saved, "written": {"top": {"top": "scenario: ["}}})
        assert (broken.status_code, broken.json()["error"]["complaints"][0]["file"]) == (422, "top.yaml")
    finally:
        other.close()
