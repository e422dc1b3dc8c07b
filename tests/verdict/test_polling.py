"""Polling: its pace, its end, and the end that is a cancel."""

from __future__ import annotations

import pytest

from tests.apis.aiexport_calls import asking, caller, create
from tests.apis.aixplain_calls import LLM
from tests.apis.aixplain_calls import caller as other_caller
from tests.verdict.conftest import Seen, Story, look_in_vain, verdict

BATCH = {"operation": "batch.get", "target": "GET /v2/batch/batch_7"}


@pytest.mark.one_worker("several processes leave some numbers out")
def test_polls_without_a_pause_are_told(story: Story) -> None:
    emulated = story("")
    client = caller(emulated)
    batch = create(client, asking())
    for _ in range(5):
        assert client.get(f"/batch/{batch['id']}").json()["status"] in ("queued", "in_progress")
        emulated.advance(0.05)
    found = verdict(emulated, 6)
    assert list(found) == ["polled_too_fast"]
    assert found["polled_too_fast"].exchanges == (2, 3, 4, 5, 6)
    assert found["polled_too_fast"].wanted == "250 ms or more"
    assert found["polled_too_fast"].found == "50 ms at the least"


def test_polls_as_the_public_client_paces_them_are_right(story: Story) -> None:
    emulated = story("apis: {aixplain: {switches: {execution: async}}}")
    client = other_caller(emulated)
    poll = client.post(f"/api/v2/execute/{LLM}", json={"text": "Hello"}).json()["data"]
    pause, polls = 0.4, 1
    while not client.get(poll).json()["completed"]:
        emulated.advance(pause)
        pause, polls = pause * 1.1, polls + 1
    assert polls > 2
    assert verdict(emulated, polls + 1) == {}


def test_a_second_look_is_right_and_so_is_looking_at_two_jobs(seen: Seen) -> None:
    for at in (0, 0.01, 0.02, 1, 1.01, 1.02, 2):
        seen.add(at, reply={"status": "queued"}, **BATCH)  # type: ignore[arg-type]
    for at in range(20):
        seen.add(3 + at / 50, operation="batch.get", target=f"GET /v2/batch/batch_{at % 10}0")
    assert seen.found() == {}


def test_polls_on_a_clock_that_stands_still_have_no_pace(story: Story) -> None:
    emulated = story("")
    client = caller(emulated)
    batch = create(client, asking())
    for _ in range(9):
        client.get(f"/batch/{batch['id']}")
    assert verdict(emulated, 10) == {}


def test_two_workers_that_watch_one_job_do_not_poll_too_fast(seen: Seen) -> None:
    for at in range(20):
        seen.add(at * 0.2, peer=("127.0.0.1", at % 2), reply={"status": "queued"}, **BATCH)  # type: ignore[arg-type]
    assert seen.found() == {}


def test_retry_after_of_a_poll_goes_before_the_bound(seen: Seen) -> None:
    for at in range(0, 8, 2):
        seen.add(at, retry_after="5", reply={"status": "queued"}, **BATCH)  # type: ignore[arg-type]
    assert seen.found()["polled_too_fast"].wanted == "what Retry-After says"


@pytest.mark.parametrize("state", ["completed", "failed"])
def test_polling_on_after_the_end_is_told(seen: Seen, state: str) -> None:
    for at, status in enumerate(["in_progress", *[state] * 6]):
        seen.add(at, reply={"status": status}, **BATCH)  # type: ignore[arg-type]
    found = seen.found()
    assert list(found) == ["never_stopped_polling"]
    assert "learned from exchange 2 how it ended" in found["never_stopped_polling"].message
    assert found["never_stopped_polling"].exchanges == (2, 3, 4, 5, 6, 7)


def test_polling_for_what_there_is_not_must_end_as_well(story: Story) -> None:
    emulated = story("")
    look_in_vain(emulated, "/batch/batch_of_nobody", times=7)
    assert list(verdict(emulated, 7)) == ["never_stopped_polling"]


def test_a_few_looks_at_what_has_ended_are_right_and_so_are_later_ones(seen: Seen) -> None:
    for at in (0, 1, 2, 3, 4, 600, 1_200, 1_800, 2_400):
        seen.add(at, reply={"status": "completed"}, **BATCH)  # type: ignore[arg-type]
    assert seen.found() == {}


def test_a_client_that_just_ends_is_right(seen: Seen) -> None:
    seen.add(0, 202, operation="batch.create", target="POST /v2/batch", reply={"id": "batch_7"})
    seen.add(1, reply={"status": "queued"}, **BATCH)  # type: ignore[arg-type]
    assert seen.found() == {}


@pytest.mark.one_worker("several processes leave some numbers out")
def test_a_cancel_that_is_ignored_is_told(story: Story) -> None:
    emulated = story("")
    client = caller(emulated)
    batch = create(client, *[asking()] * 3)
    assert client.delete(f"/batch/{batch['id']}/cancel").status_code == 200
    emulated.advance(2)
    for _ in range(6):
        assert client.get(f"/batch/{batch['id']}").json()["status"] == "cancelled"
        emulated.advance(1)
    found = verdict(emulated, 8)
    assert list(found) == ["ignored_a_cancel"]
    assert "learned from exchange 3 that the job is cancelled" in found["ignored_a_cancel"].message
    assert found["ignored_a_cancel"].found == "5 polls"


def test_waiting_for_a_cancel_to_be_over_and_cancelling_twice_are_right(story: Story) -> None:
    emulated = story("")
    client = caller(emulated)
    batch = create(client, *[asking()] * 3)
    for _ in range(2):
        client.delete(f"/batch/{batch['id']}/cancel")
    for _ in range(4):
        client.get(f"/batch/{batch['id']}")
        emulated.advance(0.3)
    assert client.get(f"/batch/{batch['id']}").json()["status"] == "cancelled"
    assert verdict(emulated, 8) == {}
