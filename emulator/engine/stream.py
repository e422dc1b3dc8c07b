"""Streams: the events of a reply as exact bytes, each with the moment it is due."""

from __future__ import annotations

import re
from collections.abc import Iterator
from random import Random

from emulator.engine.context import Context
from emulator.http import Frame
from emulator.language.document.durations import Latency
from emulator.playbook.model import EventPlan, ReplyPlan

LINE_ENDS = re.compile(r"\r\n|\r|\n")


def write_out(plan: ReplyPlan, context: Context) -> list[bytes]:
    """All events of a stream that is not paced, as bytes."""
    written: list[bytes] = []
    for event in plan.events or ():
        if event.each is None:
            if _wanted(event, context):
                written.append(encode(event, context))
        elif event.when is None and (frame := event.frame) is not None:
            bind = event.bind
            for item in event.each.value(context):
                context[bind] = item
                written.append(frame(context))
        else:
            written.extend(_each(event, context))
    return written


def lay_out(plan: ReplyPlan, context: Context, chance: Random) -> Iterator[Frame]:
    """The events of a stream, each with the seconds after which it is due: those that wait, and those of `$each`, which
    are paced."""
    first, each = _pace(plan, context)
    due, waited = 0.0, False
    for event in plan.events or ():
        if event.each is None:
            if _wanted(event, context):
                due += event.wait.draw(chance) if event.wait is not None else 0.0
                yield Frame(due, encode(event, context))
            continue
        own = event.wait
        for data in _each(event, context):
            wait = own or (each if waited else first)
            due += wait.draw(chance) if wait is not None else 0.0
            waited = True
            yield Frame(due, data)


def _each(event: EventPlan, context: Context) -> Iterator[bytes]:
    assert event.each is not None
    for item in event.each.value(context):
        context[event.bind] = item
        if _wanted(event, context):
            yield encode(event, context)


def _wanted(event: EventPlan, context: Context) -> bool:
    return event.when is None or event.when.true(context)


def _pace(plan: ReplyPlan, context: Context) -> tuple[Latency | None, Latency | None]:
    latency = context.service.served.latency
    if plan.pace is None:
        return latency.first_token, latency.token
    return plan.pace.first or latency.first_token, plan.pace.each or latency.token


def encode(event: EventPlan, context: Context) -> bytes:
    """One event as the WHATWG HTML standard writes it (section 9.2), with \\n line ends."""
    if (frame := event.frame) is not None:
        whole: bytes = frame(context)
        return whole
    lines = [] if event.id is None else [b"id: " + LINE_ENDS.sub("", str(event.id.value(context))).encode() + b"\n"]
    lines.append(event.lead)
    if event.data is not None:  # with an id before it
        lines.append(b"data: " + event.data.json(context) + b"\n\n")
    elif event.text is not None:
        lines.extend(b"data: " + line.encode() + b"\n" for line in LINE_ENDS.split(str(event.text.value(context))))
        lines.append(b"\n")
    return b"".join(lines)
