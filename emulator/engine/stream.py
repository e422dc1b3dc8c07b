"""Streams: the events of a reply as exact bytes, each with the moment it is due."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

from emulator.engine.context import Context
from emulator.http import Frame
from emulator.language.document.durations import Latency
from emulator.playbook.model import ReplyPlan


def write_out(plan: ReplyPlan, context: Context) -> tuple[bytes, int]:
    """All events of a stream that is not paced, as bytes, and how many they are."""
    written = [event.frames.whole(context) for event in plan.events or ()]
    return b"".join([data for data, _ in written]), sum([count for _, count in written])


def lay_out(plan: ReplyPlan, context: Context, chance: Random) -> Iterator[Frame]:
    """The events of a stream, each with the seconds after which it is due: those that wait, and those of `$each`, which
    are paced."""
    first, each = _pace(plan, context)
    due, waited = 0.0, False
    for event in plan.events or ():
        for data in event.frames.single(context):
            paced = event.each is not None
            wait = event.wait or ((each if waited else first) if paced else None)
            due += wait.draw(chance) if wait is not None else 0.0
            waited = waited or paced
            yield Frame(due, data)


def _pace(plan: ReplyPlan, context: Context) -> tuple[Latency | None, Latency | None]:
    latency = context.service.served.latency
    if plan.pace is None:
        return latency.first_token, latency.token
    return plan.pace.first or latency.first_token, plan.pace.each or latency.token
