"""Test a cancelled batch: it runs for a while and is cancelled, and the client uses the results there are.

A batch takes time. Here the clock is frozen, so the batch gets as far as the test advances it, and no test waits.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from emulator import Emulator

pytestmark = pytest.mark.emulator(frozen=True)
ROW = {"model": "apex-haiku-4-20250401", "messages": [{"role": "user", "content": "What is 5 + 5?"}]}


# The client under test.
def cancel(http: httpx.Client, batch: str, sleep: Callable[[float], object]) -> dict[str, Any]:
    """Cancel a batch and wait until it has stopped; one that had ended already is as good."""
    answer = http.delete(f"/batch/{batch}/cancel")
    if answer.status_code != 409:
        answer.raise_for_status()
    while True:
        state: dict[str, Any] = http.get(f"/batch/{batch}").raise_for_status().json()
        if state["status"] in ("completed", "cancelled", "failed"):
            return state
        sleep(2)


def client(emulator: Emulator) -> httpx.Client:
    return httpx.Client(base_url=emulator.base_url("aiexport"), headers={"X-API-Key": emulator.key("pro")})


def begin(http: httpx.Client, rows: int) -> str:
    return str(http.post("/batch", json={"requests": [ROW] * rows}).raise_for_status().json()["id"])


def test_a_running_batch_stops(emulator: Emulator) -> None:
    with client(emulator) as http:
        batch = begin(http, rows=1_000)
        emulator.clock.advance("6s")  # a second in the queue, then a hundred rows a second
        assert emulator.jobs[batch]["state"] == "in_progress"

        stopped = cancel(http, batch, sleep=emulator.clock.advance)

    assert stopped["status"] == "cancelled"
    assert stopped["request_counts"]["succeeded"] == 500
    assert stopped["request_counts"]["cancelled"] == 500
    assert len(emulator.requests("batch.cancel")) == 1


def test_a_client_does_not_mind_that_the_batch_was_quicker(emulator: Emulator) -> None:
    with client(emulator) as http:
        batch = begin(http, rows=1)
        emulator.jobs.complete(batch)

        assert cancel(http, batch, sleep=emulator.clock.advance)["status"] == "completed"

    assert emulator.requests("batch.cancel").last.status == 409


def test_a_client_sees_that_a_batch_has_failed(emulator: Emulator) -> None:
    with client(emulator) as http:
        batch = begin(http, rows=1)
        emulator.jobs.fail(batch)

        assert cancel(http, batch, sleep=emulator.clock.advance)["status"] == "failed"
