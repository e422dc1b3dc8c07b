"""The clock: read it, stop it, move it, set it, hurry it; what falls due on the way happens before the answer."""

from __future__ import annotations

from collections.abc import Iterator
from heapq import nsmallest
from math import inf
from operator import itemgetter
from typing import Annotated, Literal

from msgspec import Meta, Struct

from emulator.clock.world_clock import Clock
from emulator.control.keys import standing
from emulator.control.mcp.tool import NoTool, Tool
from emulator.control.parsing import ControlFailure
from emulator.control.route import ControlRequest, ControlRoute
from emulator.dates import LATEST, iso
from emulator.errors import DocumentError, Location
from emulator.language.document.durations import parse_duration
from emulator.settings.clock_start import MAX_SPEED, parse_moment


class ClockView(Struct, frozen=True):
    """`now` and `next` are seconds since the epoch, `next` is null when nothing is `pending`; `speed` 0 is frozen."""

    now: float
    iso: str
    frozen: bool
    speed: float
    auto: bool
    pending: int
    next: float | None


class ClockRequest(Struct, frozen=True, forbid_unknown_fields=True):
    """Done in this order, whatever the order of the keys."""

    set: Annotated[str | float | None, Meta(description="a time: ISO 8601, or seconds since the epoch")] = None
    freeze: Annotated[bool | None, Meta(description="stand still, or go on")] = None
    speed: Annotated[float | None, Meta(description="seconds of this clock in a real second")] = None
    auto: Annotated[bool | None, Meta(description="jump to what is due next whenever everybody waits")] = None
    advance: Annotated[str | float | None, Meta(description="a duration such as 61s, or seconds")] = None


def read(request: ControlRequest) -> ClockView:
    """The world's time, and when the next thing is due."""
    return clock_view(request.clock)


async def move(request: ControlRequest, body: ClockRequest) -> ClockView:
    """Set, freeze, speed up or advance the clock; everything due in between happens, in order, before this returns."""
    clock, store = request.clock, request.state.store
    async with store.alone():
        to, step = _checked(body, clock)
        if to is not None:
            await clock.set(to)
        if body.freeze is not None:
            clock.run(0.0 if body.freeze else clock.speed or 1.0)
        if body.speed is not None:
            clock.run(body.speed)
        if body.auto is not None:
            clock.auto = body.auto
        if step is not None:
            await clock.advance(step)
        await store.everywhere()
    return clock_view(clock)


def clock_view(clock: Clock) -> ClockView:
    """What a clock shows."""
    now, pending = clock.now(), clock.pending()
    due = pending[0].due if pending else None
    return ClockView(now, iso(now, milliseconds=True), not clock.speed, clock.speed, clock.auto, len(pending), due)


def seconds(value: str | float, where: str) -> float:
    """A duration such as `61s`, or a number of seconds from 0. Raises ControlError 400."""
    if isinstance(value, str):
        try:
            duration = parse_duration(value, Location(where))
        except DocumentError as error:
            raise ControlFailure(400, str(error)) from None
        if duration.each:
            raise ControlFailure(400, f"{where}: expected a duration such as '61s', without 'each'; found {value!r}")
        return duration.fixed
    return between(value, 0.0, LATEST, where)


def moment(value: str | float, where: str) -> float:
    """A time as seconds since the epoch; ISO 8601 without an offset is UTC. Raises ControlError 400."""
    if isinstance(value, str):
        try:
            return between(parse_moment(value), 0.0, LATEST, where)
        except ValueError:
            expected = "a time such as '2026-01-01T00:00:00Z', or seconds since the epoch"
            raise ControlFailure(400, f"{where}: expected {expected}; found {value[:100]!r}") from None
    return between(value, 0.0, LATEST, where)


def between(value: float, least: float, most: float, where: str) -> float:
    """The number itself. Raises ControlError 400 when it lies outside."""
    if not least <= value <= most:
        raise ControlFailure(400, f"{where}: expected a number between {least:g} and {most:.0f}; found {value:g}")
    return value


def _checked(body: ClockRequest, clock: Clock) -> tuple[float | None, float | None]:
    """Where to go at first, and how far from there; refused before anything has moved."""
    if body == ClockRequest():
        raise ControlFailure(400, "body: expected at least one of: set, freeze, speed, auto, advance")
    if body.freeze and body.speed:
        raise ControlFailure(400, "body: 'freeze' stops the clock, and 'speed' lets it run; expected one of them")
    if body.speed is not None:
        between(body.speed, 0.0, MAX_SPEED, "body.speed")
    to = None if body.set is None else moment(body.set, "body.set")
    step = None if body.advance is None else seconds(body.advance, "body.advance")
    if step is not None and (clock.now() if to is None else to) + step > LATEST:
        raise ControlFailure(400, "body.advance: leads beyond the year 9999")
    return to, step


Count = Annotated[int, Meta(ge=1, le=1_000, description="at most so many, the soonest")]


class DueView(Struct, frozen=True):
    """Something that happens by the clock alone: when (epoch seconds), to what, and what in words.

    `id` is that of the job or of the message, and the key of a limit; a response that is under way has none.
    """

    at: float
    kind: Literal["job", "webhook", "limit", "response"]
    id: str
    what: str


class DueListView(Struct, frozen=True):
    """What is due after `now`, the soonest first."""

    now: float
    due: list[DueView]


class DueQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """How much of it."""

    count: Count = 10


def due(request: ControlRequest, query: DueQuery) -> DueListView:
    """What is due next on the world's clock: what `advance` and `set` would trigger."""
    now = request.clock.now()
    return DueListView(now, nsmallest(query.count, _all(request, now), key=lambda each: each.at))


def _all(request: ControlRequest, now: float) -> Iterator[DueView]:
    named = set()
    for each in (*_jobs(request, now), *_webhooks(request, now), *_limits(request, now)):
        named.add(round(each.at, 3))
        yield each
    # What is named already has a timer too; a response sleeps until its next event.
    for timer in request.clock.pending()[:1]:
        if timer.due > now and round(timer.due, 3) not in named:
            yield DueView(timer.due, "response", "", "an open response goes on")


def _jobs(request: ControlRequest, now: float) -> Iterator[DueView]:
    for service in request.world.pipeline.services.values():
        for job in service.jobs.all():
            if job.done(now):
                continue
            state, at = min(
                ((state, at) for state, at in job.history() if at > now), key=itemgetter(1), default=("", inf)
            )
            if at < inf:
                yield DueView(at, "job", job.id, f"{job.kind} {job.id} becomes {state}")


def _webhooks(request: ControlRequest, now: float) -> Iterator[DueView]:
    latest = {attempt.id: attempt for attempt in request.state.sender.attempts()}
    for id, attempt in latest.items():
        if attempt.next_at is not None and attempt.next_at > now:
            yield DueView(attempt.next_at, "webhook", id, f"webhook {id} to {attempt.url} is tried again")


def _limits(request: ControlRequest, now: float) -> Iterator[DueView]:
    for key in standing(request.world):
        for name, counter in key.limits.items():
            if counter.used and counter.reset is not None and counter.reset > now:
                yield DueView(counter.reset, "limit", key.key, f"the window of {name} ends for {key.key}")


ROUTES = (
    ControlRoute(
        "GET",
        "/clock",
        read,
        tool=Tool("get_clock", "Read the world's clock: its time, whether it is frozen, when the next thing is due."),
    ),
    ControlRoute(
        "POST",
        "/clock",
        move,
        example={"freeze": True, "advance": "61s"},
        tool=Tool(
            "move_clock",
            "Move the world's clock: freeze it, advance it by a duration such as 61s, set it, or speed it up. Rate "
            "limits, jobs, webhooks and tokens follow it, and all that is due on the way has happened when this "
            "returns. A program that sleeps does so in real time all the same.",
            effect="changes",
        ),
    ),
    ControlRoute("GET", "/clock/due", due, tool=NoTool("get_clock says when the next thing is due, list_jobs what")),
)
