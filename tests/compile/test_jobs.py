"""A kind of job: its timelines, its rows, and whom it tells."""

from __future__ import annotations

import pytest

from emulator.language.document.durations import Duration
from emulator.playbook.timeline import Timeline
from tests.library import Library, api

JOBS = """\
jobs:
  batch:
    timeline: {queued: 0s, done: 1s + 10ms each}
    cancel: {cancelled: 2s}
    most: 5
    rows: {operation: echo.create, succeeded: "{{ row.body }}", errored: 1, cancelled: null}
    webhook:
      url: "{{ job.data.url }}"
      secret: s
      body: {id: "{{ job.id }}"}
      retries: [1s, 2m]
      timeout: 500ms
"""


def test_a_kind_of_job_is_compiled_with_all_its_parts(library: Library) -> None:
    batch = library.demo(api(JOBS)).jobs["batch"]
    assert batch.timeline == Timeline(("queued", "done"), (Duration(0.0), Duration(1.0, 0.01)))
    assert batch.cancel == Timeline(("cancelled",), (Duration(2.0),))
    assert (batch.kind, batch.most) == ("batch", 5)
    assert batch.rows is not None
    assert batch.rows.succeeded.value({"row": {"body": 7}}) == 7
    assert batch.rows.cancelled.value({}) is None
    assert batch.webhook is not None
    assert (batch.webhook.retries, batch.webhook.timeout) == ((1.0, 120.0), 0.5)
    assert batch.webhook.body.value({"job": {"id": "j"}}) == {"id": "j"}


def test_a_job_says_how_its_end_is_learned(library: Library) -> None:
    polled = JOBS + "    polled: {by: echo.create, until: {status: [done, cancelled]}}\n"
    plan = library.demo(api(polled)).jobs["batch"].polled
    assert plan is not None
    assert plan.by == "echo.create"
    assert [plan.until.matches({"status": status}) for status in ("queued", "done")] == [False, True]


def test_an_end_that_nobody_could_learn_is_refused(library: Library) -> None:
    polled = JOBS + "    polled: {by: «ecko.create, until: {status: «{most: 1}}}\n"
    assert [message.partition(";")[0] for message in library.refused(api=api(polled))] == [
        "unknown operation 'ecko.create'",
        "status: unknown operator 'most'",
    ]


def test_a_count_is_no_end(library: Library) -> None:
    polled = JOBS + "    polled: {by: echo.create, until: {«times: 2}}\n"
    assert library.refused(api=api(polled)) == [
        "`times` counts what a rule answers; `until` speaks of the answer's body"
    ]


def test_a_job_needs_neither_rows_nor_a_webhook(library: Library) -> None:
    run = library.demo(api("jobs: {run: {timeline: {done: 0s}}}\n")).jobs["run"]
    assert (run.rows, run.webhook, run.cancel) == (None, None, None)


def test_a_scenario_changes_a_timeline_state_by_state(library: Library) -> None:
    story = "scenario: story\nabout: x\napis: {demo: {jobs: {batch: {done: 5s}}}}\n"
    batch = library.demo(api(JOBS), story).jobs["batch"]
    assert batch.timeline == Timeline(("queued", "done"), (Duration(0.0), Duration(5.0)))
    backwards = story.replace("batch: {done: 5s}", "batch: «{queued: 5s}")
    (message,) = library.refused(api=api(JOBS), story=backwards)
    assert message.startswith("state 'done' may begin before 'queued'")


def test_everything_wrong_with_a_job_is_told_at_once(library: Library) -> None:
    text = (
        JOBS.replace("done: 1s +", "done: «40000d +")
        .replace("operation: echo", "operation: «ecko")
        .replace('"{{ row.body }}"', '«"{{ no() }}"')
        .replace('"{{ job.data.url }}"', '«"{{ never() }}"')
        .replace("[1s, 2m]", "[1s, «40000d]")
    )
    assert [message.partition(";")[0] for message in library.refused(api=api(text))] == [
        "expected at most 36500d",
        "unknown operation 'ecko.create'",
        "unknown function 'no'",
        "unknown function 'never'",
        "expected at most 36500d",
    ]


def test_polls_are_refused_where_nothing_polls_the_job(library: Library) -> None:
    story = "scenario: story\nabout: x\napis: {demo: {jobs: {batch: {done: «3 polls}}}}\n"
    assert library.refused(api=api(JOBS), story=story) == [
        "'3 polls': no operation polls this kind of job; expected a duration"
    ]


def test_a_timeline_may_wait_for_polls(library: Library) -> None:
    polled = JOBS.replace("done: 1s + 10ms each", "done: 1s + 3 polls + 1 poll each")
    polled += "    polled: {by: echo.create, until: {status: done}}\n"
    assert library.demo(api(polled)).jobs["batch"].timeline.begins[1] == Duration(1.0, 0.0, 3, 1)


@pytest.mark.bound("polls that a state waits for")
def test_too_many_polls_are_refused(library: Library) -> None:
    polled = JOBS.replace("done: 1s + 10ms each", "done: «10001 polls")
    polled += "    polled: {by: echo.create, until: {status: done}}\n"
    assert library.refused(api=api(polled)) == ["expected at most 10000 polls; found '10001 polls'"]
