"""Faults: the ways an answer goes wrong. One fault, one small class, one entry in the table."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from random import Random
from typing import Any, Protocol

from emulator.errors import DocumentError, Place
from emulator.exchange import Reply
from emulator.scenario.duration import parse_latency
from emulator.scenario.plans import FaultPlan

NOWHERE = Place("fault", 1, 1)


class Fault(Protocol):
    """One way an answer goes wrong."""

    def spoil(self, reply: Reply, chance: Random) -> Reply: ...


class Latency:
    """The answer begins later: `latency: 2s`, `{uniform: [100ms, 300ms]}`, `{lognormal: {p50: 340ms, sigma: 0.4}}`."""

    def __init__(self, delay: Any = None, **distribution: Any) -> None:
        try:
            self._delay = parse_latency(distribution if delay is None else delay, NOWHERE)
        except DocumentError as error:
            raise ValueError(error.complaints[0].message) from error

    def spoil(self, reply: Reply, chance: Random) -> Reply:
        reply.delay += self._delay.draw(chance)
        return reply


FAULTS: Mapping[str, Callable[..., Fault]] = {"latency": Latency}


def spoil(reply: Reply, faults: Sequence[FaultPlan], chance: Random) -> Reply:
    """Let each fault have its way with the reply, in order."""
    for plan in faults:
        reply = plan.fault.spoil(reply, chance)
    return reply
