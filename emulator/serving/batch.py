"""Working the items of a job: each is answered as its operation would answer it, unlimited and whole."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson

from emulator.errors import ApiError
from emulator.scenario.plans import RowPlan
from emulator.scenario.playbook import Operation
from emulator.serving.compose import compose, error_plan, refusal, render_error
from emulator.serving.fault.play import refuse_by
from emulator.serving.near import near_misses, no_rule
from emulator.serving.rows import RowOutcome
from emulator.serving.scope import Scope
from emulator.serving.validate import refuse

AT_A_TIME = 50  # items worked before others get a turn


async def work_rows(plan: RowPlan, items: Sequence[Any], scope: Scope) -> list[RowOutcome]:
    """The outcome of each item, in order. Others are served meanwhile."""
    operation = scope.site.api.operations[plan.operation]
    outcomes = []
    for index, item in enumerate(items):
        outcomes.append(_work(plan, operation, item, index, scope))
        if index % AT_A_TIME == AT_A_TIME - 1:
            await scope.site.world.clock.sleep(0)
    return outcomes


def _work(plan: RowPlan, operation: Operation, item: Any, index: int, outer: Scope) -> RowOutcome:
    scope = Scope(outer.site, outer.incoming, operation)
    scope.caller, scope.number = outer.caller, f"{outer.number}/{index}"
    try:
        status, body, usage = 200, *_answer(operation, item, scope)
        shown = plan.succeeded
    except ApiError as error:
        said = error_plan(outer.site.api.errors, operation.errors, error.kind)
        reply = render_error(said, error, scope)
        status, body, usage, shown = reply.status, reply.body, {}, plan.errored
    row = {"status": status, "body": orjson.Fragment(body), "usage": usage}
    scope.update(row=row, index=index, item=item)
    return RowOutcome(shown is plan.succeeded, shown.json(scope), usage)


def _answer(operation: Operation, item: Any, scope: Scope) -> tuple[bytes, dict[str, Any]]:
    """The body and the usage of the message that the operation answers. Raises ApiError."""
    body = {**item} if isinstance(item, dict) else item
    if operation.request is not None:
        operation.request.check(body, "request")
    scope["body"] = body
    scope["query"] = {}
    refuse(scope, operation)
    choice = operation.rules.choose(scope, scope.site.world.store.count, streams=False)
    if choice is None or choice.rule.reply is None:
        raise no_rule(operation, near_misses(operation, scope, streams=False))
    scope.adopt(choice.rule)
    refuse_by([plan.fault for plan in choice.faults], scope)
    reply = choice.rule.reply
    if reply.error is not None:
        raise refusal(reply, scope)
    answered = compose(reply, scope).body
    return answered, dict(scope["usage"]) if "usage" in scope.makers else {}
