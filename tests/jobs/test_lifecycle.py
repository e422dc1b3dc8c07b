"""Jobs by hand: found by what they are, completed, failed, and put into a state from which they go on."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest
from msgspec.structs import replace

from emulator.clock.world_clock import Clock, manual
from emulator.errors import ConfigError
from emulator.jobs.job import Job, RowOutcome
from emulator.jobs.lifecycle import Jobs
from emulator.language.document.durations import Duration
from emulator.playbook.model import JobPlan
from emulator.playbook.timeline import Timeline
from tests import backends

START = 1_767_225_600.0
BATCH = Timeline(("queued", "in_progress", "completed"), (Duration(0.0), Duration(1.0), Duration(1.0, 0.5)))
CANCEL = Timeline(("cancelling", "cancelled"), (Duration(0.0), Duration(2.0)))
KINDS = {
    "batch": JobPlan("batch", BATCH, CANCEL, most=10),
    "run": JobPlan(
        "run", Timeline(("IN_PROGRESS", "SUCCESS"), (Duration(0.0), Duration(5.0))), CANCEL, most=10, failed="FAILED"
    ),
}
ROWS = [RowOutcome(True, b"{}", {"tokens": 10})] * 4


def play(story: Callable[[Jobs, Clock], Awaitable[None]], ended: Callable[[Job], None] | None = None) -> None:
    async def run() -> None:
        clock = manual(START)
        await story(Jobs(backends.backend(clock), KINDS, ended), clock)

    backends.play(run)


def test_jobs_are_found_by_kind_workspace_and_state_in_the_order_they_began() -> None:
    async def story(jobs: Jobs, clock: Clock) -> None:
        jobs.start("run", "run_1", "one")
        await clock.advance(0.5)
        jobs.start("batch", "batch_1", "one", items=2)
        jobs.start("batch", "batch_2", "two", items=2)
        await clock.advance(0.5)
        jobs.start("run", "run_2", "two")
        await clock.advance(1)
        assert [job.id for job in jobs.all()] == ["run_1", "batch_1", "batch_2", "run_2"]
        assert [job.id for job in jobs.all("run")] == ["run_1", "run_2"]
        assert [job.id for job in jobs.all(workspace="two")] == ["batch_2", "run_2"]
        assert [job.id for job in jobs.all(state="in_progress")] == ["batch_1", "batch_2"]
        assert jobs.all("run", state="in_progress") == []
        assert jobs.all("unheard of") == []

    play(story)


def test_the_history_says_when_each_state_begins_as_things_stand() -> None:
    async def story(jobs: Jobs, clock: Clock) -> None:
        job = jobs.start("batch", "batch_1", "one", rows=ROWS)
        assert job.history() == [("queued", START), ("in_progress", START + 1), ("completed", START + 3)]
        await clock.advance(2)
        cancelled = jobs.cancel(job)
        begun = [("queued", START), ("in_progress", START + 1)]
        assert cancelled.history() == [*begun, ("cancelling", START + 2), ("cancelled", START + 4)]
        assert jobs.force(cancelled, "failed").history() == [*begun, ("failed", START + 2)]
        assert [state for state, _ in jobs.fail(jobs.start("run", "run_1", "one")).history()] == ["FAILED"]

    play(story)


def test_the_history_of_a_job_that_stands_still_ends_there() -> None:
    async def story(jobs: Jobs, clock: Clock) -> None:
        job = replace(jobs.start("batch", "batch_1", "one", rows=ROWS), stops=Duration(0.5))
        assert job.history() == [("queued", START)]

    play(story)


def test_a_job_completed_by_hand_has_all_its_rows_and_one_failed_by_hand_those_so_far() -> None:
    told: list[str] = []

    async def story(jobs: Jobs, clock: Clock) -> None:
        completed = jobs.start("batch", "batch_1", "one", rows=ROWS, watched=True)
        failed = jobs.start("batch", "batch_2", "one", rows=ROWS, watched=True)
        run = jobs.start("run", "run_1", "one")
        await clock.advance(2)
        completed, failed, run = jobs.complete(completed), jobs.fail(failed), jobs.fail(run)
        await clock.advance(0)
        assert [job.status(clock.now()) for job in (completed, failed, run)] == ["completed", "failed", "FAILED"]
        assert completed.view(clock.now())["counts"]["succeeded"] == 4
        assert failed.view(clock.now())["counts"] == {
            "total": 4,
            "processing": 0,
            "succeeded": 2,
            "errored": 0,
            "cancelled": 2,
        }
        assert told == ["batch_1", "batch_2"]
        assert jobs.fail(completed) is completed
        assert jobs.fail(jobs.start("run", "run_2", "one"), "LOST").status(clock.now()) == "LOST"

    play(story, lambda job: told.append(job.id))


@pytest.mark.finding("D1")
def test_who_finds_a_job_ended_or_ends_it_finds_its_end_reported() -> None:
    told: list[str] = []

    async def story(jobs: Jobs, clock: Clock) -> None:
        found = jobs.start("batch", "found", "one", watched=True)
        jobs.fail(jobs.start("batch", "failed", "one", watched=True))
        assert told == ["failed"]
        await clock.restore(found.ends_at - 0.1, 0.0)  # which fires no timer
        jobs.find("found")
        assert told == ["failed"]
        await clock.restore(found.ends_at, 0.0)
        jobs.find("found")
        jobs.find("found")
        assert told == ["failed", "found"]
        await clock.advance(60)
        assert told == ["failed", "found"]

    play(story, lambda job: told.append(job.id))


def test_a_job_put_into_a_state_goes_on_from_there() -> None:
    async def story(jobs: Jobs, clock: Clock) -> None:
        job = jobs.start("batch", "batch_1", "one", rows=ROWS)
        job = jobs.move(job, "in_progress")
        assert (job.status(clock.now()), job.ends_at) == ("in_progress", START + 2)
        await clock.advance(1.0)
        assert job.view(clock.now())["counts"]["succeeded"] == 2
        job = jobs.move(job, "queued")
        assert jobs.find("batch_1") == job
        assert (job.status(clock.now()), job.ends_at) == ("queued", START + 4)
        assert job.view(clock.now())["counts"]["succeeded"] == 0
        await clock.advance(1.0)
        assert job.status(clock.now()) == "in_progress"
        assert job.status(START + 0.5) == "in_progress"  # what it was before stays what it was
        await clock.advance(2.0)
        assert job.done(clock.now())
        assert jobs.move(job, "queued") is job

    play(story)


def test_a_job_put_into_a_state_of_its_end_ends_and_one_put_into_cancelling_is_cancelled() -> None:
    async def story(jobs: Jobs, clock: Clock) -> None:
        states = ("completed", "failed", "cancelled", "cancelling")
        made = [jobs.move(jobs.start("batch", state, "one", items=2), state) for state in states]
        assert [job.status(clock.now()) for job in made] == list(states)
        assert [job.done(clock.now()) for job in made] == [True, True, True, False]
        await clock.advance(2)
        assert made[3].status(clock.now()) == "cancelled"

    play(story)


def test_a_job_that_is_being_cancelled_can_be_put_back_to_work() -> None:
    async def story(jobs: Jobs, clock: Clock) -> None:
        job = jobs.move(jobs.cancel(jobs.start("batch", "batch_1", "one", items=2)), "in_progress")
        await clock.advance(5)
        assert job.status(clock.now()) == "completed"

    play(story)


def test_an_unknown_state_is_refused_with_the_nearest_one() -> None:
    async def story(jobs: Jobs, clock: Clock) -> None:
        job = jobs.start("batch", "batch_1", "one")
        with pytest.raises(ConfigError, match=r"unknown state 'complete'; expected one of: .*did you mean 'completed'"):
            jobs.move(job, "complete")
        assert jobs.find("batch_1") == job

    play(story)


@pytest.mark.bound("jobs and batches")
def test_beyond_the_most_of_a_kind_the_oldest_job_goes() -> None:
    async def story(jobs: Jobs, clock: Clock) -> None:
        jobs.start("run", "run_1", "one")
        for number in range(12):
            jobs.start("batch", f"batch_{number}", "one")
        assert [job.id for job in jobs.all("batch")] == [f"batch_{number}" for number in range(2, 12)]
        assert [job.id for job in jobs.all("run")] == ["run_1"]

    play(story)
