"""Accounting: charges a request on its estimate, settles it on what it took, and adds it to the usage."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from math import inf, isfinite
from typing import Any

from emulator.engine.context import Context, Service
from emulator.errors import ApiError, EmulatorError, Location, TemplateError
from emulator.http.reply import Reply
from emulator.http.request import Caller
from emulator.jobs.job import JobUsage
from emulator.language.expressions.template import Template
from emulator.playbook.apis import Operation
from emulator.playbook.error_reply import error_plan
from emulator.playbook.limits import MAX_COUNTED, AtOnce, Limit, Spends, TierPlan
from emulator.playbook.model import UsagePlan
from emulator.store import limits as limit
from emulator.store.limits import Allowance, States
from emulator.store.views import content

TOO_MANY_REQUESTS = 429


def charge(context: Context, operation: Operation, now: float) -> Allowance | None:
    """Charges the operation's cost to the caller's counters. Raises ApiError when one refuses: "rate_limited", or
    "payment_required"."""
    caller = context.caller
    if caller is None:
        return None
    tier: TierPlan = caller.plan
    limits = tier.limits
    if not limits:
        return None
    cost = {}
    for each in limits:  # what nothing limits is not computed
        amount = operation.cost.get(each.name)
        if amount is None:
            amount = _unnamed(each, operation)
        cost[each.name] = amount * each.parts if isinstance(amount, int) else parts(amount, context, operation, each)
    return _admit(context, caller, cost, now)


def _admit(context: Context, caller: Caller, cost: Mapping[str, int], now: float) -> Allowance:
    """Charges so much to the caller's counters. Raises ApiError as `charge` does; then the request shows how they
    stand, of which it was charged nothing."""
    service, tier = context.service, caller.plan
    jobs = _under_way(service, caller.subject, tier) if tier.jobs else limit.NO_JOBS
    try:
        allowance = limit.admit(service.state.store, caller.subject, tier.limits, cost, now, jobs)
    except ApiError as error:
        context.allowance = Allowance.of_nothing(tier.limits, error.values["limits"])
        context["limits"] = context.allowance.states
        error.decided_by = tier
        raise
    if tier.holds and isinstance(context.number, int):
        allowance.holder = caller.subject
    return allowance


def _unnamed(counter: Limit, operation: Operation) -> int | Template:
    """The cost of a counter that the operation doesn't name; one of jobs it may name by their kind."""
    kind = counter.pace.of if isinstance(counter.pace, AtOnce) else ""
    return operation.cost.get(kind, counter.cost(operation.starts))


def limit_states(service: Service, key: str) -> States:
    """Returns how the counters of a known key stand."""
    record = service.records["keys"].get(key)
    if record is None:
        return {}
    subject = record["workspace"] if service.api.limits_per == "workspace" else key
    return counters(service, f"{service.api.name}/{subject}", service.api.plan_of(key, record))


def counters(service: Service, subject: str, plan: TierPlan) -> States:
    """Returns how the counters of a plan stand for a subject."""
    return limit.states(service.state.store, subject, plan.limits, _under_way(service, subject, plan))


def _under_way(service: Service, subject: str, plan: TierPlan) -> limit.Jobs:
    """Returns how many jobs a subject has under way, by the counters of its plan that limit them."""
    return {counter: service.jobs.under_way(kind, subject) for counter, kind in plan.jobs}


def settle(context: Context, operation: Operation, reply: Reply, now: float) -> None:
    """Settles the charge on what the request really took."""
    allowance, caller = context.allowance, context.caller
    if allowance is None or caller is None or not (operation.settle or caller.plan.spends):
        return
    amounts = {}
    for each in allowance.limits:
        template = operation.settle.get(each.name)
        if template is not None:
            amounts[each.name] = parts(template, context, operation, each)
    if caller.plan.spends:
        amounts.update(_said(context, allowance, reply))
    context.allowance = limit.settle(context.service.state.store, caller.subject, allowance, amounts, now)
    context.pop("limits", None)  # a template may have read them before


def recharge(context: Context, operation: Operation, now: float) -> None:
    """Charges what a request costs whose answer is another than the one that its cost was reckoned from."""
    allowance, caller = context.allowance, context.caller
    if allowance is None or caller is None:
        return
    amounts = {
        each.name: parts(amount, context, operation, each)
        for each in allowance.limits
        if isinstance(amount := operation.cost.get(each.name), Template)
    }
    context.allowance = limit.settle(context.service.state.store, caller.subject, allowance, amounts, now)
    context.pop("limits", None)


def _said(context: Context, allowance: Allowance, reply: Reply) -> dict[str, int]:
    """Returns what a response says itself that it has cost, of budgets: a scenario's may say something else."""
    plans = context.service.api.client.spent
    budgets = [each for each in allowance.limits if isinstance(each.pace, Spends) and allowance.charged.get(each.name)]
    said: dict[str, int] = {}
    answer = content(reply.body, reply.headers) if any(each.name in plans for each in budgets) else None
    if not isinstance(answer, dict):
        return said
    operation = "" if context.operation is None else context.operation.name
    view = context.service.background(answer=answer, body=context.get("body"), status=reply.status, operation=operation)
    for each in budgets:
        with suppress(EmulatorError, KeyError):
            amount = plans[each.name].value(view)
            if isinstance(amount, (int, float)) and 0 < amount < inf:
                said[each.name] = round(min(amount * each.parts, MAX_COUNTED))
    return said


def settle_refusal(error: Exception, context: Context, now: float) -> Exception:
    """Charges a request that is refused for what it says, instead of its cost, what the API's `refused` says.

    What a limit or a fault refuses costs nothing, and nor do mistakes of the emulator's. Returns the error to answer
    with: that of a counter, when one does not let even this through.
    """
    caller, allowance, operation = context.caller, context.allowance, context.operation
    if caller is None or operation is None or (allowance is not None and not allowance.charged):
        return error
    api, store = context.service.api, context.service.state.store
    limits = caller.plan.limits
    if not limits:
        return error
    refused = api.refused if isinstance(error, ApiError) and _blames_client(error, context) else {}
    cost = dict.fromkeys((each.name for each in limits), 0)
    try:
        for each in limits:
            if each.name in refused:
                cost[each.name] = parts(refused[each.name], context, operation, each)
        if allowance is None and any(cost.values()):
            context.allowance = _admit(context, caller, cost, now)
        elif allowance is None:
            context.allowance = Allowance.of_nothing(limits, counters(context.service, caller.subject, caller.plan))
        else:
            context.allowance = limit.settle(store, caller.subject, allowance, cost, now)
    except (TemplateError, ApiError) as other:
        return other
    context.pop("limits", None)
    return error


def _blames_client(error: ApiError, context: Context) -> bool:
    """Whether an error is the client's (RFC 9110 section 15.5), and neither a limit's nor one that was asked for."""
    renamed = context.operation.errors if context.operation is not None else {}
    status = error.values.get("status", error_plan(context.service.api.errors, renamed, error.kind).status)
    return not error.free and isinstance(status, int) and 400 <= status < 500 and status != TOO_MANY_REQUESTS


def estimate(kind: str, items: Any, counter: str, context: Context) -> float:
    """Returns how much of a counter the items of a job would be charged if each were sent by itself.

    An item that the schema of its operation refuses, and one that no cost can be computed of, is charged nothing.
    """
    rows = context.service.api.jobs[kind].rows
    if rows is None or not isinstance(items, list):
        return 0
    operation = context.service.api.operations[rows.operation]
    amount = operation.cost.get(counter, 0)
    if isinstance(amount, int):
        return amount * len(items)
    row = Context(context.service, context.request, operation)
    row.caller = context.caller
    own = dict(row)
    total: float = 0
    for item in items:
        if operation.request is None or operation.request.fits(item):
            row.clear()
            row.update(own, body=item, query={})
            with suppress(TemplateError):
                total += _positive(amount.value(row), operation.place)
    return total


def parts(template: Template, context: Context, operation: Operation, counter: Limit) -> int:
    """Returns the value of a template as the counter counts it: a whole number from 0. Raises TemplateError."""
    value = template.value(context)
    if value.__class__ is int and 0 <= value * counter.parts <= MAX_COUNTED:
        whole: int = value * counter.parts
        return whole
    amount = _positive(value, operation.place)
    if amount * counter.parts > MAX_COUNTED:
        most = f"{MAX_COUNTED // counter.parts:,}"
        raise TemplateError(operation.place, f"the cost in {counter.name} is too high; expected a number up to {most}")
    return int(amount) if counter.parts == 1 else round(amount * counter.parts)


def _positive(value: Any, place: Location) -> float:
    """Returns a number from 0. Raises TemplateError for anything else."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value < inf:
        raise TemplateError(place, f"{value!r} is not an amount; expected a number from 0")
    return value


def account(plan: UsagePlan, context: Context, reply: Reply, at: float) -> None:
    """Adds a request that has ended to the usage of its asset; a job that it has started adds it later.

    A refused request took the time until its response, on the clock; any other as long as the plan says.
    """
    if context.counted_later:
        return
    answered = reply.status < 400
    usage = usage_of(plan, context, answered)
    if usage is None or context.caller is None:
        return
    state, name = context.service.state, context.service.api.name
    latency_ms = usage.latency_ms if answered else max(0.0, state.clock.now() - at + reply.delay) * 1_000
    state.ledger.record(name, usage.asset, usage.key, context.caller.workspace, at, usage.ok, latency_ms, usage.tokens)


def usage_of(plan: UsagePlan, context: Context, answered: bool = True) -> JobUsage | None:
    """Returns what a request adds to the usage of its asset; None when it has none. A failure takes no tokens."""
    try:
        asset: Any = plan.asset.maybe(context)
        if not asset or context.caller is None:
            return None
        ok = answered and (plan.ok is None or plan.ok.true(context))
        tokens = _amount(plan.tokens, context) if ok else 0.0
        latency = _amount(plan.latency_ms, context) if answered and plan.latency_ms is not None else 0.0
    except (TemplateError, ApiError):
        return None
    return JobUsage(str(asset), context.caller.key, tokens, latency, ok)


def _amount(template: Template, context: Context) -> float:
    value = template.value(context)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not isfinite(value):
        raise TemplateError(template.place, f"{value!r} is not an amount; expected a number")
    return float(value)
