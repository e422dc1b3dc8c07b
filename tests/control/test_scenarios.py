"""Scenarios are listed, played, put and deleted over HTTP; a wrong one changes nothing and is told line by line."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from emulator.compile.playbooks import Names, Playbooks
from emulator.control import uploads
from emulator.language.document.reader import read
from emulator.playbook.apis import Playbook
from tests.apis.aiexport_calls import asking, caller
from tests.running import Emulated

OUTAGE = """\
scenario: my-outage
about: Messages are down.
extends: default
rules:
  - on: messages.create
    reply: {status: 503, body: {down: true}}
"""


def names(control: httpx.Client) -> list[str]:
    return [each["name"] for each in control.get("/scenarios").json()["available"]]


def test_what_comes_with_the_emulator_is_available_and_default_is_played(control: httpx.Client) -> None:
    told = control.get("/scenarios").json()
    assert told["using"] == ["default"]
    assert {"default", "free-tier", "outage"} <= {each["name"] for each in told["available"]}
    assert all(each["about"] for each in told["available"])


def test_others_are_played_from_the_next_request_on(emulator: Emulated, control: httpx.Client) -> None:
    said = control.post("/scenarios/use", json={"scenarios": ["outage"]})
    assert (said.status_code, said.json()["using"]) == (200, ["outage"])
    assert caller(emulator).post("/messages", json=asking()).status_code >= 500


def test_a_scenario_that_was_put_is_played(emulator: Emulated, control: httpx.Client) -> None:
    put = control.put("/scenarios/my-outage", json={"yaml": OUTAGE})
    assert (put.status_code, put.json()) == (201, {"scenario": "my-outage", "new": True})
    assert "my-outage" in names(control)
    assert control.post("/scenarios/use", json={"scenarios": ["my-outage"]}).json()["using"] == ["my-outage"]
    assert caller(emulator).post("/messages", json=asking()).json() == {"down": True}
    again = control.put("/scenarios/my-outage", json={"yaml": OUTAGE.replace("503", "502")})
    assert (again.status_code, again.json()["new"]) == (200, False)
    assert caller(emulator).post("/messages", json=asking()).status_code == 503
    control.post("/scenarios/use", json={"scenarios": ["my-outage"]})
    assert caller(emulator).post("/messages", json=asking()).status_code == 502


def test_a_scenario_is_put_as_an_object_too_and_extends_another(emulator: Emulated, control: httpx.Client) -> None:
    control.put("/scenarios/my-outage", json={"yaml": OUTAGE}).raise_for_status()
    above = {"scenario": "above", "about": "More.", "extends": "my-outage"}
    control.put("/scenarios/above", json=above).raise_for_status()
    control.post("/scenarios/use", json={"scenarios": ["above"]}).raise_for_status()
    assert caller(emulator).post("/messages", json=asking()).status_code == 503


def test_every_complaint_has_its_line_and_nothing_is_kept(control: httpx.Client) -> None:
    wrong = OUTAGE.replace("messages.create", "messages.crate").replace("reply:", "replay:")
    answer = control.put("/scenarios/my-outage", json={"yaml": wrong})
    assert answer.status_code == 422
    complaints = answer.json()["error"]["complaints"]
    places = [(each["file"], each["line"], each["column"]) for each in complaints]
    assert places == [("my-outage.yaml", 5, 9), ("my-outage.yaml", 6, 5)]
    assert "did you mean 'messages.create'?" in complaints[0]["message"]
    assert "did you mean 'reply'?" in complaints[1]["message"]
    assert "my-outage" not in names(control)


def test_what_fails_later_names_the_scenario_as_it_was_put(emulator: Emulated, control: httpx.Client) -> None:
    rule = "{on: models.list, reply: {body: '{{ caller.data.nothing.more }}'}}"
    text = f"scenario: mine\nextends: default\nrules:\n  - {rule}\n"
    control.put("/scenarios/mine", json={"yaml": text}).raise_for_status()
    control.post("/scenarios/use", json={"scenarios": ["mine"]}).raise_for_status()
    failed = caller(emulator).get("/models")
    assert failed.status_code == 500
    assert failed.headers["x-emulator-error"].startswith("mine.yaml:4:")
    (exchange,) = control.get("/exchanges", params={"last": 1}).json()["exchanges"]
    assert exchange["error"].startswith("mine.yaml:4:")


def test_the_complaints_about_an_object_point_into_the_body(control: httpx.Client) -> None:
    body = b'{\n\t"scenario": "x",\n\t"about": "A test.",\n\t"extens": "default"\n}'
    answer = control.put("/scenarios/x", content=body, headers={"Content-Type": "application/json"})
    (complaint, *_) = answer.json()["error"]["complaints"]
    assert (complaint["file"], complaint["line"], complaint["column"]) == ("x.yaml", 4, 2)


@pytest.mark.parametrize(
    ("body", "status", "message"),
    [
        ({"scenarios": ["outgae"]}, 400, "body.scenarios: no scenario 'outgae'; "),
        ({"scenarios": []}, 400, "body.scenarios: expected a list with at least one item"),
        ({"scenarios": "outage"}, 400, "body.scenarios: expected a list; found text"),
        ({"scenario": ["outage"]}, 400, "body: unknown key 'scenario'; expected one of: scenarios; did you mean"),
        ({}, 400, "body: 'scenarios' is missing"),
        ({"scenarios": ["nowhere/x.yaml"]}, 422, "the scenario is invalid: 1 error; nothing was changed"),
    ],
)
def test_what_can_not_be_played_changes_nothing(control: httpx.Client, body: Any, status: int, message: str) -> None:
    answer = control.post("/scenarios/use", json=body)
    assert answer.status_code == status
    assert answer.json()["error"]["message"].startswith(message)
    assert control.get("/scenarios").json()["using"] == ["default"]


@pytest.mark.parametrize(
    ("method", "name", "status"),
    [
        ("PUT", "default", 409),
        ("DELETE", "default", 409),
        ("DELETE", "nothing", 404),
        ("PUT", "a.yaml", 400),
        ("PUT", "..%2Fx", 400),
        ("PUT", "%20", 400),
    ],
)
def test_a_name_that_is_not_free_or_is_none_is_refused(
    control: httpx.Client, method: str, name: str, status: int
) -> None:
    body: dict[str, Any] = {"json": {"yaml": OUTAGE}} if method == "PUT" else {}
    assert control.request(method, f"/scenarios/{name}", **body).status_code == status


def test_a_deleted_one_is_gone_and_whoever_plays_it_goes_on(emulator: Emulated, control: httpx.Client) -> None:
    control.put("/scenarios/my-outage", json={"yaml": OUTAGE})
    control.post("/scenarios/use", json={"scenarios": ["my-outage"]})
    assert control.delete("/scenarios/my-outage").json() == {"removed": "my-outage"}
    assert "my-outage" not in names(control)
    assert caller(emulator).post("/messages", json=asking()).status_code == 503


def test_two_worlds_put_two_scenarios_by_one_name(emulator: Emulated, control: httpx.Client) -> None:
    for world, status in (("one", "502"), ("two", "504")):
        control.put(f"/worlds/{world}", json={}).raise_for_status()
        at = {"X-Emulator-World": world}
        control.put("/scenarios/own", json={"yaml": OUTAGE.replace("503", status)}, headers=at).raise_for_status()
        control.post("/scenarios/use", json={"scenarios": ["own"]}, headers=at).raise_for_status()
    asked = [
        caller(emulator).post("/messages", json=asking(), headers={"X-Emulator-World": world}).status_code
        for world in ("one", "two", "default")
    ]
    assert asked == [502, 504, 200]
    assert "own" not in names(control)


@pytest.mark.bound("scenarios that were put")
def test_a_world_has_only_so_many_scenarios_of_its_own(control: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    assert uploads.MAX_SCENARIOS == 200
    monkeypatch.setattr("emulator.control.uploads.MAX_SCENARIOS", 2)
    smallest = {"scenario": "mine", "extends": "default"}
    assert [control.put(f"/scenarios/{name}", json={**smallest, "scenario": name}).status_code for name in "abc"] == [
        201,
        201,
        409,
    ]
    assert control.put("/scenarios/b", json={**smallest, "scenario": "b"}).status_code == 200
    control.delete("/scenarios/a").raise_for_status()
    assert control.put("/scenarios/c", json={**smallest, "scenario": "c"}).status_code == 201


@pytest.mark.one_worker("each process compiles for itself")
@pytest.mark.bound("compiling a scenario that was put")
@pytest.mark.finding("A9")
def test_others_are_served_while_a_scenario_is_compiled(
    emulator: Emulated, control: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is compiled in a thread: a request that comes meanwhile has its response before the compiler goes on."""
    compile_here = Playbooks.compile
    served: list[int] = []

    def compile_slowly(self: Playbooks, names: Names) -> Playbook:
        served.append(caller(emulator).post("/messages", json=asking()).status_code)
        return compile_here(self, names)

    monkeypatch.setattr(Playbooks, "compile", compile_slowly)
    control.put("/scenarios/my-outage", json={"yaml": OUTAGE}).raise_for_status()
    control.post("/scenarios/use", json={"scenarios": ["my-outage"]}).raise_for_status()
    assert served == [200]  # and `use` compiles nothing anew
    control.post("/scenarios/use", json={"scenarios": ["my-outage", "strict"]}).raise_for_status()
    control.put("/worlds/other", json={"scenarios": ["strict"]}).raise_for_status()
    assert served == [200, 503, 503]


@pytest.mark.one_worker("each process reads for itself")
def test_a_long_scenario_is_read_once_for_what_it_says_of_itself(
    control: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    control.put("/scenarios/my-outage", json={"yaml": OUTAGE}).raise_for_status()
    monkeypatch.setattr("emulator.control.uploads.read", lambda file: read(file) if "my-" not in file.name else None)
    said = {each["name"]: each["about"] for each in control.get("/scenarios").json()["available"]}
    assert said["my-outage"] == "Messages are down."
