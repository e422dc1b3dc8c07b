"""Jobs: what takes time, looked at, and brought to an end when a test wants it."""

from __future__ import annotations

from collections.abc import Callable, Generator
from math import inf
from typing import Annotated, Any

from msgspec import Meta, Struct, field

from emulator.control.about import known_api
from emulator.control.clock import seconds
from emulator.control.mcp.tool import NoTool, Tool
from emulator.control.parsing import ControlFailure, unknown
from emulator.control.route import ControlRequest, ControlRoute
from emulator.dates import LATEST
from emulator.engine.authenticate import identify
from emulator.engine.context import NOBODY, Context, Service
from emulator.engine.functions import LANGUAGE
from emulator.engine.steps import work_rows
from emulator.errors import ApiError, ConfigError, EmulatorError, Location
from emulator.http.request import Caller
from emulator.jobs.job import Job
from emulator.jobs.lifecycle import Jobs
from emulator.language.document.diagnostics import did_you_mean
from emulator.language.expressions.template import compile_tree
from emulator.language.schema.api import StepModel
from emulator.playbook.model import JobPlan
from emulator.settings.parsers import MIB
from emulator.store.masking import mask_key
from emulator.store.tokens import KEYS
from emulator.worlds.snapshot import MAX_ITEMS

BY_POLLS = "the client's polls finish items of this kind; leave it out and poll the job, or give `state`"


class StateView(Struct, frozen=True):
    """A state of a job, and when it began or will begin: `at` null: with its poll number `polls`."""

    state: str
    at: float | None
    polls: int | None = None


class JobView(Struct, frozen=True):
    """A job at this moment; times are seconds since the epoch. `ends_at` null: never, as things stand, or not before
    the polls that it waits for. `polls`: how often it was asked for by the operation that polls its kind. `history`
    are its states in order, those to come too. `seeded`: it began by hand, without a request."""

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
    seeded: bool


class JobsView(Struct, frozen=True):
    """The jobs, the oldest of each API first."""

    jobs: list[JobView]


class JobsQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """`api`, `kind`, `state`: only such jobs."""

    api: str | None = None
    kind: str | None = None
    state: str | None = None


class JobRequest(Struct, frozen=True, forbid_unknown_fields=True):
    """A job to begin, whose it is and how far it has come: how old it is, or how many items are done; the state that it
    is in. What is left out is as for a new one."""

    kind: str
    key: Annotated[str, Meta(description="the key whose job it is")] = field(name="as")
    api: Annotated[str | None, Meta(description="whose kind that is, needed only when several APIs have it")] = None
    id: Annotated[str, Meta(min_length=1, max_length=200)] | None = None
    items: Annotated[list[Any] | int, Meta(description="what it works on, or a count")] = 0
    data: Annotated[dict[str, Any], Meta(description="what it remembers of its request")] = {}
    result: Annotated[Any, Meta(description="what it says in the end")] = None
    age: Annotated[str | float | None, Meta(description="how long ago it began: a duration, or seconds")] = None
    finished: Annotated[int, Meta(ge=0, description="how many of its items are done, instead of `age`")] | None = None
    state: Annotated[str, Meta(min_length=1, max_length=100)] | None = None


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


def start(request: ControlRequest, body: JobRequest) -> Generator[None, None, JobView]:
    """Start a job without a request, at a given age or in a given state."""
    service = _service_of(request, body)
    plan, clock, store = service.api.jobs[body.kind], request.clock, request.state.store
    step, context = _beginning(service, body.kind)
    context.number = f"seeded/{store.counters.increment('seeded')}"
    context.caller = _caller(request, context, body.key)
    id = body.id or _new_id(step, context)
    if service.jobs.find(id) is not None:
        raise ControlFailure(409, f"there is a job {id!r} already")
    if step is not None and step.result is not None and body.result is None:
        raise ControlFailure(
            400, f"body: 'result' is missing; it is what a job of the kind {body.kind!r} says in the end"
        )
    items, data, rows = body.items, {**_nulls(step), **body.data}, None
    begun = clock.now() - _age(body, plan, clock.now())
    if plan.rows is not None and isinstance(items, list):
        data["items"] = items
        rows = yield from work_rows(plan.rows, plan.timeline, items, context, begun)
    try:
        job = service.jobs.start(
            body.kind,
            id,
            context.caller.workspace,
            items=len(items) if isinstance(items, list) else items,
            data=data,
            result=body.result,
            rows=rows,
            watched=plan.webhook is not None or bool(plan.steps),
            started_at=begun,
            state=body.state,
            subject=context.caller.subject,
        )
    except ConfigError as error:
        raise ControlFailure(400, f"body.state: {error}") from None
    request.state.seeded.note(service.api.name, body.kind, id)
    return _view(request, service.api.name, job)


def _service_of(request: ControlRequest, body: JobRequest) -> Service:
    """The API that has the kind of job. Raises ControlFailure 400, with the nearest name."""
    services = request.world.pipeline.services
    known_api(request.world.pipeline.playbook, body.api, "body.api")
    among = [service for name, service in services.items() if body.api in (None, name)]
    found = [service for service in among if body.kind in service.jobs.kinds]
    if len(found) > 1:
        names = ", ".join(service.api.name for service in found)
        raise ControlFailure(
            400, f"body.api: several APIs have jobs of the kind {body.kind!r}; expected one of: {names}"
        )
    if not found:
        known = dict.fromkeys(kind for service in among for kind in service.jobs.kinds)
        raise ControlFailure(400, f"body.kind: no kind of job {body.kind!r}; {did_you_mean(body.kind, known)}")
    return found[0]


def _caller(request: ControlRequest, context: Context, key: str) -> Caller:
    """Whose job it is. Raises ControlFailure 400 for a key that the API refuses, or that another one knows."""
    services, own = request.world.pipeline.services, context.service
    owners = [name for name, service in services.items() if key in service.records[KEYS]]
    if owners and own.api.name not in owners:
        owner, name = " and ".join(owners), own.api.name
        raise ControlFailure(
            400,
            f"body.as: the key {mask_key(key)} is one of {owner}; jobs of this kind are those of {name}",
            "GET /_emulator/keys lists the keys of each API",
        )
    try:
        return identify(context, KEYS, key)
    except ApiError as error:
        raise ControlFailure(400, f"body.as: {error.detail}") from None


def _beginning(service: Service, kind: str) -> tuple[StepModel | None, Context]:
    """The step by which a request begins a job of a kind, and a context of its operation."""
    for name, operation in service.api.file.operations.items():
        for step in (each for rule in operation.rules for each in rule.do):
            if step.start == kind:
                return step, Context(service, NOBODY, service.api.operations[name])
    return None, service.background()


def _new_id(step: StepModel | None, context: Context) -> str:
    """An id such as a request would give the job, where that does not depend on what is asked."""
    try:
        template = compile_tree(None if step is None else step.id, LANGUAGE, lambda path: Location("id"))
        return str(template.value(context) or context.new_uuid())
    except EmulatorError:
        return context.new_uuid()


def _nulls(step: StepModel | None) -> dict[str, Any]:
    """What a request tells the job to remember, with nothing in it."""
    return dict.fromkeys(step.data) if step is not None and isinstance(step.data, dict) else {}


def _age(body: JobRequest, plan: JobPlan, now: float) -> float:
    """How old the job is, in seconds. Raises ControlFailure 400, also for a job that no snapshot could hold."""
    count = len(body.items) if isinstance(body.items, list) else body.items
    if not 0 <= count <= MAX_ITEMS:
        raise ControlFailure(400, f"body.items: expected a list, or a number from 0 to {MAX_ITEMS:,}; found {count:,}")
    age = _age_by(body, plan, count)
    if age > now:
        where = "age" if body.finished is None else "finished"
        raise ControlFailure(400, f"body.{where}: the job would have begun before 1970; expected a time from then on")
    if LATEST < now - age + plan.timeline.ends_after(count) < inf:
        raise ControlFailure(400, f"body.items: a job of {count:,} items would end after the year 9999; give fewer")
    return age


def _age_by(body: JobRequest, plan: JobPlan, count: int) -> float:
    if body.finished is None:
        return 0.0 if body.age is None else seconds(body.age, "body.age")
    if body.age is not None or body.state is not None:
        raise ControlFailure(400, "body.finished: says how far the job has come, as `age` and `state` do; give one")
    if body.finished > count:
        raise ControlFailure(400, f"body.finished: the job has {count:,} items; found {body.finished:,}")
    age = plan.timeline.finishes(body.finished - 1, count) if count else 0.0
    if plan.timeline.finished(age, count) != body.finished:
        raise ControlFailure(400, f"body.finished: {BY_POLLS}")
    return age


def complete(request: ControlRequest) -> JobView:
    """Complete the job now."""
    return _change(request, lambda jobs_of_api, job: jobs_of_api.complete(job))


def fail(request: ControlRequest) -> JobView:
    """Make the job fail now."""
    return _change(request, lambda jobs_of_api, job: jobs_of_api.fail(job))


def cancel(request: ControlRequest) -> JobView:
    """Cancel the job, as its API would; one that is already being cancelled does not change."""
    return _change(request, lambda jobs_of_api, job: jobs_of_api.cancel(job))


def move(request: ControlRequest, body: JobStateRequest) -> JobView:
    """Put the job into this state now."""
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
    seeded = request.state.seeded.has(api, job.kind, job.id)
    return JobView(
        api=api, workspace=job.workspace, faults=faults, history=history, polls=job.polls, seeded=seeded, **shown
    )


def _ending(word: str, function: Callable[[ControlRequest], JobView], tool: Tool) -> ControlRoute:
    return ControlRoute("POST", f"/jobs/{{id}}/{word}", function, at=AT, refusals=(404, 409), writes=True, tool=tool)


AT = {"id": "batch_1"}
ENDS: dict[str, Any] = {
    "effect": "changes",
    "idempotent": True,
    "words": {"id": "the id of the job, as list_jobs gives it"},
}
EXAMPLE = {"kind": "batch", "as": "axp_test_pro", "items": 10, "finished": 5}
ROUTES = (
    ControlRoute(
        "GET",
        "/jobs",
        jobs,
        tool=Tool(
            "list_jobs",
            "List the jobs of the world, such as batches and runs: state, progress, states to come and when, faults.",
            words={
                "api": "only those of this API",
                "kind": "only those of this kind, such as batch",
                "state": "only those in this state",
            },
            rest="Name a `kind` or a `state`.",
            newest=True,
        ),
    ),
    ControlRoute(
        "POST",
        "/jobs",
        start,
        status=201,
        example=EXAMPLE,
        max_body=8 * MIB,
        refusals=(409,),
        writes=True,
        tool=Tool(
            "start_job",
            "Start a job without a request, at a given age or in a given state, as if it had been running for a while.",
            effect="adds",
            words={
                "kind": "its kind, such as batch",
                "id": "its id; one is made up by default",
                "state": "the state that it is in",
            },
        ),
    ),
    ControlRoute("GET", "/jobs/{id}", one, at=AT, refusals=(404,), tool=NoTool("list_jobs says the same of each")),
    ControlRoute(
        "POST",
        "/jobs/{id}",
        move,
        example={"state": "completed"},
        at=AT,
        refusals=(404, 409),
        writes=True,
        tool=NoTool("complete_job, fail_job and cancel_job find the state themselves"),
    ),
    _ending("complete", complete, Tool("complete_job", "Complete a job now, with its results.", **ENDS)),
    _ending("cancel", cancel, Tool("cancel_job", "Cancel a job now, as its API would.", **ENDS)),
    _ending("fail", fail, Tool("fail_job", "Make a job fail now.", **ENDS)),
)
