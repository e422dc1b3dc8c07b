"""Faults on how bytes travel: too slowly, cut at awkward places, or with an end that does not come."""

from __future__ import annotations

from collections.abc import Iterator
from math import ceil
from random import Random
from typing import Annotated, ClassVar

from msgspec.structs import replace

from emulator.serving.fault.fault import Fault
from emulator.serving.fault.parameter import Count, Positive, Rate, Seconds, choice
from emulator.serving.fault.places import PLACES, slices
from emulator.serving.fault.script import Part, Script
from emulator.serving.fault.wire import WireFault

TICK = 0.05  # seconds between two writes of a slow connection
PLACE_NAMES = tuple(PLACES)


class SlowClose(WireFault, frozen=True):
    """Everything comes in time but its end: only after `lasts` is the connection closed, and that ends the body."""

    name: ClassVar[str] = "slow_close"
    turn: ClassVar[int] = 7
    lasts: Seconds

    def twist(self, script: Script, chance: Random) -> None:
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

    def twist(self, script: Script, chance: Random) -> None:
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

    def twist(self, script: Script, chance: Random) -> None:
        """Cut what is there; the pauses add up, and an event that is due later still waits for its time."""
        cut: list[Part] = []
        at = 0.0
        for part in slices(script.parts, self.where, self._sizes(chance)):
            at = max(at + self.pause, part.due) if cut else part.due
            cut.append(replace(part, due=at, apart=True))
        script.parts = cut

    def _sizes(self, chance: Random) -> Iterator[int]:
        """How large one piece after the other is."""
        while True:
            yield max(1, self.size + (chance.randint(-self.variation, self.variation) if self.variation else 0))


def _dripping(parts: list[Part], rate: float, step: int) -> Iterator[Part]:
    """The parts in steps, each due when a line of this rate has carried it; what a step holds leaves together."""
    sent, late = 0, 0.0  # bytes so far, and the seconds in which there was nothing to carry
    for part in parts:
        data = part.data
        while data:
            room = step - sent % step
            piece, data = data[:room], data[room:]
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
