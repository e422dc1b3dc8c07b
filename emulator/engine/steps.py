"""Runs the steps of a rule before it replies, and what a job brings about when it has ended. One verb, one function."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Generator, Mapping, Sequence
from functools import partial
from typing import Any, TypeVar

import orjson

from emulator.clock.turns import Turns, at_once
from emulator.engine.accounting import usage_of
from emulator.engine.context import Context, Service
from emulator.engine.faulting import apply_token_faults, corrupt_answer, job_faults, note_use, refuse_by_fault
from emulator.engine.near_misses import NoRule, near_misses
from emulator.engine.respond import compose, refusal
from emulator.engine.validate import refuse
from emulator.errors import ApiError, ConfigError, EmulatorError, TemplateError
from emulator.faults.webhooks import webhook_faults
from emulator.jobs.job import Job, JobUsage, RowOutcome
from emulator.language.expressions.runtime import MISSING
from emulator.playbook.apis import Operation
from emulator.playbook.error_reply import error_plan, render_error
from emulator.playbook.model import JobPlan, RowPlan, StepPlan, WebhookPlan
from emulator.playbook.timeline import Timeline
from emulator.store.codec import size_of
from emulator.store.limits import release

ROWS_PER_TURN = 50  # items answered before others get a turn
BYTES_PER_TURN = 256 * 2**10  # of answers, likewise: one may be 50,000 words long
MAX_ANSWER_BYTES = 128 * 2**20  # of a job's items together: they are kept as long as the job is


def work_rows(
    plan: RowPlan, timeline: Timeline, items: Sequence[Any], context: Context, begun: float
) -> Generator[None, None, list[RowOutcome]]:
    """Returns the outcome of each item, in order; yields from time to time, so that others are served meanwhile.

    An item sees as `now` when the timeline of a job that started at `begun` has it done. Raises
    ApiError("too_large") when the outcomes are more than a job may keep.
    """
    operation = context.service.api.operations[plan.operation]
    outcomes: list[RowOutcome] = []
    if context.used is None:
        context.used = {}
    rows = size = written = 0
    for index, item in enumerate(items):
        outcomes.append(_work(plan, operation, item, index, context, begun + timeline.finishes(index, len(items))))
        rows, written = rows + 1, written + len(outcomes[-1].body)
        if rows < ROWS_PER_TURN and written < BYTES_PER_TURN:
            continue
        size += written
        if size > MAX_ANSWER_BYTES:
            answered = f"the answers to the first {len(outcomes):,} of {len(items):,} items"
            raise ApiError("too_large", f"{answered} take more than {MAX_ANSWER_BYTES:,} bytes; send fewer at once")
        rows = written = 0
        yield
    return outcomes


def _work(plan: RowPlan, operation: Operation, item: Any, index: int, outer: Context, now: float) -> RowOutcome:
    context = Context(outer.service, outer.request, operation)
    context["now"] = now
    context.caller, context.number, context.faults = outer.caller, f"{outer.number}/{index}", outer.faults
    context.used = outer.used
    try:
        status, body, usage = 200, *_answer(operation, item, context)
        shown = plan.succeeded
    except ApiError as error:
        said = error_plan(outer.service.api.errors, operation.errors, error.kind)
        reply = render_error(said, error, context)
        status, body, usage, shown = reply.status, reply.body, {}, plan.errored
    outer.set_off += tuple(name for name in context.set_off if name not in outer.set_off)
    row = {"status": status, "body": orjson.Fragment(body), "usage": usage}
    context.update(row=row, index=index, item=item)
    return RowOutcome(shown is plan.succeeded, shown.json(context), usage)


def _answer(operation: Operation, item: Any, context: Context) -> tuple[bytes, dict[str, Any]]:
    """The body and the usage of the message that the operation answers. Raises ApiError."""
    body = {**item} if isinstance(item, dict) else item
    if operation.request is not None:
        operation.request.check(body, "request")
    context["body"] = body
    context["query"] = {}
    refuse(context, operation)
    choice = operation.rules.choose(context, context.service.state.store.counters.increment, streams=False)
    if choice is None or choice.rule.reply is None:
        raise NoRule(operation, near_misses(operation, context, streams=False))
    context.adopt(choice.rule)
    note_use(choice.rule.id, context)
    for plan in choice.faults:
        if plan.fault.refuses:
            note_use(str(plan.place), context)
    faults = [plan.fault for plan in choice.faults]
    refuse_by_fault(faults, context)
    context.faults = (*context.faults, *faults)
    reply = choice.rule.reply
    corrupt_answer(reply, context)
    if reply.error is not None:
        raise refusal(reply, context)
    answered = compose(reply, context).body
    return answered, dict(context["usage"]) if "usage" in context.lets else {}


MAX_APPENDED = 1_000  # items of a list that `append` grows; the oldest go
MAX_APPENDED_BYTES = 8 * 2**20  # of all its items, as JSON; the oldest go, but never the last
Verb = Callable[[StepPlan, Context, dict[str, Any]], Any]
Found = TypeVar("Found")


def run_steps(steps: Sequence[StepPlan], context: Context) -> Turns[None]:
    """Runs each step whose `when` holds, in order, and binds its outcome to the name in `as`.

    Yields whenever it has worked so long that others should get a turn.
    """
    for step in steps:
        if step.when is not None and not step.when.true(context):
            continue
        arguments = {name: template.value(context) for name, template in step.arguments.items()}
        outcome = VERBS[step.verb](step, context, arguments)
        if isinstance(outcome, Generator):
            outcome = yield from outcome
        if step.bind is not None:
            context[step.bind] = outcome


def _put(step: StepPlan, context: Context, arguments: dict[str, Any]) -> Any:
    record = arguments.get("record", {})
    records = context.service.records[step.target]
    try:
        id = records.id_of(record, arguments)
    except ValueError as error:
        raise TemplateError(step.place, str(error)) from None
    records.put(id, record, step.ttl)
    apply_token_faults(context, step.target, id)
    return record


def _update(step: StepPlan, context: Context, arguments: dict[str, Any]) -> Any:
    fields = arguments["set"]
    if not isinstance(fields, dict):
        raise TemplateError(step.place, f"`set` is a mapping of fields, not {fields!r}")
    record = _record(step, step.target, context, arguments)
    return MISSING if record is None else _write(step, step.target, context, arguments, {**record, **fields})


def _append(step: StepPlan, context: Context, arguments: dict[str, Any]) -> Any:
    name, _, field = step.target.partition(".")
    record = _record(step, name, context, arguments)
    if record is None:
        return MISSING
    values, before = arguments["values"], record.get(field, [])
    if not isinstance(before, list):
        raise TemplateError(step.place, f"the field {field!r} is a list, not {before!r}")
    grown = _newest([*before, *(values if isinstance(values, list) else [values])])
    return _write(step, name, context, arguments, {**record, field: grown})


def _newest(items: list[Any]) -> list[Any]:
    """The last of the items, as many as are kept."""
    items = items[-MAX_APPENDED:]
    excess = size_of(items) - MAX_APPENDED_BYTES
    first = 0
    while excess > 0 and first < len(items) - 1:
        excess -= size_of(items[first])
        first += 1
    return items[first:]


def _record(step: StepPlan, name: str, context: Context, arguments: dict[str, Any]) -> Mapping[str, Any] | None:
    """The record that a step is about, perhaps a new one; None where the step is skipped. Raises ApiError."""
    records, id = context.service.records[name], arguments["id"]
    record: Mapping[str, Any] | None = records.get(id)
    if record is None and step.missing == "create":
        return {records.plan.key: str(id)}
    return _there(step, record, f"no record {id!r} in {name!r}")


def _there(step: StepPlan, found: Found | None, message: str) -> Found | None:
    """What a step is about. Raises ApiError where it is missing and the step is not to be skipped."""
    if found is None and step.missing == "fail":
        raise ApiError("not_found", message, hint=f"{message}; the step at {step.place} may have `missing: skip`")
    return found


def _write(
    step: StepPlan, name: str, context: Context, arguments: dict[str, Any], changed: dict[str, Any]
) -> dict[str, Any]:
    """Writes a record; one that is new begins its own life, another keeps its end unless the step has a `ttl`."""
    records, id = context.service.records[name], str(arguments["id"])
    if id in records:
        records.change(id, changed, step.ttl)
    else:
        records.put(id, changed, step.ttl)
    return changed


def _remove(step: StepPlan, context: Context, arguments: dict[str, Any]) -> Any:
    records, id = context.service.records[step.target], str(arguments["id"])
    _there(step, records.get(id), f"no record {id!r} in {step.target!r}")
    return records.remove(id)


def _start(step: StepPlan, context: Context, arguments: dict[str, Any]) -> Generator[None, None, Any]:
    service = context.service
    plan = service.api.jobs[step.target]
    data = arguments.get("data") or {}
    if not isinstance(data, dict):
        raise TemplateError(step.place, f"a job's `data` is a mapping, not {data!r}")
    items = arguments.get("items") or 0
    if isinstance(items, bool) or not isinstance(items, (list, int)) or (isinstance(items, int) and items < 0):
        raise TemplateError(step.place, f"a job's `items` are a list, or a number from 0; not {items!r}")
    rows, begun = None, service.state.clock.now()
    if plan.rows is not None and isinstance(items, list):
        data = {**data, "items": items}
        rows = yield from work_rows(plan.rows, plan.timeline, items, context, begun)
    faults, usage = job_faults(context), _usage(context)
    try:
        job = service.jobs.start(
            step.target,
            str(arguments["id"]) if "id" in arguments else context.new_uuid(),
            context.caller.workspace if context.caller is not None else "",
            items=len(items) if isinstance(items, list) else items,
            data=data,
            result=arguments.get("result"),
            rows=rows,
            watched=plan.webhook is not None or bool(plan.steps),
            faults=faults,
            usage=usage,
            started_at=begun,
            subject="" if context.caller is None else context.caller.subject,
        )
    except ConfigError as error:  # who requested the fault could not know which jobs there are
        refused = ApiError("invalid", str(error), status=400, hint=str(error))
        refused.free = True
        raise refused from error
    if context.allowance is not None and context.allowance.holder:
        release(service.state.store, context.allowance, step.target)
    context.set_off += tuple(fault.name for fault in faults)
    if usage is not None:
        context.counted_later = True
        service.state.ledger.begin(service.api.name, usage.asset, usage.key, job.workspace, job.started_at)
    return job.view(service.state.clock.now())


def _usage(context: Context) -> JobUsage | None:
    """Returns what the job adds to the statistics: what its request would add; None when that is counted already."""
    operation = context.operation
    if operation is None or operation.usage is None or context.counted_later:
        return None
    return usage_of(operation.usage, context)


def _cancel(step: StepPlan, context: Context, arguments: dict[str, Any]) -> Any:
    jobs = context.service.jobs
    job = jobs.find(str(arguments["id"]), context.caller.workspace if context.caller is not None else None)
    job = _there(step, job, f"no job {arguments['id']!r}")
    return MISSING if job is None else jobs.cancel(job).view(context.service.state.clock.now())


VERBS: Mapping[str, Verb] = {
    "put": _put,
    "update": _update,
    "append": _append,
    "remove": _remove,
    "start": _start,
    "cancel": _cancel,
}


def job_ended(service: Service, job: Job) -> None:
    """Does all that follows from the end of a job; what fails is reported to the loop's exception handler."""
    now = service.state.clock.now()
    kind = service.api.jobs.get(job.kind)  # none when a reload has taken the kind away
    _count(service, job, job.timeline.end if kind is None else kind.timeline.end, now)
    if kind is None or not (kind.steps or kind.webhook):
        return
    context = service.background(job=job.view(now))
    context.number = f"{service.api.name}/{job.id}/ended"
    _change(kind, context)
    if kind.webhook is not None:
        _tell(kind.webhook, job, context)


def _count(service: Service, job: Job, success: str, now: float) -> None:
    """Adds the end to the usage: of a job that went its way, as its request says; of another, the time it had."""
    usage = job.usage
    if usage is None:
        return
    ended = job.status(now) == success
    latency_ms = usage.latency_ms if ended else (min(now, job.ends_at) - job.started_at) * 1_000
    tokens = usage.tokens if ended else 0.0
    ledger = service.state.ledger
    ledger.end(
        service.api.name, usage.asset, usage.key, job.started_at, ended and usage.ok, max(0.0, latency_ms), tokens
    )


def _change(kind: JobPlan, context: Context) -> None:
    try:
        at_once(run_steps(kind.steps, context))
    except EmulatorError as error:
        _report(context, "the steps at the end of a job failed", error)


def _tell(plan: WebhookPlan, job: Job, context: Context) -> None:
    try:
        url = plan.url.value(context)
        if url:
            body = plan.body.json(context)
            id = f"msg_{context.new_id()}"
            secret = str(plan.secret.value(context))
            faults = webhook_faults(job)
            context.service.state.sender.deliver(id, str(url), secret, body, plan.retries, plan.timeout, faults)
    except EmulatorError as error:
        _report(context, "a webhook could not be written", error)


def _report(context: Context, message: str, error: EmulatorError) -> None:
    """Reports what no response says, with the hint, which says where to look."""
    hint = error.values.get("hint") if isinstance(error, ApiError) else None
    if hint:
        error = EmulatorError(hint)
    report = asyncio.get_running_loop().call_exception_handler
    context.service.state.store.on_commit(partial(report, {"message": message, "exception": error}))
