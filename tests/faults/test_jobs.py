"""Faults of jobs: those that never end, that fail, and whose state goes back and forth, over HTTP and on the clock."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from emulator.errors import ConfigError
from emulator.language.document.durations import Duration
from emulator.playbook.timeline import CANCELLED_AT_ONCE
from tests.apis import aixplain_calls
from tests.apis.aiexport_calls import HAIKU, asking, caller, create
from tests.faults.conftest import complaint
from tests.receiver import receiving
from tests.running import Emulated

DAY = 86_400.0
ROWS = [asking(f"Question {number}", HAIKU) for number in range(100)]  # queued for 1 s, in progress for 1 s


def ask_for(client: httpx.Client, fault: str) -> None:
    client.headers["X-Emulator-Fault"] = fault


def batch(client: httpx.Client, id: str) -> dict[str, Any]:
    seen: dict[str, Any] = client.get(f"/batch/{id}", headers={"X-Emulator-Fault": "latency=0ms"}).json()
    return seen


def life(emulator: Emulated, client: httpx.Client, id: str, seconds: float, step: float = 0.5) -> list[str]:
    """The states of a batch, each `step`."""
    states = []
    for _ in range(int(seconds / step) + 1):
        states.append(batch(client, id)["status"])
        emulator.advance(step)
    return states


# ------------------------------------------------------------------------------------------------------------- stuck


def test_a_stuck_batch_never_ends_and_sends_no_webhook(emulator: Emulated) -> None:
    client = caller(emulator)
    ask_for(client, "stuck")
    with receiving() as receiver:
        id = create(client, *ROWS, webhook_url=receiver.url)["id"]
        emulator.advance(1_000 * DAY)
        seen = batch(client, id)
        assert (seen["status"], seen["completed_at"]) == ("in_progress", None)
        assert seen["request_counts"] == {
            "total": 100,
            "processing": 100,
            "succeeded": 0,
            "errored": 0,
            "cancelled": 0,
        }
        assert receiver.got == []


@pytest.mark.parametrize(
    ("fault", "state", "succeeded"),
    [
        ("stuck=queued", "queued", 0),
        ("stuck; state=in_progress", "in_progress", 0),
        ("stuck; after=1500ms", "in_progress", 50),
        ("stuck; after=30d", "in_progress", 99),
    ],
)
def test_where_a_batch_gets_stuck_can_be_said(emulator: Emulated, fault: str, state: str, succeeded: int) -> None:
    client = caller(emulator)
    ask_for(client, fault)
    id = create(client, *ROWS)["id"]
    emulator.advance(60 * DAY)
    seen = batch(client, id)
    assert (seen["status"], seen["request_counts"]["succeeded"]) == (state, succeeded)


@pytest.mark.parametrize("after", ["2s", "2001ms", "30d"])
def test_a_batch_that_gets_stuck_at_its_end_or_later_never_ends(emulator: Emulated, after: str) -> None:
    """Not even for the moment between its end and its getting stuck."""
    client = caller(emulator)
    ask_for(client, f"stuck; after={after}")
    id = create(client, *ROWS)["id"]
    for step in (1.999999, 0.000001, 0.000001, 1.0, 60 * DAY):
        emulator.advance(step)
        seen = batch(client, id)
        assert (seen["status"], seen["completed_at"], seen["request_counts"]["succeeded"]) == ("in_progress", None, 99)


def test_a_stuck_batch_can_be_cancelled(emulator: Emulated) -> None:
    client = caller(emulator)
    ask_for(client, "stuck; after=1500ms")
    id = create(client, *ROWS)["id"]
    emulator.advance(DAY)
    assert client.delete(f"/batch/{id}/cancel", headers={"X-Emulator-Fault": "latency=0ms"}).status_code == 200
    emulator.advance(1)
    seen = batch(client, id)
    assert seen["status"] == "cancelled"
    assert (seen["request_counts"]["succeeded"], seen["request_counts"]["cancelled"]) == (50, 50)


@pytest.mark.one_worker("it looks into one process")
def test_a_stuck_batch_can_be_ended_and_moved_by_hand(emulator: Emulated) -> None:
    client = caller(emulator)
    ask_for(client, "stuck")
    ended, moved = create(client, *ROWS)["id"], create(client, *ROWS)["id"]
    emulator.advance(DAY)
    jobs = emulator.app.pipeline.services["aiexport"].jobs
    jobs.complete(found(emulator, ended))
    jobs.move(found(emulator, moved), "in_progress")
    assert batch(client, ended)["status"] == "completed"
    assert batch(client, moved)["status"] == "in_progress"
    emulator.advance(1)
    assert batch(client, moved)["status"] == "completed"


def found(emulator: Emulated, id: str) -> Any:
    return emulator.app.pipeline.services["aiexport"].jobs.find(id)


# -------------------------------------------------------------------------------------------------------------- fail


def test_a_batch_fails_halfway_through_its_work_and_its_webhook_says_so(emulator: Emulated) -> None:
    client = caller(emulator)
    ask_for(client, "fail")
    with receiving() as receiver:
        id = create(client, *ROWS, webhook_url=receiver.url)["id"]
        assert life(emulator, client, id, 2) == ["queued", "queued", "in_progress", "failed", "failed"]
        counts = batch(client, id)["request_counts"]
        assert (counts["succeeded"], counts["cancelled"]) == (50, 50)
        [(_, body)] = receiver.got
        assert b'"type":"batch.failed"' in body


@pytest.mark.parametrize(
    ("fault", "states"),
    [
        ("fail=cancelled", ["queued", "queued", "in_progress", "cancelled"]),
        ("fail; after=500ms", ["queued", "failed", "failed", "failed"]),
        ("fail; after=0s; state=completed", ["completed"] * 4),
    ],
)
def test_how_and_when_a_batch_fails_can_be_said(emulator: Emulated, fault: str, states: list[str]) -> None:
    client = caller(emulator)
    ask_for(client, fault)
    assert life(emulator, client, create(client, *ROWS)["id"], 1.5) == states


def test_a_failed_run_is_reported_in_the_shape_of_its_api(emulator: Emulated) -> None:
    client = aixplain_calls.caller(emulator)
    ask_for(client, "fail")
    run = aixplain_calls.started(aixplain_calls.execute(client, aixplain_calls.SLOW_LLM, text="What is 2 + 2?"))
    emulator.advance(1)
    assert aixplain_calls.polled(client, run["data"])["status"] == "FAILED"


def test_a_batch_that_is_cancelled_first_does_not_live_to_fail(emulator: Emulated) -> None:
    client = caller(emulator)
    ask_for(client, "fail; after=5s, flap; every=10s")
    id = create(client, *ROWS)["id"]
    emulator.advance(3)
    assert client.delete(f"/batch/{id}/cancel", headers={"X-Emulator-Fault": "latency=0ms"}).status_code == 200
    assert life(emulator, client, id, 20, step=1) == ["cancelling"] + ["cancelled"] * 20


# -------------------------------------------------------------------------------------------------------------- flap


def test_a_batch_flaps_and_then_goes_on_to_its_end(emulator: Emulated) -> None:
    client = caller(emulator)
    ask_for(client, "flap; times=2; every=500ms")
    id = create(client, *ROWS)["id"]
    # Queued 1 s, in progress 0.5 s, twice back and forth; then the second of work that it always takes.
    assert life(emulator, client, id, 5) == [
        "queued",
        "queued",
        *("in_progress", "queued") * 2,
        *("in_progress",) * 2,
        *("completed",) * 3,
    ]
    assert batch(client, id)["request_counts"]["succeeded"] == 100


def test_a_batch_may_seem_to_have_ended_before_it_has_and_reports_only_its_end(emulator: Emulated) -> None:
    client = caller(emulator)
    ask_for(client, "flap=completed")
    with receiving() as receiver:
        id = create(client, *ROWS, webhook_url=receiver.url)["id"]
        states = []
        for _ in range(10):
            states.append((batch(client, id)["status"], client.get(f"/batch/{id}/results").status_code))
            emulator.advance(1)
        assert [state for state, _ in states] == [
            "queued",
            *("in_progress", "completed") * 3,
            "in_progress",
            *("completed",) * 2,
        ]
        assert dict(states) == {"queued": 409, "in_progress": 409, "completed": 200}
        assert len(receiver.got) == 1


def test_a_run_with_one_state_of_work_seems_to_end(emulator: Emulated) -> None:
    client = aixplain_calls.caller(emulator)
    ask_for(client, "flap; times=1")
    run = aixplain_calls.started(aixplain_calls.execute(client, aixplain_calls.SLOW_LLM, text="What is 2 + 2?"))
    states = []
    for _ in range(5):
        states.append(aixplain_calls.polled(client, run["data"])["status"])
        emulator.advance(1)
    assert states == ["IN_PROGRESS", "SUCCESS", "IN_PROGRESS", "SUCCESS", "SUCCESS"]


# --------------------------------------------------------------------------------------------------------- bad input


@pytest.mark.parametrize(
    ("name", "given", "reason"),
    [
        ("stuck", {"state": "queued", "after": "1s"}, "give `state` or `after`, not both"),
        ("stuck", {"stat": "queued"}, "unknown parameter 'stat'; expected one of: state, after; did you mean 'state'"),
        ("fail", {"after": "soon"}, "after: expected a duration such as '340ms'"),
        ("flap", {"times": 0}, "times: expected a whole number from 1 to 1000; found 0"),
        ("flap", {"times": 1_001}, "times: expected a whole number from 1 to 1000; found 1001"),
    ],
)
def test_invalid_parameters_are_refused(name: str, given: dict[str, Any], reason: str) -> None:
    assert reason in complaint(name, given)


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ("stuck=in_progres", "fault stuck: state: unknown state 'in_progres'"),
        ("stuck=completed", "fault stuck: 'completed' is the final state; a job can't get stuck in it"),
        ("flap=complete", "did you mean 'completed'?"),
        ("stuk", "did you mean 'stuck'?"),
    ],
)
def test_a_state_that_the_job_does_not_have_is_refused_and_no_job_begins(
    emulator: Emulated, fault: str, reason: str
) -> None:
    client = caller(emulator)
    refused = client.post("/batch", json={"requests": ROWS[:1]}, headers={"X-Emulator-Fault": fault})
    assert refused.status_code == 400
    assert reason in refused.json()["error"]["message"]
    assert reason in refused.headers["X-Emulator-Hint"]
    assert client.get("/batch").json()["data"] == []


def test_a_job_without_states_before_its_end_cannot_flap() -> None:
    with pytest.raises(ConfigError, match="has no state to come back from"):
        CANCELLED_AT_ONCE.flapping("cancelled", 1, Duration(1.0))


# ------------------------------------------------------------------------------------------------------------- polls


def polls(client: httpx.Client, id: str, times: int) -> list[str]:
    return [batch(client, id)["status"] for _ in range(times)]


@pytest.mark.scenario("by-polls")
@pytest.mark.parametrize(
    ("fault", "states"),
    [
        ("stuck; after=2 polls", ["in_progress"] * 6),
        ("stuck; after=9 polls", ["in_progress"] * 6),
        ("stuck", ["in_progress"] * 6),
        ("stuck=queued", ["queued"] * 6),
        ("fail; after=2 polls", ["in_progress", "failed", "failed"]),
        ("fail", ["in_progress", "failed", "failed"]),
        ("flap; times=1", ["in_progress", "queued", "in_progress", "in_progress", "completed"]),
        ("flap; times=1; every=2 polls", ["in_progress"] * 2 + ["queued"] * 2 + ["in_progress"] * 2 + ["completed"]),
    ],
)
def test_faults_of_a_job_that_moves_by_polls_follow_the_polls(
    emulator: Emulated, fault: str, states: list[str]
) -> None:
    client = caller(emulator)
    ask_for(client, fault)
    id = create(client, *ROWS[:4])["id"]
    assert polls(client, id, len(states)) == states


@pytest.mark.scenario("by-polls")
def test_a_webhook_goes_out_with_the_poll_that_ends_the_job(emulator: Emulated) -> None:
    client = caller(emulator)
    with receiving() as receiver:
        id = create(client, *ROWS[:4], webhook_url=receiver.url)["id"]
        emulator.advance(DAY)
        polls(client, id, 2)
        assert receiver.got == []
        assert polls(client, id, 1) == ["completed"]
        emulator.advance(1)
        assert len(receiver.got) == 1


def test_a_fault_that_waits_for_polls_of_each_item_is_refused() -> None:
    assert "'each' can't be used here" in complaint("stuck", {"after": "1 poll each"})
