"""Choosing: the rule that answers a request, or an error that names the rules that nearly did."""

from __future__ import annotations

from emulator.exchange import Exchange
from emulator.scenario.playbook import Operation
from emulator.scenario.rulebook import Choice
from emulator.serving.near import unanswered
from emulator.serving.scope import Scope


def choose(operation: Operation, scope: Scope, exchange: Exchange) -> Choice:
    """Raises ApiError("no_rule") with the nearest rules and each field in which they differ."""
    choice = operation.rules.choose(scope, scope.site.world.store.count)
    if choice is not None:
        return choice
    raise unanswered(operation, scope, exchange)
