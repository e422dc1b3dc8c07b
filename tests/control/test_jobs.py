"""Jobs are listed, completed, failed and moved over HTTP."""

from __future__ import annotations

import httpx
import pytest

from tests.apis.aiexport_calls import asking, caller, create
from tests.running import Emulated

ROW = asking("What is 2 + 2?", custom_id="sum")


@pytest.fixture
def batch(emulator: Emulated) -> str:
    return str(create(caller(emulator), ROW)["id"])


def test_jobs_are_listed_and_told(control: httpx.Client, batch: str) -> None:
    (job,) = control.get("/jobs", params={"api": "aiexport", "kind": "batch"}).json()["jobs"]
    assert (job["id"], job["api"], job["kind"], job["done"], job["ended_at"]) == (
        batch,
        "aiexport",
        "batch",
        False,
        None,
    )
    assert job["counts"]["total"] == 1
    assert control.get(f"/jobs/{batch}").json() == job
    assert control.get("/jobs", params={"state": job["state"]}).json()["jobs"] == [job]
    assert control.get("/jobs", params={"state": "completed"}).json()["jobs"] == []


def test_a_job_is_completed_as_its_api_shows_it(emulator: Emulated, control: httpx.Client, batch: str) -> None:
    done = control.post(f"/jobs/{batch}/complete").json()
    assert (done["state"], done["done"], done["counts"]["succeeded"]) == ("completed", True, 1)
    assert caller(emulator).get(f"/batch/{batch}").json()["status"] == "completed"


def test_a_job_fails(control: httpx.Client, batch: str) -> None:
    failed = control.post(f"/jobs/{batch}/fail").json()
    assert (failed["state"], failed["done"]) == ("failed", True)


def test_a_job_is_cancelled_as_its_api_would(emulator: Emulated, control: httpx.Client, batch: str) -> None:
    cancelled = control.post(f"/jobs/{batch}/cancel").json()
    assert cancelled["cancelled_at"] is not None
    assert control.post(f"/jobs/{batch}/cancel").json() == cancelled
    control.post("/clock", json={"advance": "1h"})
    assert caller(emulator).get(f"/batch/{batch}").json()["status"] == "cancelled"


def test_the_history_of_a_job_holds_its_states_with_their_times(control: httpx.Client, batch: str) -> None:
    job = control.get(f"/jobs/{batch}").json()
    assert [each["state"] for each in job["history"]] == ["queued", "in_progress", "completed"]
    assert (job["history"][0]["at"], job["history"][-1]["at"]) == (job["started_at"], job["ends_at"])
    control.post("/clock", json={"set": job["history"][1]["at"]})
    failed = control.post(f"/jobs/{batch}/fail").json()
    assert [each["state"] for each in failed["history"]] == ["queued", "failed"]
    assert failed["history"][-1]["at"] == failed["ended_at"]


def test_a_job_is_moved_to_a_state_and_goes_on_from_there(control: httpx.Client, batch: str) -> None:
    moved = control.post(f"/jobs/{batch}", json={"state": "in_progress"}).json()
    assert (moved["state"], moved["done"]) == ("in_progress", False)
    control.post("/clock", json={"advance": "1h"})
    assert control.get(f"/jobs/{batch}").json()["state"] == "completed"


def test_an_ended_job_stays_as_it_is(control: httpx.Client, batch: str) -> None:
    control.post(f"/jobs/{batch}/fail")
    for path in ("/complete", "/fail"):
        answer = control.post(f"/jobs/{batch}{path}")
        assert answer.status_code == 409
        assert answer.json()["error"]["message"] == f"job '{batch}' has ended already: failed"


def test_wrong_states_and_ids_are_refused_with_the_nearest(control: httpx.Client, batch: str) -> None:
    answer = control.post(f"/jobs/{batch}", json={"state": "complete"})
    assert answer.status_code == 400
    assert "did you mean 'completed'?" in answer.json()["error"]["message"]
    answer = control.get(f"/jobs/{batch[:-1]}")
    assert answer.status_code == 404
    assert f"did you mean '{batch}'?" in answer.json()["error"]["message"]


@pytest.mark.parametrize(("query", "message"), [({"kind": "bach"}, "'batch'"), ({"api": "aiexprot"}, "'aiexport'")])
def test_a_wrong_filter_is_refused_with_the_nearest(control: httpx.Client, query: dict[str, str], message: str) -> None:
    answer = control.get("/jobs", params=query)
    assert answer.status_code == 400
    assert answer.json()["error"]["message"].endswith(f"did you mean {message}?")
