"""Jobs begin without a request, over HTTP: as old as a test wants, or in the state that it wants."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from emulator.dates import LATEST
from emulator.worlds.snapshot import MAX_ITEMS
from tests.apis.aiexport_calls import asking, caller
from tests.receiver import receiving
from tests.running import Emulated

ROW = asking("What is 2 + 2?")
ORDER = {"kind": "batch", "as": "axp_test_pro", "items": [ROW] * 10}
EXECUTION = {"kind": "execution", "as": "aix_test_demo"}


@pytest.fixture(autouse=True)
def still(control: httpx.Client) -> None:
    control.post("/clock", json={"set": 1_000_000, "freeze": True}).raise_for_status()


def begin(control: httpx.Client, **order: Any) -> dict[str, Any]:
    answer = control.post("/jobs", json={**ORDER, **order})
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


def refusal(control: httpx.Client, order: Any, status: int = 400) -> str:
    answer = control.post("/jobs", json=order)
    assert answer.status_code == status, answer.text
    assert control.get("/jobs").json()["jobs"] == []
    return str(answer.json()["error"]["message"])


def states(job: dict[str, Any]) -> list[str]:
    return [each["state"] for each in job["history"]]


def test_a_client_finds_it_half_done_and_sees_it_end(emulator: Emulated, control: httpx.Client) -> None:
    job = begin(control, finished=5)
    client = caller(emulator)
    shown = client.get(f"/batch/{job['id']}").json()
    assert (shown["status"], shown["request_counts"]["succeeded"]) == ("in_progress", 5)
    control.post("/clock", json={"advance": "1s"}).raise_for_status()
    assert client.get(f"/batch/{job['id']}").json()["request_counts"]["succeeded"] == 10
    rows = client.get(f"/batch/{job['id']}/results").json()["data"]
    assert rows[0]["result"]["message"]["content"][0]["text"] == "2 + 2 = 4."


@pytest.mark.parametrize("finished", [0, 1, 9, 10])
def test_as_many_items_are_finished_as_were_ordered(control: httpx.Client, finished: int) -> None:
    assert begin(control, finished=finished)["counts"]["succeeded"] == finished


def test_its_age_says_how_far_it_is(control: httpx.Client) -> None:
    assert begin(control, age="0s")["state"] == "queued"
    assert begin(control, age=1.05)["counts"]["succeeded"] == 5
    old = begin(control, age="1h")
    assert (old["state"], old["ended_at"]) == ("completed", 1_000_000 - 3_600 + 1.1)


@pytest.mark.parametrize("state", ["queued", "in_progress", "completed", "cancelling", "cancelled", "failed"])
@pytest.mark.parametrize("age", ["0s", "1050ms", "30s"])
def test_it_is_in_the_state_that_was_ordered_however_old(control: httpx.Client, state: str, age: str) -> None:
    job = begin(control, state=state, age=age)
    assert job["state"] == state
    assert len(set(states(job))) == len(states(job))
    assert [each["at"] for each in job["history"]] == sorted(each["at"] for each in job["history"])
    if state == "in_progress":
        control.post("/clock", json={"advance": "2s"}).raise_for_status()
        assert control.get(f"/jobs/{job['id']}").json()["state"] == "completed"


def test_it_belongs_to_the_key_that_it_was_ordered_as(emulator: Emulated, control: httpx.Client) -> None:
    job = begin(control, id="batch_mine")
    assert (job["id"], job["workspace"], job["seeded"]) == ("batch_mine", "demo-pro", True)
    assert caller(emulator, "axp_test_enterprise").get("/batch/batch_mine").status_code == 404
    before = control.get("/limits", params={"key": "axp_test_pro"}).json()["limits"]
    assert all(counter["used"] == 0 for counter in before.values())
    caller(emulator).get("/batch/batch_mine").raise_for_status()
    assert control.get("/exchanges").json()["exchanges"][-1]["seeded"] == ["aiexport/batch/batch_mine"]


def test_ids_are_those_that_requests_would_give(control: httpx.Client) -> None:
    ids = [begin(control)["id"] for _ in range(2)]
    assert all(id.startswith("batch_") for id in ids)
    assert len(set(ids)) == 2


def test_a_kind_that_says_something_is_given_what_it_says(emulator: Emulated, control: httpx.Client) -> None:
    assert refusal(control, EXECUTION).startswith("body: 'result' is missing")
    order = {**EXECUTION, "result": {"status": "SUCCESS", "completed": True, "data": "Hello!"}, "age": "1s"}
    job = control.post("/jobs", json=order).json()
    client = emulator.client("aixplain", headers={"x-api-key": "aix_test_demo"})
    assert client.get(f"/api/v1/data/{job['id']}").json()["data"] == "Hello!"


def test_its_end_is_reported_to_the_webhook_that_it_remembers(control: httpx.Client) -> None:
    with receiving() as receiver:
        begin(control, data={"webhook_url": receiver.url}, age="1h")
        control.post("/webhooks/wait", json={"count": 1}).raise_for_status()
        assert len(receiver.got) == 1


def test_a_key_of_another_api_has_no_such_job(control: httpx.Client) -> None:
    message = refusal(control, {**ORDER, "as": "aix_test_demo"})
    assert message.startswith("body.as: the key ")
    assert message.endswith(" is one of aixplain; jobs of this kind are those of aiexport")


def test_wrong_orders_are_refused_and_begin_nothing(control: httpx.Client) -> None:
    assert "did you mean 'batch'?" in refusal(control, {**ORDER, "kind": "bacth"})
    assert "did you mean 'aiexport'?" in refusal(control, {**ORDER, "api": "aiexprt"})
    assert "did you mean 'in_progress'?" in refusal(control, {**ORDER, "state": "in progress"})
    assert "is over as soon as it is in_progress" in refusal(control, {**ORDER, "items": [], "state": "in_progress"})
    assert refusal(control, {"kind": "batch"}) == "body: 'as' is missing"
    assert refusal(control, {**EXECUTION, "as": "aix_test_revoked", "result": {}}).startswith("body.as: ")
    assert refusal(control, {**ORDER, "finished": 11}) == "body.finished: the job has 10 items; found 11"
    assert refusal(control, {**ORDER, "items": -1}) == (
        "body.items: expected a list, or a number from 0 to 10,000,000; found -1"
    )
    assert refusal(control, {**ORDER, "finished": 1, "age": "1s"}).startswith("body.finished: says how far")
    assert refusal(control, {**ORDER, "age": "soon"}).startswith("body.age")
    begin(control, id="batch_mine")
    assert control.post("/jobs", json={**ORDER, "id": "batch_mine"}).status_code == 409


@pytest.mark.bound("items of a job that is begun by hand")
def test_a_job_that_no_snapshot_could_hold_is_refused(control: httpx.Client) -> None:
    for items in (10**15, MAX_ITEMS + 1):
        assert refusal(control, {**ORDER, "items": items, "finished": 5}) == (
            f"body.items: expected a list, or a number from 0 to 10,000,000; found {items:,}"
        )
    before = "the job would have begun before 1970; expected a time from then on"
    assert refusal(control, {**ORDER, "age": 1_000_001}) == f"body.age: {before}"
    control.post("/clock", json={"set": 10}).raise_for_status()
    many = {**ORDER, "items": MAX_ITEMS, "finished": MAX_ITEMS}
    assert refusal(control, many) == f"body.finished: {before}"
    control.post("/clock", json={"set": LATEST}).raise_for_status()
    assert refusal(control, {**many, "finished": 0}) == (
        "body.items: a job of 10,000,000 items would end after the year 9999; give fewer"
    )


@pytest.mark.parametrize("order", [{"items": MAX_ITEMS}, {"age": 1_000_000}, {"items": MAX_ITEMS, "state": "failed"}])
def test_the_largest_and_the_oldest_are_in_a_snapshot(control: httpx.Client, order: dict[str, Any]) -> None:
    job = begin(control, **order)
    taken = control.get("/worlds/default/snapshot").json()
    control.put("/worlds/default/snapshot", json=taken).raise_for_status()
    assert control.get(f"/jobs/{job['id']}").json() == job


def test_items_that_move_by_polls_are_finished_by_polls(control: httpx.Client) -> None:
    control.post("/scenarios/use", json={"scenarios": ["by-polls"]}).raise_for_status()
    assert refusal(control, {**ORDER, "finished": 5}) == (
        "body.finished: the client's polls finish items of this kind; leave it out and poll the job, or give `state`"
    )
