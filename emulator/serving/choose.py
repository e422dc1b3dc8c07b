"""Choosing: the rule that answers a request, or an error that names the rules that nearly did."""

from __future__ import annotations

from emulator.errors import ApiError
from emulator.exchange import Caller, Exchange
from emulator.scenario.playbook import Operation
from emulator.scenario.rulebook import Choice
from emulator.serving.scope import Scope


def choose(operation: Operation, scope: Scope, exchange: Exchange) -> Choice:
    """Raises ApiError("no_rule") with the nearest rules and each field in which they differ."""
    choice = operation.rules.choose(scope, scope.site.world.store.count)
    if choice is not None:
        return choice
    near = operation.rules.near_misses(scope)
    exchange.near = tuple(_without_key(str(miss), scope.caller) for miss in near)
    detail = f"no rule answers {operation.name}"
    raise ApiError("no_rule", detail, hint=f"{detail}; nearest: {' | '.join(exchange.near)}")


def _without_key(text: str, caller: Caller | None) -> str:
    """The text with the caller's key masked: what is near is kept, and keys are not."""
    return text if caller is None else text.replace(caller.key, caller.view["masked"])
