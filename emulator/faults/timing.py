"""Faults on how bytes travel: too slowly, cut at awkward places, or with an end that does not come."""

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


def slices(parts: Iterable[Segment], where: str, sizes: Sizes) -> Iterator[Segment]:
    """The parts cut at each such place; `together` puts so many events into one instead."""
    cuts = PLACES[where]
    if cuts is None:
        yield from _together(parts, next(sizes))
        return
    for part in parts:
        places = [0, *cuts(part.data, sizes), len(part.data)]
        for begin, end in pairwise(places):
            if end == len(part.data):
                yield replace(part, data=part.data[begin:])
            else:
                yield replace(part, data=part.data[begin:end], events=0, size=0)


def _sized(data: bytes, sizes: Sizes) -> Iterator[int]:
    at = next(sizes)
    while at < len(data):
        yield at
        at += next(sizes)


def _together(parts: Iterable[Segment], size: int) -> Iterator[Segment]:
    """So many body parts in one, due when the last of them is; the head and the tail stay by themselves."""
    held: list[Segment] = []
    for part in parts:
        if part.kind == "body":
            held.append(part)
        if held and (len(held) == size or part.kind != "body"):
            yield _joined(held)
            held = []
        if part.kind != "body":
            yield part
    if held:
        yield _joined(held)


def _joined(parts: list[Segment]) -> Segment:
    data = b"".join(part.data for part in parts)
    return Segment("body", data, parts[-1].due, sum(part.events for part in parts), sum(part.size for part in parts))


TICK = 0.05  # seconds between two writes of a slow connection
PLACE_NAMES = tuple(PLACES)


class SlowClose(WireFault, frozen=True):
    """Everything comes in time but its end: only after `lasts` is the connection closed, and that ends the body."""

    name: ClassVar[str] = "slow_close"
    turn: ClassVar[int] = 7
    lasts: Seconds

    def twist(self, script: RawResponse, chance: Random) -> None:
        """Hold the last chunk of a stream back; of a plain answer, leave its length out (RFC 9112 section 6.3)."""
        if script.ending == "keep":
            script.ending = "close"
        if script.chunked and any(part.kind == "tail" for part in script.parts):
            due = script.last + self.lasts
            script.parts = [replace(part, due=due) if part.kind == "tail" else part for part in script.parts]
            return
        script.wait = None if script.wait is None else script.wait + self.lasts
        if script.chunked:  # cut before its end
            return
        script.parts = [
            replace(part, data=_endless(part.data)) if part.kind == "head" else part for part in script.parts
        ]


class Bandwidth(WireFault, frozen=True):
    """The answer, its head included, comes at so many bytes a second (`10KB/s`), or drips evenly `over` a time."""

    name: ClassVar[str] = "bandwidth"
    turn: ClassVar[int] = 8
    rate: Rate | None = None
    over: Seconds | None = None
    parts: Positive | None = None

    def __post_init__(self) -> None:
        if (self.rate is None) == (not self.over):
            raise ValueError("expected either a rate, such as '10KB/s', or `over` and how long all of it takes")

    def twist(self, script: RawResponse, chance: Random) -> None:
        """Write a little at each tick; an event that is due later still waits for its time."""
        total = sum(len(part.data) for part in script.parts)
        if not total:
            return
        if self.rate is not None:
            rate, step = self.rate, max(1, int(self.rate * TICK))
        else:
            step = ceil(total / (self.parts or ceil((self.over or TICK) / TICK)))
            rate = step * ceil(total / step) / (self.over or TICK)
        script.parts = list(_dripping(script.parts, rate, min(step, total)))


class Split(WireFault, frozen=True):
    """The bytes are cut into segments at awkward places: `where`, with `pause` between two of them.

    `character`: inside each character of several bytes; `crlf`: between each CR and LF; `data`: inside each `data:`;
    `together`: several events in one segment, so many as `size` says; `byte`: a byte at a time; `bytes`: `size` of
    them at a time, give or take `variation`.
    """

    name: ClassVar[str] = "split"
    turn: ClassVar[int] = 9
    where: Annotated[str, choice(*PLACE_NAMES)] = "character"
    size: Positive = 2
    variation: Count = 0
    pause: Seconds = 0.0

    def twist(self, script: RawResponse, chance: Random) -> None:
        """Cut what is there; the pauses add up, and an event that is due later still waits for its time."""
        cut: list[Segment] = []
        at = 0.0
        for part in slices(script.parts, self.where, self._sizes(chance)):
            at = max(at + self.pause, part.due) if cut else part.due
            cut.append(replace(part, due=at, apart=True))
        script.parts = cut

    def _sizes(self, chance: Random) -> Iterator[int]:
        """How large one piece after the other is."""
        while True:
            yield max(1, self.size + (chance.randint(-self.variation, self.variation) if self.variation else 0))


def _dripping(parts: list[Segment], rate: float, step: int) -> Iterator[Segment]:
    """The parts in steps, each due when a line of this rate has carried it; what a step holds leaves together."""
    sent, late = 0, 0.0  # bytes so far, and the seconds in which there was nothing to carry
    for part in parts:
        data = part.data
        while data:
            world = step - sent % step
            piece, data = data[:world], data[world:]
            due = late + (sent - sent % step + step) / rate
            if due < part.due:
                late, due = late + part.due - due, part.due
            sent += len(piece)
            if data:
                yield replace(part, data=piece, due=due, events=0, size=0)
            else:
                yield replace(part, data=piece, due=due)


def _endless(head: bytes) -> bytes:
    """A head without a length, whose body ends with the connection."""
    lines = [line for line in head.split(b"\r\n") if not line.lower().startswith((b"content-length:", b"connection:"))]
    return b"\r\n".join([*lines[:-2], b"connection: close", b"", b""])


PACE_FAULTS: tuple[type[Fault], ...] = (SlowClose, Bandwidth, Split)
