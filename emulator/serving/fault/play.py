"""Playing: which faults a request meets, from its rule, its world and its own header, and what they do to its reply."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from emulator.exchange import Exchange, Reply
from emulator.scenario.rulebook import Choice
from emulator.serving.fault.fault import OF_ANSWERS, OF_STREAMS, Fault
from emulator.serving.scope import Scope


def gather(choice: Choice, asked: tuple[Fault, ...], scope: Scope, exchange: Exchange) -> tuple[Fault, ...]:
    """The faults that play on this request, noted in the exchange; `scope.faults` holds those on what it starts too."""
    reply, operation = choice.rule.reply, scope.operation
    assert operation is not None
    families = OF_ANSWERS if reply is None or reply.events is None else OF_STREAMS
    armed: tuple[Fault, ...] = ()
    world = scope.site.world
    if world.armed.orders:
        key = scope.caller.key if scope.caller is not None else None
        chance = Random(f"{world.root}/{exchange.number}/armed")
        armed = world.armed.pick(operation.name, operation.api, key, exchange.at, chance, families)
    scope.faults = (*(plan.fault for plan in choice.faults), *armed, *asked)
    playing = tuple(sorted((each for each in scope.faults if each.family in families), key=lambda each: each.turn))
    exchange.faults = tuple(each.name for each in playing)
    return playing


def refuse_by(faults: Sequence[Fault], scope: Scope) -> None:
    """Raise ApiError when one of the faults refuses the request."""
    for fault in faults:
        if (refusal := fault.refusal(scope)) is not None:
            raise refusal


def spoil(reply: Reply, faults: Sequence[Fault], scope: Scope, chance: Random) -> Reply:
    """Let each fault have its way with the reply."""
    for fault in faults:
        reply = fault.spoil(reply, scope, chance)
    return reply
