"""Jobs in a test's hands."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from emulator import ControlError, Emulator

pytestmark = pytest.mark.emulator(frozen=True)


@pytest.fixture
def batch(http: httpx.Client, hello: dict[str, Any]) -> str:
    return str(http.post("/batch", json={"requests": [hello]}).json()["id"])


def test_they_are_listed_and_found(emulator: Emulator, batch: str) -> None:
    assert [job["id"] for job in emulator.jobs] == [batch]
    assert emulator.jobs[batch]["state"] == "queued"
    assert len(emulator.jobs.all(api="aiexport", kind="batch", state="queued")) == 1
    assert emulator.jobs.all(state="completed") == []


def test_they_end_when_the_test_says_so(emulator: Emulator, batch: str, http: httpx.Client) -> None:
    emulator.jobs.complete(batch)
    assert http.get(f"/batch/{batch}").json()["status"] == "completed"


def test_they_fail_when_the_test_says_so(emulator: Emulator, batch: str, http: httpx.Client) -> None:
    emulator.jobs.set(batch, "in_progress")
    assert http.get(f"/batch/{batch}").json()["status"] == "in_progress"
    emulator.jobs.fail(batch)
    assert http.get(f"/batch/{batch}").json()["status"] == "failed"


def test_one_that_there_is_not_is_refused(emulator: Emulator, batch: str) -> None:
    assert len(emulator.jobs) == 1
    with pytest.raises(ControlError, match="no job 'batch_x'"):
        emulator.jobs.complete("batch_x")
