"""Faults on streams: events that are wrong, twice there or missing, and streams that stop in the middle."""

from __future__ import annotations

import re
from collections.abc import Callable
from random import Random
from typing import Annotated, ClassVar

from msgspec.structs import replace

from emulator.errors import ApiError
from emulator.faults.base import By, Count, Family, Fault, FaultContext, Positive, References, Seconds, Text, count
from emulator.faults.raw_response import RawResponse
from emulator.http import Frame, Reply

_DATA = re.compile(rb"^data: ?(.*)$", re.M)


class MalformedEvent(Fault, frozen=True):
    """One event's data breaks off in the middle; the event itself ends as it should."""

    name: ClassVar[str] = "malformed_event"
    family: ClassVar[Family] = "stream"
    event: Positive = 1

    def spoil(self, reply: Reply, context: FaultContext, chance: Random) -> Reply:
        """Take the second half of the event's data."""
        return _change(reply, self.event, lambda frame: [replace(frame, data=_DATA.sub(_broken, frame.data, count=1))])


class DuplicateEvent(Fault, frozen=True):
    """One event comes again, as often as `times` says, right after itself."""

    name: ClassVar[str] = "duplicate_event"
    family: ClassVar[Family] = "stream"
    turn: ClassVar[int] = 1
    event: Positive = 1
    times: Annotated[int, count(1, 1_000)] = 1

    def spoil(self, reply: Reply, context: FaultContext, chance: Random) -> Reply:
        """Say it again, at the same moment."""
        return _change(reply, self.event, lambda frame: [frame] * (1 + self.times))


class DropEvent(Fault, frozen=True):
    """One event is missing."""

    name: ClassVar[str] = "drop_event"
    family: ClassVar[Family] = "stream"
    turn: ClassVar[int] = 2
    event: Positive = 1

    def spoil(self, reply: Reply, context: FaultContext, chance: Random) -> Reply:
        """Leave it out; those after it come when they would have come."""
        return _change(reply, self.event, lambda frame: [])


class ErrorEvent(Fault, frozen=True):
    """After so many events comes an error, as the API says errors, and the stream ends there."""

    name: ClassVar[str] = "error_event"
    family: ClassVar[Family] = "stream"
    turn: ClassVar[int] = 3
    refers: ClassVar[References] = {"error": "error"}
    after: Count = 1
    error: Text = "overloaded"
    message: Text = "Overloaded"

    def spoil(self, reply: Reply, context: FaultContext, chance: Random) -> Reply:
        """Named `error` where the stream's events have names."""
        frames = reply.frames
        if frames is None or self.after >= len(frames):
            return reply
        shape = context.error_reply(ApiError(self.error, self.message)).body
        lead = b"event: error\n" if frames[0].data.startswith(b"event:") else b""
        due = frames[self.after].due
        return _with(reply, [*frames[: self.after], Frame(due, lead + b"data: " + shape + b"\n\n")])


class StallAfter(Fault, frozen=True):
    """After so many events nothing comes for as long as `lasts` says, for ever without it; the connection stays."""

    name: ClassVar[str] = "stall_after"
    family: ClassVar[Family] = "stream"
    turn: ClassVar[int] = 4
    events: Count
    lasts: Seconds | None = None

    def spoil(self, reply: Reply, context: FaultContext, chance: Random) -> Reply:
        """Hold back what follows, and the end of the stream with it."""
        frames = reply.frames
        if frames is None or self.events > len(frames):
            return reply
        kept, held = frames[: self.events], frames[self.events :]
        if self.lasts is None:
            reply.twists += (self._hang,)
            return _with(reply, kept)
        late = self.lasts
        reply.twists += (lambda script: _hold_tail(script, late if not held else 0.0),)
        return _with(reply, [*kept, *(replace(frame, due=frame.due + late) for frame in held)])

    def _hang(self, script: RawResponse) -> None:
        script.cut("close", None)


class CutAfter(Fault, frozen=True):
    """So many events reach the client, then the connection ends: closed, or `by: reset`."""

    name: ClassVar[str] = "cut_after"
    family: ClassVar[Family] = "stream"
    turn: ClassVar[int] = 5
    events: Count
    by: By = "close"

    def spoil(self, reply: Reply, context: FaultContext, chance: Random) -> Reply:
        """A stream of fewer events ends as it would have."""
        frames = reply.frames
        if frames is None or self.events > len(frames):
            return reply
        reply.twists += (lambda script: script.cut(self.by),)
        return _with(reply, frames[: self.events])


def _broken(data: re.Match[bytes]) -> bytes:
    return b"data: " + data[1][: max(1, len(data[1]) // 2)]


def _with(reply: Reply, frames: list[Frame]) -> Reply:
    """The stream with these events; one without any is a stream all the same."""
    reply.frames = frames
    return reply


def _hold_tail(script: RawResponse, late: float) -> None:
    script.parts = [replace(part, due=part.due + late) if part.kind == "tail" else part for part in script.parts]


def _change(reply: Reply, event: int, change: Callable[[Frame], list[Frame]]) -> Reply:
    """The stream with one event, counted from 1, replaced by what `change` makes of it."""
    frames = reply.frames
    if frames is None or event > len(frames):
        return reply
    return _with(reply, [*frames[: event - 1], *change(frames[event - 1]), *frames[event:]])


STREAM_FAULTS: tuple[type[Fault], ...] = (MalformedEvent, DuplicateEvent, DropEvent, ErrorEvent, StallAfter, CutAfter)
