"""Choosing: the rule that answers a request, or an error that names the rules that nearly did."""

from __future__ import annotations

from emulator.engine.context import Context
from emulator.engine.near_misses import unanswered
from emulator.http import Exchange
from emulator.playbook import Operation
from emulator.playbook.rules import Choice


def choose(operation: Operation, context: Context, exchange: Exchange) -> Choice:
    """Raises ApiError("no_rule") with the nearest rules and each field in which they differ."""
    choice = operation.rules.choose(context, context.service.state.store.count)
    if choice is not None:
        return choice
    raise unanswered(operation, context, exchange)
