"""Answers the items of a batch: each as its operation would answer it, unlimited and whole."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import Any

import orjson

from emulator.engine.context import Context
from emulator.engine.faulting import refuse_by_fault
from emulator.engine.near_misses import NoRule, near_misses
from emulator.engine.respond import compose, error_plan, refusal, render_error
from emulator.engine.validate import refuse
from emulator.errors import ApiError
from emulator.jobs.job import RowOutcome
from emulator.playbook import Operation
from emulator.playbook.model import RowPlan

ROWS_PER_TURN = 50  # items answered before others get a turn


def work_rows(plan: RowPlan, items: Sequence[Any], context: Context) -> Generator[None, None, list[RowOutcome]]:
    """Returns the outcome of each item, in order; yields from time to time, so that others are served meanwhile."""
    operation = context.service.api.operations[plan.operation]
    outcomes = []
    for index, item in enumerate(items):
        outcomes.append(_work(plan, operation, item, index, context))
        if index % ROWS_PER_TURN == ROWS_PER_TURN - 1:
            yield
    return outcomes


def _work(plan: RowPlan, operation: Operation, item: Any, index: int, outer: Context) -> RowOutcome:
    context = Context(outer.service, outer.request, operation)
    context.caller, context.number = outer.caller, f"{outer.number}/{index}"
    try:
        status, body, usage = 200, *_answer(operation, item, context)
        shown = plan.succeeded
    except ApiError as error:
        said = error_plan(outer.service.api.errors, operation.errors, error.kind)
        reply = render_error(said, error, context)
        status, body, usage, shown = reply.status, reply.body, {}, plan.errored
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
    choice = operation.rules.choose(context, context.service.state.store.count, streams=False)
    if choice is None or choice.rule.reply is None:
        raise NoRule(operation, near_misses(operation, context, streams=False))
    context.adopt(choice.rule)
    refuse_by_fault([plan.fault for plan in choice.faults], context)
    reply = choice.rule.reply
    if reply.error is not None:
        raise refusal(reply, context)
    answered = compose(reply, context).body
    return answered, dict(context["usage"]) if "usage" in context.lets else {}
