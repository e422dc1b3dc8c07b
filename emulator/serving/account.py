"""Accounting: what a request is charged at first, what it really took, and what the statistics keep of it."""

from __future__ import annotations

from math import isfinite
from typing import Any

from emulator.errors import ApiError, Place, TemplateError
from emulator.scenario.plans import UsagePlan
from emulator.scenario.playbook import Operation
from emulator.scenario.template import Template
from emulator.serving import limit
from emulator.serving.limit import Allowance
from emulator.serving.scope import Scope


def charge(scope: Scope, operation: Operation, now: float) -> Allowance | None:
    """Charge the caller's counters with the operation's cost; ApiError("rate_limited") when they refuse."""
    caller = scope.caller
    if caller is None:
        return None
    limits = scope.site.served.limits[caller.tier]
    if not limits:
        return None
    cost = {
        name: amount if isinstance(amount, int) else whole(amount, scope, operation.place)
        for name, amount in operation.cost.items()
    }
    try:
        return limit.admit(scope.site.world.store, caller.subject, limits, cost, now)
    except ApiError as error:
        scope["limits"] = error.values["limits"]
        raise


def settle(scope: Scope, operation: Operation, now: float) -> None:
    """Make the charge what the request really took."""
    allowance, caller = scope.allowance, scope.caller
    if allowance is None or caller is None or not operation.settle:
        return
    amounts = {name: whole(amount, scope, operation.place) for name, amount in operation.settle.items()}
    scope.allowance = limit.settle(scope.site.world.store, caller.subject, allowance, amounts, now)
    scope.pop("limits", None)  # a template may have looked at them before


def refund(scope: Scope, now: float) -> None:
    """Give back what was charged: a request that is refused costs nothing, whichever step refuses it."""
    allowance, caller = scope.allowance, scope.caller
    if allowance is not None and caller is not None:
        nothing = dict.fromkeys(allowance.charged, 0)
        scope.allowance = limit.settle(scope.site.world.store, caller.subject, allowance, nothing, now)
        scope.pop("limits", None)


def whole(template: Template, scope: Scope, place: Place) -> int:
    """What a template says, as a whole number from 0."""
    value = template.value(scope)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or value < 0:
        raise TemplateError(place, f"{value!r} is not an amount; expected a number from 0")
    return int(value)


def account(plan: UsagePlan, scope: Scope, status: int, at: float) -> None:
    """Add a request to the statistics of its asset; one that failed took no tokens and no time."""
    caller = scope.caller
    try:
        asset: Any = plan.asset.maybe(scope)
        if not asset or caller is None:
            return
        ok = status < 400 and (plan.ok is None or plan.ok.true(scope))
        tokens = _amount(plan.tokens, scope) if ok else 0.0
        latency = _amount(plan.latency_ms, scope) if ok and plan.latency_ms is not None else 0.0
    except (TemplateError, ApiError):
        return
    scope.site.world.ledger.record(
        scope.site.api.name, str(asset), caller.key, caller.workspace, at, ok, latency, tokens
    )


def _amount(template: Template, scope: Scope) -> float:
    value = template.value(scope)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not isfinite(value):
        raise TemplateError(template.place, f"{value!r} is not an amount; expected a number")
    return float(value)
