"""Streams: the events of a reply as exact bytes, each with the moment it is due."""

from __future__ import annotations

import re
from collections.abc import Iterator
from random import Random

from emulator.exchange import Frame
from emulator.scenario.duration import Latency
from emulator.scenario.plans import EventPlan, ReplyPlan
from emulator.serving.scope import Scope

LINE_ENDS = re.compile(r"\r\n|\r|\n")


def write_out(plan: ReplyPlan, scope: Scope) -> list[bytes]:
    """All events of a stream that is not paced, as bytes."""
    written: list[bytes] = []
    for event in plan.events or ():
        if event.each is None:
            if _wanted(event, scope):
                written.append(encode(event, scope))
        elif event.when is None and (frame := event.frame) is not None:
            bind = event.bind
            for item in event.each.value(scope):
                scope[bind] = item
                written.append(frame(scope))
        else:
            written.extend(_each(event, scope))
    return written


def lay_out(plan: ReplyPlan, scope: Scope, chance: Random) -> Iterator[Frame]:
    """The events of a stream, each with the seconds after which it is due: those that wait, and those of `$each`, which
    are paced."""
    first, each = _pace(plan, scope)
    due, waited = 0.0, False
    for event in plan.events or ():
        if event.each is None:
            if _wanted(event, scope):
                due += event.wait.draw(chance) if event.wait is not None else 0.0
                yield Frame(due, encode(event, scope))
            continue
        own = event.wait
        for data in _each(event, scope):
            wait = own or (each if waited else first)
            due += wait.draw(chance) if wait is not None else 0.0
            waited = True
            yield Frame(due, data)


def _each(event: EventPlan, scope: Scope) -> Iterator[bytes]:
    assert event.each is not None
    for item in event.each.value(scope):
        scope[event.bind] = item
        if _wanted(event, scope):
            yield encode(event, scope)


def _wanted(event: EventPlan, scope: Scope) -> bool:
    return event.when is None or event.when.true(scope)


def _pace(plan: ReplyPlan, scope: Scope) -> tuple[Latency | None, Latency | None]:
    latency = scope.site.served.latency
    if plan.pace is None:
        return latency.first_token, latency.token
    return plan.pace.first or latency.first_token, plan.pace.each or latency.token


def encode(event: EventPlan, scope: Scope) -> bytes:
    """One event as the WHATWG HTML standard writes it (section 9.2), with \\n line ends."""
    if (frame := event.frame) is not None:
        whole: bytes = frame(scope)
        return whole
    lines = [] if event.id is None else [b"id: " + LINE_ENDS.sub("", str(event.id.value(scope))).encode() + b"\n"]
    lines.append(event.lead)
    if event.data is not None:  # with an id before it
        lines.append(b"data: " + event.data.json(scope) + b"\n\n")
    elif event.text is not None:
        lines.extend(b"data: " + line.encode() + b"\n" for line in LINE_ENDS.split(str(event.text.value(scope))))
        lines.append(b"\n")
    return b"".join(lines)
