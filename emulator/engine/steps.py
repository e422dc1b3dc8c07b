"""Steps: the changes of state that a rule makes before it replies. One verb, one function."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from emulator.engine.batch import work_rows
from emulator.engine.context import Context
from emulator.engine.started_faults import apply_token_faults, job_faults
from emulator.errors import ApiError, ConfigError, TemplateError
from emulator.playbook.model import StepPlan

MOST_APPENDED = 1_000
Verb = Callable[[StepPlan, Context, dict[str, Any]], Awaitable[Any]]


async def run_steps(steps: Sequence[StepPlan], context: Context) -> None:
    """Do each step whose `when` holds, in order; its outcome is bound to the name in `as`."""
    for step in steps:
        if step.when is not None and not step.when.true(context):
            continue
        arguments = {name: template.value(context) for name, template in step.arguments.items()}
        outcome = await VERBS[step.verb](step, context, arguments)
        if step.bind is not None:
            context[step.bind] = outcome


async def _put(step: StepPlan, context: Context, given: dict[str, Any]) -> Any:
    record = given.get("record", {})
    records = context.service.records[step.target]
    if not isinstance(record, dict):
        raise TemplateError(step.place, f"a record is a mapping, not {record!r}")
    id = given.get("id", record.get(records.plan.key))
    if id is None:
        raise TemplateError(step.place, f"the record has no id; give one, or a field {records.plan.key!r}")
    records.put(str(id), record, step.ttl)
    apply_token_faults(context, step.target, str(id))
    return record


async def _update(step: StepPlan, context: Context, given: dict[str, Any]) -> Any:
    record = _record(step, context, given)
    fields = given["set"]
    if not isinstance(fields, dict):
        raise TemplateError(step.place, f"`set` is a mapping of fields, not {fields!r}")
    changed = {**record, **fields}
    context.service.records[step.target].change(str(given["id"]), changed, step.ttl)
    return changed


async def _append(step: StepPlan, context: Context, given: dict[str, Any]) -> Any:
    name, _, field = step.target.partition(".")
    records = context.service.records[name]
    record = records.get(given["id"])
    if record is None:
        raise TemplateError(step.place, f"no record {given['id']!r} in {name!r}")
    values, before = given["values"], record.get(field, [])
    if not isinstance(before, list):
        raise TemplateError(step.place, f"the field {field!r} is a list, not {before!r}")
    grown = [*before, *(values if isinstance(values, list) else [values])]
    changed = {**record, field: grown[-MOST_APPENDED:]}
    records.change(str(given["id"]), changed, step.ttl)
    return changed


async def _remove(step: StepPlan, context: Context, given: dict[str, Any]) -> Any:
    return context.service.records[step.target].remove(str(given["id"]))


async def _start(step: StepPlan, context: Context, given: dict[str, Any]) -> Any:
    service = context.service
    plan = service.api.jobs[step.target]
    data = given.get("data") or {}
    if not isinstance(data, dict):
        raise TemplateError(step.place, f"a job's `data` is a mapping, not {data!r}")
    items = given.get("items") or 0
    if isinstance(items, bool) or not isinstance(items, (list, int)) or (isinstance(items, int) and items < 0):
        raise TemplateError(step.place, f"a job's `items` are a list, or a number from 0; not {items!r}")
    rows = None
    if plan.rows is not None and isinstance(items, list):
        data = {**data, "items": items}
        rows = await work_rows(plan.rows, items, context)
    faults = job_faults(context)
    try:
        job = service.jobs.start(
            step.target,
            str(given["id"]) if "id" in given else service.state.new_uuid(),
            context.caller.workspace if context.caller is not None else "",
            items=len(items) if isinstance(items, list) else items,
            data=data,
            result=given.get("result"),
            rows=rows,
            watched=plan.webhook is not None,
            faults=faults,
        )
    except ConfigError as error:  # whoever asked for the fault could not know what jobs there are
        raise ApiError("invalid", str(error), status=400, hint=str(error)) from error
    context.set_off += tuple(fault.name for fault in faults)
    return job.view(service.state.clock.now())


async def _cancel(step: StepPlan, context: Context, given: dict[str, Any]) -> Any:
    jobs = context.service.jobs
    job = jobs.find(str(given["id"]), context.caller.workspace if context.caller is not None else None)
    if job is None:
        raise TemplateError(step.place, f"no job {given['id']!r}")
    return jobs.cancel(job).view(context.service.state.clock.now())


def _record(step: StepPlan, context: Context, given: dict[str, Any]) -> dict[str, Any]:
    record = context.service.records[step.target].get(given["id"])
    if record is None:
        raise TemplateError(step.place, f"no record {given['id']!r} in {step.target!r}")
    return dict(record)


VERBS: Mapping[str, Verb] = {
    "put": _put,
    "update": _update,
    "append": _append,
    "remove": _remove,
    "start": _start,
    "cancel": _cancel,
}
