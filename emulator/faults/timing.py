"""Timing faults: bytes that arrive too slowly, split at awkward places, or with a late end."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import pairwise
from math import ceil
from random import Random
from typing import Annotated, ClassVar

from msgspec.structs import replace

from emulator.faults.base import Count, Fault, Positive, Rate, Seconds, choice
from emulator.faults.raw_response import RawResponse, Segment
from emulator.faults.wire import WireFault

_WIDE = re.compile(rb"[\xc2-\xf4](?=[\x80-\xbf])")
_CRLF = re.compile(rb"\r(?=\n)")
_DATA = re.compile(rb"da(?=ta:)")
Sizes = Iterator[int]
Cuts = Callable[[bytes, Sizes], Iterable[int]]


def _ends(pattern: re.Pattern[bytes]) -> Cuts:
    return lambda data, sizes: (found.end() for found in pattern.finditer(data))


PLACES: Mapping[str, Cuts | None] = {
    "character": _ends(_WIDE),
    "crlf": _ends(_CRLF),
    "data": _ends(_DATA),
    "together": None,
    "byte": lambda data, sizes: range(1, len(data)),
    "bytes": lambda data, sizes: _sized(data, sizes),
}


def split(segments: Iterable[Segment], where: str, sizes: Sizes) -> Iterator[Segment]:
    """Yields the segments, cut at each such place; `together` joins so many events into one instead."""
    cuts = PLACES[where]
    if cuts is None:
        yield from _together(segments, next(sizes))
        return
    for segment in segments:
        places = [0, *cuts(segment.data, sizes), len(segment.data)]
        for begin, end in pairwise(places):
            if end == len(segment.data):
                yield replace(segment, data=segment.data[begin:])
            else:
                yield replace(segment, data=segment.data[begin:end], events=0, size=0)


def _sized(data: bytes, sizes: Sizes) -> Iterator[int]:
    at = next(sizes)
    while at < len(data):
        yield at
        at += next(sizes)


def _together(segments: Iterable[Segment], size: int) -> Iterator[Segment]:
    """Yields so many body segments as one, due when the last of them is; the head and the tail stay by themselves."""
    group: list[Segment] = []
    for segment in segments:
        if segment.kind == "body":
            group.append(segment)
        if group and (len(group) == size or segment.kind != "body"):
            yield _joined(group)
            group = []
        if segment.kind != "body":
            yield segment
    if group:
        yield _joined(group)


def _joined(segments: list[Segment]) -> Segment:
    data = b"".join(segment.data for segment in segments)
    return Segment(
        "body",
        data,
        segments[-1].due,
        sum(segment.events for segment in segments),
        sum(segment.size for segment in segments),
    )


TICK = 0.05  # seconds between two writes of a slow connection
PLACE_NAMES = tuple(PLACES)


class SlowClose(WireFault, frozen=True):
    """Everything arrives on time except the end: the connection closes after `lasts`, and that ends the body."""

    name: ClassVar[str] = "slow_close"
    phase: ClassVar[int] = 7
    lasts: Seconds

    def wire_edit(self, raw: RawResponse, chance: Random) -> None:
        """Delays the last chunk of a stream; of a plain response, omits the length (RFC 9112 section 6.3)."""
        if raw.ending == "keep":
            raw.ending = "close"
        if raw.chunked and any(segment.kind == "tail" for segment in raw.segments):
            due = raw.last + self.lasts
            raw.segments = [
                replace(segment, due=due) if segment.kind == "tail" else segment for segment in raw.segments
            ]
            return
        raw.wait = None if raw.wait is None else raw.wait + self.lasts
        if raw.chunked:  # it was cut before its end
            return
        raw.segments = [
            replace(segment, data=_without_length(segment.data)) if segment.kind == "head" else segment
            for segment in raw.segments
        ]


class Bandwidth(WireFault, frozen=True):
    """The response, its head included, arrives at a `rate` (`10KB/s`), or evenly spread `over` a time."""

    name: ClassVar[str] = "bandwidth"
    phase: ClassVar[int] = 8
    rate: Rate | None = None
    over: Seconds | None = None
    parts: Positive | None = None

    def __post_init__(self) -> None:
        if (self.rate is None) == (not self.over):
            raise ValueError("expected either a rate, such as '10KB/s', or `over` with how long all of it takes")

    def wire_edit(self, raw: RawResponse, chance: Random) -> None:
        """Writes a little at each tick; an event that is due later still waits for its time."""
        total = sum(len(segment.data) for segment in raw.segments)
        if not total:
            return
        if self.rate is not None:
            rate, step = self.rate, max(1, int(self.rate * TICK))
        else:
            step = ceil(total / (self.parts or ceil((self.over or TICK) / TICK)))
            rate = step * ceil(total / step) / (self.over or TICK)
        raw.segments = list(_throttled(raw.segments, rate, min(step, total)))


class Split(WireFault, frozen=True):
    """The bytes are split into segments at awkward places: `where`, with `pause` between two of them.

    `character`: inside each multi-byte character; `crlf`: between each CR and LF; `data`: inside each `data:`;
    `together`: `size` events in one segment; `byte`: one byte at a time; `bytes`: `size` bytes at a time, plus or minus
    `variation`.
    """

    name: ClassVar[str] = "split"
    phase: ClassVar[int] = 9
    where: Annotated[str, choice(*PLACE_NAMES)] = "character"
    size: Positive = 2
    variation: Count = 0
    pause: Seconds = 0.0

    def wire_edit(self, raw: RawResponse, chance: Random) -> None:
        """Splits the segments; the pauses add up, and an event that is due later still waits for its time."""
        cut: list[Segment] = []
        at = 0.0
        for segment in split(raw.segments, self.where, self._sizes(chance)):
            at = max(at + self.pause, segment.due) if cut else segment.due
            cut.append(replace(segment, due=at, apart=True))
        raw.segments = cut

    def _sizes(self, chance: Random) -> Iterator[int]:
        """Yields the size of each piece, in bytes or events."""
        while True:
            yield max(1, self.size + (chance.randint(-self.variation, self.variation) if self.variation else 0))


def _throttled(segments: list[Segment], rate: float, step: int) -> Iterator[Segment]:
    """Yields the segments in steps, each due when a connection of this rate has carried it."""
    sent, late = 0, 0.0  # bytes so far, and the seconds in which there was nothing to send
    for segment in segments:
        data = segment.data
        while data:
            room = step - sent % step
            piece, data = data[:room], data[room:]
            due = late + (sent - sent % step + step) / rate
            if due < segment.due:
                late, due = late + segment.due - due, segment.due
            sent += len(piece)
            if data:
                yield replace(segment, data=piece, due=due, events=0, size=0)
            else:
                yield replace(segment, data=piece, due=due)


def _without_length(head: bytes) -> bytes:
    """Returns the head without a length: the body ends with the connection."""
    lines = [line for line in head.split(b"\r\n") if not line.lower().startswith((b"content-length:", b"connection:"))]
    return b"\r\n".join([*lines[:-2], b"connection: close", b"", b""])


TIMING_FAULTS: tuple[type[Fault], ...] = (SlowClose, Bandwidth, Split)
