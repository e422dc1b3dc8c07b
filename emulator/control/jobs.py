"""Jobs: what takes time, looked at, and brought to an end when a test wants it."""

from __future__ import annotations

from collections.abc import Callable
from math import inf
from typing import Annotated, Any

from msgspec import Meta, Struct

from emulator.control.about import known_api
from emulator.control.parsing import ControlFailure, unknown
from emulator.control.route import ControlRequest, ControlRoute
from emulator.errors import ConfigError
from emulator.jobs import Jobs
from emulator.jobs.job import Job
from emulator.language.document.diagnostics import did_you_mean


class StateView(Struct, frozen=True):
    """A state of a job, and when it began or will begin: `at` null: with its poll number `polls`."""

    state: str
    at: float | None
    polls: int | None = None


class JobView(Struct, frozen=True):
    """A job at this moment; times are seconds since the epoch. `ends_at` null: never, as things stand, or not before
    the polls that it waits for. `polls`: how often it was asked for by the operation that polls its kind. `history`
    are its states in order, those to come too."""

    id: str
    api: str
    kind: str
    workspace: str
    state: str
    done: bool
    started_at: float
    ends_at: float | None
    ended_at: float | None
    cancelled_at: float | None
    counts: dict[str, int]
    polls: int
    faults: tuple[str, ...]
    history: list[StateView]


class JobsView(Struct, frozen=True):
    """The jobs, the oldest of each API first."""

    jobs: list[JobView]


class JobsQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """`api`, `kind`, `state`: only such jobs."""

    api: str | None = None
    kind: str | None = None
    state: str | None = None


class JobStateRequest(Struct, frozen=True, forbid_unknown_fields=True):
    """The state to take at once; the job goes on from there, unless it is one in which jobs end."""

    state: Annotated[str, Meta(min_length=1, max_length=100)]


def jobs(request: ControlRequest, query: JobsQuery) -> JobsView:
    """The jobs of this world."""
    playbook, services = request.world.pipeline.playbook, request.world.pipeline.services
    known_api(playbook, query.api, "query.api")
    kinds = dict.fromkeys(kind for service in services.values() for kind in service.jobs.kinds)
    if query.kind is not None and query.kind not in kinds:
        raise ControlFailure(400, f"query.kind: no kind of job {query.kind!r}; {did_you_mean(query.kind, kinds)}")
    return JobsView(
        [
            _view(request, name, job)
            for name, service in services.items()
            if query.api in (None, name)
            for job in service.jobs.all(query.kind, state=query.state)
        ]
    )


def one(request: ControlRequest) -> JobView:
    """One job."""
    api, _, job = _find(request)
    return _view(request, api, job)


def complete(request: ControlRequest) -> JobView:
    """Let the job end now, as it should."""
    return _change(request, lambda jobs_of_api, job: jobs_of_api.complete(job))


def fail(request: ControlRequest) -> JobView:
    """Let the job fail now."""
    return _change(request, lambda jobs_of_api, job: jobs_of_api.fail(job))


def cancel(request: ControlRequest) -> JobView:
    """Cancel the job, as its API would; one that is being cancelled stays as it is."""
    return _change(request, lambda jobs_of_api, job: jobs_of_api.cancel(job))


def move(request: ControlRequest, body: JobStateRequest) -> JobView:
    """Let the job be in this state now."""
    return _change(request, lambda jobs_of_api, job: jobs_of_api.move(job, body.state))


def _change(request: ControlRequest, change: Callable[[Jobs, Job], Job]) -> JobView:
    api, jobs_of_api, job = _find(request)
    now = request.clock.now()
    if job.done(now):
        raise ControlFailure(409, f"job {job.id!r} has ended already: {job.status(now)}")
    try:
        return _view(request, api, change(jobs_of_api, job))
    except ConfigError as error:
        raise ControlFailure(400, f"body.state: {error}") from None


def _find(request: ControlRequest) -> tuple[str, Jobs, Job]:
    """The job that the path names, whose it is and by whom it is kept. Raises ControlError 404."""
    id, known = request.path["id"], []
    for name, service in request.world.pipeline.services.items():
        job = service.jobs.find(id)
        if job is not None:
            return name, service.jobs, job
        known += [each.id for each in service.jobs.all()]
    raise unknown("job", id, did_you_mean(id, known))


def _view(request: ControlRequest, api: str, job: Job) -> JobView:
    shown_job: dict[str, Any] = job.view(request.clock.now())
    shown_job["state"] = shown_job.pop("status")
    shown = {name: shown_job[name] for name in JobView.__struct_fields__ if name in shown_job}
    history = [
        StateView(state, at) if at < inf else StateView(state, None, job.poll_of(state)) for state, at in job.history()
    ]
    faults = tuple(name for name, _ in job.faults)
    return JobView(api=api, workspace=job.workspace, faults=faults, history=history, polls=job.polls, **shown)


AT = {"id": "batch_1"}
ROUTES = (
    ControlRoute("GET", "/jobs", jobs),
    ControlRoute("GET", "/jobs/{id}", one, at=AT, refusals=(404,)),
    ControlRoute("POST", "/jobs/{id}", move, example={"state": "completed"}, at=AT, refusals=(404, 409)),
    ControlRoute("POST", "/jobs/{id}/complete", complete, at=AT, refusals=(404, 409)),
    ControlRoute("POST", "/jobs/{id}/cancel", cancel, at=AT, refusals=(404, 409)),
    ControlRoute("POST", "/jobs/{id}/fail", fail, at=AT, refusals=(404, 409)),
)
