"""Test a job by polls: it is done with the third poll, on any machine and without moving the clock.

Write `completed: 3 polls` in a scenario; the scenario `by-polls` does it for every job.
"""

from __future__ import annotations

import httpx
import pytest

from emulator import Emulator

ROW = {"model": "apex-haiku-4-20250401", "messages": [{"role": "user", "content": "What is 5 + 5?"}]}


class TooManyPolls(Exception):
    """The batch had not ended when the client gave up."""


# The client under test. A real one waits between two polls.
def wait_for(http: httpx.Client, batch: str, most: int = 10) -> list[str]:
    """The states that were seen until the batch had ended. Raises TooManyPolls."""
    seen = []
    for _ in range(most):
        seen.append(http.get(f"/batch/{batch}").raise_for_status().json()["status"])
        if seen[-1] in ("completed", "failed", "cancelled"):
            return seen
    raise TooManyPolls(batch)


def client(emulator: Emulator) -> httpx.Client:
    return httpx.Client(base_url=emulator.base_url("aiexport"), headers={"X-API-Key": emulator.key("pro")})


@pytest.mark.emulator(scenario="by-polls")
def test_it_asks_until_the_batch_is_done(emulator: Emulator) -> None:
    with client(emulator) as http:
        batch = http.post("/batch", json={"requests": [ROW] * 4}).raise_for_status().json()["id"]

        assert wait_for(http, batch) == ["in_progress", "in_progress", "completed"]

    assert emulator.jobs.polls(batch) == 3


@pytest.mark.emulator(scenario="by-polls")
def test_it_gives_up_on_a_batch_that_never_ends(emulator: Emulator) -> None:
    emulator.arm("stuck", on="batch.create", params={"after": "2 polls"})

    with client(emulator) as http:
        batch = http.post("/batch", json={"requests": [ROW] * 4}).raise_for_status().json()["id"]
        with pytest.raises(TooManyPolls):
            wait_for(http, batch, most=5)

    assert emulator.jobs[batch]["state"] == "in_progress"
