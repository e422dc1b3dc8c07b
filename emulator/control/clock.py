"""The clock: read it, stop it, move it, set it, hurry it; what falls due on the way happens before the answer."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from msgspec import Meta, Struct

from emulator.clock import MAX_SPEED, Clock, iso
from emulator.control.parsing import ControlFailure
from emulator.control.route import ControlRequest, ControlRoute
from emulator.dates import LATEST
from emulator.errors import DocumentError, Location
from emulator.language.document.durations import parse_duration


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
    """The world's time, and what is due next."""
    return clock_view(request.clock)


async def move(request: ControlRequest, body: ClockRequest) -> ClockView:
    """Set, freeze, hurry, let jump, advance: everything due on the way has happened, in order, when this answers."""
    clock = request.clock
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
            read = datetime.fromisoformat(value)
        except ValueError:
            expected = "a time such as '2026-01-01T00:00:00Z', or seconds since the epoch"
            raise ControlFailure(400, f"{where}: expected {expected}; found {value[:100]!r}") from None
        value = (read if read.tzinfo is not None else read.replace(tzinfo=UTC)).timestamp()
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


ROUTES = (
    ControlRoute("GET", "/clock", read),
    ControlRoute("POST", "/clock", move, example={"freeze": True, "advance": "61s"}),
)
