"""Stream faults: malformed, repeated and missing events, and streams that stop in the middle."""

from __future__ import annotations

import re
from collections.abc import Callable
from random import Random
from typing import Annotated, ClassVar

from msgspec.structs import replace

from emulator.errors import ApiError
from emulator.faults.base import By, Count, Family, Fault, FaultContext, Positive, References, Seconds, Text, count
from emulator.faults.raw_response import RawResponse
from emulator.http.reply import Frame, Reply

_DATA = re.compile(rb"^data: ?(.*)$", re.M)


class MalformedEvent(Fault, frozen=True):
    """The data of one event breaks off in the middle; the event itself is terminated as usual."""

    name: ClassVar[str] = "malformed_event"
    family: ClassVar[Family] = "stream"
    event: Positive = 1

    def apply(self, reply: Reply, context: FaultContext, chance: Random) -> Reply:
        """Removes the second half of the event's data."""
        return _change(
            reply, self.event, lambda frame: [replace(frame, data=_DATA.sub(_truncated, frame.data, count=1))]
        )


class DuplicateEvent(Fault, frozen=True):
    """One event is repeated `times` times, right after itself."""

    name: ClassVar[str] = "duplicate_event"
    family: ClassVar[Family] = "stream"
    phase: ClassVar[int] = 1
    event: Positive = 1
    times: Annotated[int, count(1, 1_000)] = 1

    def apply(self, reply: Reply, context: FaultContext, chance: Random) -> Reply:
        """Repeats the event, at the same time."""
        return _change(reply, self.event, lambda frame: [frame] * (1 + self.times))


class DropEvent(Fault, frozen=True):
    """One event is missing."""

    name: ClassVar[str] = "drop_event"
    family: ClassVar[Family] = "stream"
    phase: ClassVar[int] = 2
    event: Positive = 1

    def apply(self, reply: Reply, context: FaultContext, chance: Random) -> Reply:
        """Removes the event; those after it keep their times."""
        return _change(reply, self.event, lambda frame: [])


class ErrorEvent(Fault, frozen=True):
    """After `after` events comes an error, in the API's own shape, and the stream ends there."""

    name: ClassVar[str] = "error_event"
    family: ClassVar[Family] = "stream"
    phase: ClassVar[int] = 3
    refers: ClassVar[References] = {"error": "error"}
    after: Count = 1
    error: Text = "overloaded"
    message: Text = "Overloaded"

    def apply(self, reply: Reply, context: FaultContext, chance: Random) -> Reply:
        """Replaces the rest of the stream with the error, named `error` where the events of the stream have names."""
        frames = reply.frames
        if frames is None or self.after >= len(frames):
            return reply
        body = context.error_reply(ApiError(self.error, self.message)).body
        name = b"event: error\n" if frames[0].data.startswith(b"event:") else b""
        due = frames[self.after].due
        return _with(reply, [*frames[: self.after], Frame(due, name + b"data: " + body + b"\n\n")])


class StallAfter(Fault, frozen=True):
    """After `events` events nothing comes for `lasts`, or indefinitely by default; the connection stays open."""

    name: ClassVar[str] = "stall_after"
    family: ClassVar[Family] = "stream"
    phase: ClassVar[int] = 4
    events: Count
    lasts: Seconds | None = None

    def apply(self, reply: Reply, context: FaultContext, chance: Random) -> Reply:
        """Delays the events that follow, and the end of the stream with them."""
        frames = reply.frames
        if frames is None or self.events > len(frames):
            return reply
        sent, delayed = frames[: self.events], frames[self.events :]
        if self.lasts is None:
            reply.wire_edits += (self._hang,)
            return _with(reply, sent)
        seconds = self.lasts
        reply.wire_edits += (lambda raw: _delay_tail(raw, seconds if not delayed else 0.0),)
        return _with(reply, [*sent, *(replace(frame, due=frame.due + seconds) for frame in delayed)])

    def _hang(self, raw: RawResponse) -> None:
        raw.cut("close", None)


class CutAfter(Fault, frozen=True):
    """Exactly `events` events reach the client, then the connection is closed, or `by: reset`."""

    name: ClassVar[str] = "cut_after"
    family: ClassVar[Family] = "stream"
    phase: ClassVar[int] = 5
    events: Count
    by: By = "close"

    def apply(self, reply: Reply, context: FaultContext, chance: Random) -> Reply:
        """Cuts the stream; one with fewer events ends as usual."""
        frames = reply.frames
        if frames is None or self.events > len(frames):
            return reply
        reply.wire_edits += (lambda raw: raw.cut(self.by),)
        return _with(reply, frames[: self.events])


def _truncated(data: re.Match[bytes]) -> bytes:
    return b"data: " + data[1][: max(1, len(data[1]) // 2)]


def _with(reply: Reply, frames: list[Frame]) -> Reply:
    """Returns the reply with these events; it stays a stream even without any."""
    reply.frames = frames
    return reply


def _delay_tail(raw: RawResponse, seconds: float) -> None:
    raw.segments = [
        replace(segment, due=segment.due + seconds) if segment.kind == "tail" else segment for segment in raw.segments
    ]


def _change(reply: Reply, event: int, change: Callable[[Frame], list[Frame]]) -> Reply:
    """Returns the stream with one event, counted from 1, replaced by what `change` returns for it."""
    frames = reply.frames
    if frames is None or event > len(frames):
        return reply
    return _with(reply, [*frames[: event - 1], *change(frames[event - 1]), *frames[event:]])


STREAM_FAULTS: tuple[type[Fault], ...] = (MalformedEvent, DuplicateEvent, DropEvent, ErrorEvent, StallAfter, CutAfter)
