"""Jobs: a state for each age, rows that finish one by one, and an end that somebody may be told of."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.clock.world_clock import Clock, manual
from emulator.errors import ConfigError, Location
from emulator.jobs.job import Job, RowOutcome
from emulator.jobs.lifecycle import Jobs
from emulator.language.document.durations import Duration, parse_age
from emulator.playbook.model import JobPlan
from emulator.playbook.timeline import Timeline
from tests.backends import backend, play

START = 1_767_225_600.0
BATCH = {"queued": "0s", "in_progress": "1s", "completed": "1s + 10ms each"}
CANCEL = {"cancelling": "0s", "cancelled": "2s"}


def durations(texts: Mapping[str, str]) -> dict[str, Duration]:
    return {state: parse_age(text, Location("jobs.yaml", 1, 1)) for state, text in texts.items()}


def timeline(**texts: str) -> Timeline:
    return Timeline.parse(durations(texts))


def kind(texts: Mapping[str, str] = BATCH, cancel: Mapping[str, str] = CANCEL, most: int = 100) -> JobPlan:
    return JobPlan(
        "batch", Timeline.parse(durations(texts)), Timeline.parse(durations(cancel)) if cancel else None, most
    )


def outcomes(*oks: bool) -> list[RowOutcome]:
    return [
        RowOutcome(ok, b'{"number":%d}' % number, {"tokens": 10 + number, "cost": 0.5, "model": "m", "cached": True})
        for number, ok in enumerate(oks)
    ]


def world(ended: Callable[[Job], None] | None = None, **kinds: JobPlan) -> tuple[Jobs, Clock]:
    clock = manual(START)
    return Jobs(backend(clock), kinds or {"batch": kind()}, ended), clock


def counts(job: Job, age: float) -> tuple[int, int, int, int]:
    seen = job.view(START + age)["counts"]
    assert seen["total"] == sum(seen.values()) - seen["total"]
    return seen["processing"], seen["succeeded"], seen["errored"], seen["cancelled"]


# --------------------------------------------------------------------------------------------------- timelines


@pytest.mark.parametrize(
    ("age", "items", "state"),
    [
        (-5, 3, "queued"),
        (0, 3, "queued"),
        (0.999, 3, "queued"),
        (1, 3, "in_progress"),
        (1.0299, 3, "in_progress"),
        (1.03, 3, "completed"),
        (1.03, 4, "in_progress"),
        (1, 0, "completed"),
        (1e9, 3, "completed"),
    ],
)
def test_a_state_follows_from_age_and_number_of_items(age: float, items: int, state: str) -> None:
    assert timeline(**BATCH).at(age, items) == state


@pytest.mark.parametrize(
    ("texts", "ages"),
    [
        (BATCH, (1.0, 1.01, 1.02, 1.03)),
        ({"working": "0s", "done": "2s + 10ms each"}, (0.0, 0.01, 0.02, 0.03)),
        ({"queued": "0s", "working": "1s", "done": "4s"}, (1.0, 2.0, 3.0, 4.0)),
        ({"done": "3s"}, (0.0, 1.0, 2.0, 3.0)),
    ],
)
def test_rows_finish_one_by_one(texts: dict[str, str], ages: tuple[float, ...]) -> None:
    line = timeline(**texts)
    for finished, age in enumerate(ages):
        assert line.finished(age, 3) == finished
        assert line.finished(age - 0.001, 3) == max(0, finished - 1)
    assert line.finished(line.ends_after(3), 3) == 3
    assert line.finished(0.5, 0) == 0


def test_an_age_added_up_in_parts_is_as_good_as_one_in_one_piece() -> None:
    line, now = timeline(**BATCH), START
    for step in (0.1,) * 10 + (0.01,) * 3:
        now += step
    assert now - START != 1.03
    assert line.at(now - START, 3) == "completed"
    assert line.finished(now - START, 3) == 3


@pytest.mark.parametrize(
    ("texts", "reason"),
    [
        ({}, "at least one state"),
        ({"queued": "2s", "done": "1s"}, "'done' may begin before 'queued'"),
        ({"working": "1s + 10ms each", "done": "5s"}, "'done' may begin before 'working'"),
    ],
)
def test_a_timeline_that_may_run_backwards_is_refused(texts: dict[str, str], reason: str) -> None:
    with pytest.raises(ConfigError, match=reason):
        timeline(**texts)


# ------------------------------------------------------------------------------------------------------- polls

BY_POLLS = {"queued": "0s", "in_progress": "1 poll", "completed": "3 polls"}


def polled(line: Timeline, *ages: float) -> Timeline:
    for age in ages:
        line = line.poll(age)
    return line


def test_a_state_begins_with_its_poll() -> None:
    line = timeline(**BY_POLLS)
    states = [polled(line, *[5.0] * polls).at(5.0, 4) for polls in range(5)]
    assert states == ["queued", "in_progress", "in_progress", "completed", "completed"]
    assert line.ends_after(4) == math.inf
    assert polled(line, 1.0, 7.0, 9.5).ends_after(4) == 9.5


def test_of_time_and_polls_the_later_one_counts() -> None:
    line = timeline(working="0s", completed="2s + 2 polls")
    assert polled(line, 0.1, 0.2).at(1.9, 1) == "working"
    assert polled(line, 0.1, 0.2).at(2.0, 1) == "completed"
    assert polled(line, 0.1).at(100.0, 1) == "working"
    assert polled(line, 0.1, 60.0).at(60.0, 1) == "completed"


@pytest.mark.parametrize(
    ("texts", "polls"),
    [
        ({"queued": "0s", "in_progress": "2s", "completed": "1 poll"}, (0.5,)),
        ({"queued": "0s", "in_progress": "1 poll", "completed": "2s"}, (0.5,)),
    ],
)
def test_a_state_waits_for_all_that_the_one_above_waits_for(texts: dict[str, str], polls: tuple[float, ...]) -> None:
    line = timeline(**texts)
    assert polled(line, *polls).at(1.9, 1) != "completed"
    assert polled(line, *polls).at(2.0, 1) == "completed"
    assert line.at(100.0, 1) != "completed"


def test_zero_polls_is_the_very_start() -> None:
    assert timeline(working="0s", completed="0 polls").at(0.0, 1) == "completed"


@pytest.mark.parametrize(
    ("end", "finished"),
    [
        ("3 polls", [0, 0, 2, 4]),  # the first poll begins the work
        ("5 polls", [0, 0, 1, 2, 3, 4]),
        ("1 poll + 1 poll each", [0, 0, 1, 2, 3, 4]),
    ],
)
def test_rows_are_spread_evenly_over_the_polls(end: str, finished: list[int]) -> None:
    line = timeline(**{**BY_POLLS, "completed": end})
    assert [polled(line, *[0.0] * polls).finished(0.0, 4) for polls in range(len(finished))] == finished


def test_rows_of_an_end_that_waits_for_time_and_polls_wait_for_both() -> None:
    line = timeline(working="0s", completed="4s + 2 polls")
    assert polled(line, 1.0, 1.0).finished(2.0, 4) == 2
    assert polled(line, 1.0).finished(3.9, 4) == 2


@pytest.mark.parametrize(
    "texts",
    [
        {"queued": "0s", "working": "3 polls", "done": "2 polls"},
        {"queued": "0s", "working": "1 poll each", "done": "5 polls"},
        {"queued": "0s", "working": "5s + 1 poll", "done": "2s + 2 polls"},
    ],
)
def test_polls_that_may_run_backwards_are_refused(texts: dict[str, str]) -> None:
    with pytest.raises(ConfigError, match="'done' may begin before 'working'"):
        timeline(**texts)


def polled_job(jobs: Jobs, job: Job, times: int) -> list[str]:
    seen = []
    for _ in range(times):
        job = jobs.poll(job, START)
        seen.append(job.status(START))
    return seen


def test_a_job_ends_with_its_poll_while_the_clock_stands_still() -> None:
    ended: list[Job] = []
    jobs, _ = world(ended.append, batch=kind(BY_POLLS))
    job = jobs.start("batch", "batch_1", "one", rows=outcomes(True, True), watched=True)
    assert polled_job(jobs, job, 4) == ["in_progress", "in_progress", "completed", "completed"]
    assert [each.id for each in ended] == ["batch_1"]
    found = jobs.find("batch_1")
    assert found is not None
    assert found.polls == 4
    assert found.done(START)


@pytest.mark.bound("polls that a state waits for")
@pytest.mark.parametrize(("texts", "kept"), [(BATCH, 0), (BY_POLLS, 3)])
def test_polls_for_which_nothing_waits_are_counted_and_not_kept(texts: dict[str, str], kept: int) -> None:
    jobs, _ = world(batch=kind(texts))
    job = jobs.start("batch", "batch_1", "one", rows=outcomes(True))
    for _ in range(1_000):
        job = jobs.poll(job, START)
    assert (job.polls, len(job.timeline.polled)) == (1_000, kept)


def test_cancelling_may_wait_for_polls_too_and_counts_its_own() -> None:
    jobs, _ = world(batch=kind(BY_POLLS, {"cancelling": "0s", "cancelled": "1 poll"}))
    job = jobs.poll(jobs.start("batch", "batch_1", "one"), START)
    cancelled = jobs.cancel(job)
    assert cancelled.status(START) == "cancelling"
    assert polled_job(jobs, cancelled, 2) == ["cancelled", "cancelled"]


def test_a_job_that_is_moved_goes_on_by_polls_from_there() -> None:
    jobs, _ = world(batch=kind(BY_POLLS))
    moved = jobs.move(jobs.start("batch", "batch_1", "one"), "in_progress")
    assert moved.status(START) == "in_progress"
    assert polled_job(jobs, moved, 2) == ["in_progress", "completed"]


@given(st.lists(st.integers(0, 5), min_size=1, max_size=12), st.integers(0, 9))
def test_no_row_is_unfinished_again_and_the_end_has_all(gaps: list[int], items: int) -> None:
    line, age, before = timeline(**BY_POLLS), 0.0, 0
    for gap in gaps:
        age += gap
        line = line.poll(age)
        assert line.finished(age, items) >= before
        before = line.finished(age, items)
    assert (before == items) or len(gaps) < 3


# -------------------------------------------------------------------------------------------------------- jobs


def test_a_job_is_seen_as_it_grows_older() -> None:
    async def story() -> None:
        jobs, clock = world()
        job = jobs.start("batch", "batch_1", "one", data={"a": 1}, result={"b": 2}, rows=outcomes(True, False, True))
        seen = job.view(clock.now())
        assert {name: seen[name] for name in ("id", "kind", "status", "done", "started_at", "ends_at", "ended_at")} == {
            "id": "batch_1",
            "kind": "batch",
            "status": "queued",
            "done": False,
            "started_at": START,
            "ends_at": START + 1.03,
            "ended_at": None,
        }
        assert (seen["data"], seen["result"], seen["cancelled_at"]) == ({"a": 1}, {"b": 2}, None)
        await clock.advance(1.02)
        seen = job.view(clock.now())
        assert seen["status"] == "in_progress"
        assert seen["counts"] == {"total": 3, "processing": 1, "succeeded": 1, "errored": 1, "cancelled": 0}
        assert seen["usage"] == {"tokens": 21, "cost": 1.0}
        await clock.advance(0.01)
        seen = job.view(clock.now())
        assert (seen["status"], seen["done"], seen["ended_at"]) == ("completed", True, START + 1.03)
        assert seen["usage"] == {"tokens": 33, "cost": 1.5}

    play(story)


def test_rows_are_made_when_asked_for_and_show_what_became_of_them() -> None:
    jobs, _ = world()
    job = jobs.start("batch", "batch_1", "one", rows=outcomes(True, False, True))
    rows = job.view(START + 1.02)["rows"]
    assert [row["status"] for row in rows] == ["succeeded", "errored", "processing"]
    assert rows[1] == {"index": 1, "status": "errored", "body": b'{"number":1}', "usage": rows[1]["usage"]}
    assert rows[-1] == {"index": 2, "status": "processing", "body": None, "usage": {}}
    assert rows[1:] == [rows[1], rows[2]]
    assert len(rows) == 3
    with pytest.raises(IndexError):
        rows[3]


def test_a_job_without_rows_counts_its_items() -> None:
    jobs, _ = world()
    job = jobs.start("batch", "batch_1", "one", items=4)
    assert [counts(job, age) for age in (0, 1.02, 2)] == [(4, 0, 0, 0), (2, 2, 0, 0), (0, 4, 0, 0)]
    assert list(job.view(START)["rows"]) == []
    assert job.view(START)["planned"] == {}


def test_what_all_rows_will_take_is_known_from_the_start_and_stays() -> None:
    jobs, clock = world()
    job = jobs.start("batch", "batch_1", "one", rows=outcomes(True, False, True))
    for age in (0, 1.02, 5):
        assert job.view(START + age)["planned"] == {"tokens": 33, "cost": 1.5}
    assert jobs.cancel(job).view(clock.now())["planned"] == {"tokens": 33, "cost": 1.5}


def test_a_clock_set_back_makes_a_job_younger() -> None:
    jobs, _ = world()
    job = jobs.start("batch", "batch_1", "one", rows=outcomes(True, True))
    assert counts(job, 9) == (0, 2, 0, 0)
    assert job.view(START + 1.01)["usage"] == {"tokens": 10, "cost": 0.5}
    assert counts(job, -9) == (2, 0, 0, 0)


def test_cancelling_keeps_what_was_done_and_ends_after_its_own_timeline() -> None:
    async def story() -> None:
        jobs, clock = world()
        started = jobs.start("batch", "batch_1", "one", rows=outcomes(True, True, True))
        await clock.advance(1.01)
        job = jobs.cancel(started)
        assert jobs.find("batch_1") == job
        assert counts(job, 1.01) == counts(job, 99) == (0, 1, 0, 2)
        assert [row["status"] for row in job.view(clock.now())["rows"]] == ["succeeded", "cancelled", "cancelled"]
        assert (job.status(clock.now()), job.done(clock.now())) == ("cancelling", False)
        assert job.status(START + 1.0) == "in_progress"
        await clock.advance(1)
        assert jobs.cancel(job) is job
        await clock.advance(1)
        seen = job.view(clock.now())
        assert (seen["status"], seen["done"]) == ("cancelled", True)
        assert (seen["cancelled_at"], seen["ended_at"]) == (START + 1.01, START + 3.01)

    play(story)


def test_without_a_timeline_for_it_cancelling_ends_a_job_at_once() -> None:
    jobs, clock = world(run=kind({"working": "0s", "done": "5s"}, cancel={}))
    job = jobs.cancel(jobs.start("run", "run_1", "one"))
    assert (job.status(clock.now()), job.done(clock.now()), job.ends_at) == ("cancelled", True, START)


def test_a_finished_job_can_neither_be_cancelled_nor_forced() -> None:
    async def story() -> None:
        jobs, clock = world()
        job = jobs.start("batch", "batch_1", "one", items=1)
        await clock.advance(5)
        assert jobs.cancel(job) is job
        assert jobs.force(job, "failed") is job
        assert job.status(clock.now()) == "completed"

    play(story)


def test_a_job_forced_to_fail_finishes_no_more_rows() -> None:
    async def story() -> None:
        jobs, clock = world()
        job = jobs.start("batch", "batch_1", "one", rows=outcomes(True, True, True))
        await clock.advance(1.01)
        job = jobs.force(job, "failed")
        assert jobs.find("batch_1") == job
        assert (job.status(clock.now()), job.done(clock.now()), job.ends_at) == ("failed", True, START + 1.01)
        assert counts(job, 99) == (0, 1, 0, 2)

    play(story)


def test_a_job_forced_to_its_own_end_has_all_rows() -> None:
    jobs, clock = world()
    job = jobs.force(jobs.start("batch", "batch_1", "one", rows=outcomes(True, False)), "completed")
    assert job.done(clock.now())
    assert counts(job, 0) == (0, 1, 1, 0)


def test_a_force_that_comes_after_the_end_changes_nothing() -> None:
    jobs, _ = world()
    job = jobs.start("batch", "batch_1", "one", items=1)
    late, soon = jobs.force(job, "failed", at=START + 9), jobs.force(job, "failed", at=START + 0.5)
    assert [late.status(START + age) for age in (0, 1, 2, 10)] == ["queued", "in_progress", "completed", "completed"]
    assert [soon.status(START + age) for age in (0, 1, 2, 10)] == ["queued", "failed", "failed", "failed"]
    assert jobs.force(job, "failed", at=START - 9).ends_at == START


def test_a_job_is_found_by_its_workspace_only() -> None:
    jobs, _ = world(batch=kind(), run=kind({"done": "0s"}))
    job = jobs.start("run", "run_1", "one")
    jobs.start("batch", "batch_1", "two")
    assert jobs.find("run_1", "one") == jobs.find("run_1") == job
    assert jobs.find("run_1", "two") is None
    assert jobs.find("nothing", "one") is None
    assert jobs.all("run") == jobs.all("run", "one") == [job]
    assert jobs.all("run", "two") == []


def test_only_the_last_jobs_of_a_kind_are_kept() -> None:
    jobs, _ = world(batch=kind(most=3))
    for number in range(5):
        jobs.start("batch", f"batch_{number}", "one")
    assert [job.id for job in jobs.all("batch")] == ["batch_2", "batch_3", "batch_4"]


def test_a_running_job_keeps_its_timeline_when_the_kind_changes() -> None:
    jobs, _ = world()
    job = jobs.start("batch", "batch_1", "one", items=1)
    jobs.kinds = {"batch": kind({"completed": "0s"})}
    assert jobs.find("batch_1") == job
    assert job.status(START) == "queued"
    assert jobs.start("batch", "batch_2", "one", items=1).status(START) == "completed"


def test_a_snapshot_holds_the_job_and_its_rows() -> None:
    jobs, _ = world()
    job = jobs.start("batch", "batch_1", "one", rows=outcomes(True, False))
    copied = deepcopy(job)
    assert counts(copied, 1.02) == counts(job, 1.02) == (0, 1, 1, 0)


# --------------------------------------------------------------------------------------------- telling of the end


def test_who_watches_a_job_is_told_at_the_moment_it_ends() -> None:
    async def story() -> None:
        told: list[tuple[str, float, str]] = []
        jobs, clock = world(lambda job: told.append((job.id, clock.now(), job.status(clock.now()))))
        jobs.start("batch", "watched", "one", items=3, watched=True)
        jobs.start("batch", "unwatched", "one", items=3)
        await clock.advance(1.02)
        assert told == []
        await clock.advance(60)
        assert told == [("watched", START + 1.03, "completed")]

    play(story)


def test_a_cancelled_or_forced_job_is_told_of_once_and_at_its_other_end() -> None:
    async def story() -> None:
        told: list[tuple[str, float, str]] = []
        jobs, clock = world(lambda job: told.append((job.id, clock.now() - START, job.status(clock.now()))))
        cancelled = jobs.start("batch", "cancelled", "one", items=300, watched=True)
        forced = jobs.start("batch", "forced", "one", items=300, watched=True)
        await clock.advance(1)
        jobs.cancel(cancelled)
        jobs.force(forced, "failed")
        await clock.advance(60)
        assert told == [("forced", 1.0, "failed"), ("cancelled", 3.0, "cancelled")]

    play(story)


def test_nobody_is_told_of_jobs_that_were_forgotten() -> None:
    async def story() -> None:
        told: list[str] = []
        jobs, clock = world(lambda job: told.append(job.id), batch=kind(most=2))
        for number in range(20):
            jobs.start("batch", f"batch_{number}", "one", watched=True)
        assert len(clock.pending()) <= 5
        await clock.advance(60)
        assert told == ["batch_18", "batch_19"]

    play(story)


def test_after_a_reload_the_jobs_under_way_are_watched_again_and_apis_are_apart() -> None:
    async def story() -> None:
        told: list[tuple[str, str]] = []
        clock = manual(START)
        store = backend(clock)

        def jobs_of(api: str) -> Jobs:
            return Jobs(store, {"batch": kind()}, lambda job: told.append((api, job.id)), api=api)

        before, other = jobs_of("one"), jobs_of("other")
        before.start("batch", "done", "one", watched=True)
        await clock.advance(2)
        before.start("batch", "watched", "one", watched=True)
        before.start("batch", "unwatched", "one")
        after = jobs_of("one")
        before.close()
        await clock.advance(60)
        assert told == [("one", "done"), ("one", "watched")]
        assert [job.id for job in after.all("batch")] == ["done", "watched", "unwatched"]
        assert other.find("watched") is None

    play(story)


def test_nobody_is_told_after_closing() -> None:
    async def story() -> None:
        told: list[Job] = []
        jobs, clock = world(told.append)
        jobs.start("batch", "batch_1", "one", watched=True)
        jobs.close()
        await clock.advance(60)
        assert told == []
        assert clock.pending() == []

    play(story)


# ------------------------------------------------------------------------------------------------ what always holds


@given(
    oks=st.lists(st.booleans(), max_size=30),
    ages=st.lists(st.floats(-1, 5), min_size=1, max_size=10),
    cancelled=st.none() | st.floats(0, 3),
    forced=st.none() | st.tuples(st.sampled_from(["failed", "completed"]), st.floats(0, 3)),
)
def test_counts_add_up_at_any_age(
    oks: Sequence[bool], ages: list[float], cancelled: float | None, forced: tuple[str, float] | None
) -> None:
    async def story() -> None:
        jobs, clock = world()
        job: Any = jobs.start("batch", "batch_1", "one", rows=outcomes(*oks))
        if cancelled is not None:
            await clock.set(START + cancelled)
            job = jobs.cancel(job)
        if forced is not None:
            job = jobs.force(job, forced[0], at=START + forced[1])
        for age in ages:
            processing, succeeded, errored, _ = counts(job, age)
            assert succeeded == sum(oks[: succeeded + errored])
            seen = job.view(START + age)
            assert not (seen["done"] and processing)
            assert seen["done"] == (seen["ended_at"] is not None)
            assert seen["usage"].get("tokens", 0) == sum(10 + number for number in range(succeeded + errored))
            assert [row["status"] for row in seen["rows"]].count("succeeded") == succeeded

    play(story)
