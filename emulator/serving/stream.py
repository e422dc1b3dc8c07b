"""Streams: the events of a reply as exact bytes, each with the moment it is due."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import Any

from emulator.exchange import Frame
from emulator.scenario.duration import Latency
from emulator.scenario.plans import EventPlan, ReplyPlan
from emulator.serving.scope import Scope


def lay_out(plan: ReplyPlan, scope: Scope, chance: Random | None) -> Iterator[Frame]:
    """The events of a stream, each with the seconds after which it is due; those of `$each` are paced."""
    first, each = _pace(plan, scope)
    due, waited = 0.0, False
    for event in plan.events or ():
        if event.when is not None and not event.when.true(scope):
            continue
        if event.each is None:
            yield Frame(due, encode(event, scope))
            continue
        for item in event.each.value(scope):
            wait = each if waited else first
            if wait is not None and chance is not None:
                due += wait.draw(chance)
            waited = True
            scope[event.bind] = item
            yield Frame(due, encode(event, scope))


def _pace(plan: ReplyPlan, scope: Scope) -> tuple[Latency | None, Latency | None]:
    latency = scope.site.served.latency
    if plan.pace is None:
        return latency.first_token, latency.token
    return plan.pace.first or latency.first_token, plan.pace.each or latency.token


def encode(event: EventPlan, scope: Scope) -> bytes:
    """One event as the WHATWG HTML standard writes it (section 9.2), with \\n line ends."""
    lines = [] if event.event is None else [b"event: " + event.event.encode() + b"\n"]
    if event.id is not None:
        lines.append(b"id: " + _one_line(event.id.value(scope)) + b"\n")
    if event.data is not None:
        lines.append(b"data: " + event.data.json(scope) + b"\n\n")
    elif event.text is not None:
        text = str(event.text.value(scope)).replace("\r\n", "\n").replace("\r", "\n")
        lines.extend(b"data: " + line.encode() + b"\n" for line in text.split("\n"))
        lines.append(b"\n")
    return b"".join(lines)


def _one_line(value: Any) -> bytes:
    return " ".join(str(value).split()).encode()
