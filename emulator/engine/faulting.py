"""Playing: which faults a request meets, from its rule, its world and its own header, and what they do to its reply."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from emulator.engine.context import Context
from emulator.faults.base import OF_ANSWERS, OF_STREAMS, Fault
from emulator.http import Exchange, Reply
from emulator.playbook.rules import Choice


def gather(choice: Choice, asked: tuple[Fault, ...], context: Context, exchange: Exchange) -> tuple[Fault, ...]:
    """The faults that play on this request, noted in the exchange; `scope.faults` holds those on what it starts too."""
    reply, operation = choice.rule.reply, context.operation
    assert operation is not None
    families = OF_ANSWERS if reply is None or reply.events is None else OF_STREAMS
    armed: tuple[Fault, ...] = ()
    state = context.service.state
    if state.armed.orders:
        key = context.caller.key if context.caller is not None else None
        chance = Random(f"{state.root}/{exchange.number}/armed")
        armed = state.armed.pick(operation.name, operation.api, key, exchange.at, chance, families)
    context.faults = (*(plan.fault for plan in choice.faults), *armed, *asked)
    playing = tuple(sorted((each for each in context.faults if each.family in families), key=lambda each: each.turn))
    exchange.faults = tuple(each.name for each in playing)
    return playing


def refuse_by_fault(faults: Sequence[Fault], context: Context) -> None:
    """Raise ApiError when one of the faults refuses the request."""
    for fault in faults:
        if (refusal := fault.refusal(context)) is not None:
            raise refusal


def apply_faults(reply: Reply, faults: Sequence[Fault], context: Context, chance: Random) -> Reply:
    """Let each fault have its way with the reply."""
    for fault in faults:
        reply = fault.spoil(reply, context, chance)
    return reply
