"""The clock of a world as Redis keeps it: what it showed at a moment of the server's own time, and how it goes on."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from math import inf
from typing import Any

import msgspec

from emulator.clock.world_clock import Clock
from emulator.store.redis.changes import Name

NAME = ("clock",)
MAX_DRIFT = 1e-4  # seconds that two clocks drift apart in one
MAX_ERROR = 5e-5  # real seconds by which a clock may be wrong


class Reading(msgspec.Struct, frozen=True):
    """The world's time at a moment of the server's, both in seconds since the epoch; its speed, and whether it jumps
    to what is due."""

    now: float
    real: float
    speed: float
    auto: bool


class ServerTime:
    """The time by the server's clock, as replies tell it: each was written between its question and its arrival."""

    def __init__(self, real: Callable[[], float]) -> None:
        self._real = real
        self._least, self._most = -inf, inf  # how far the server's clock is ahead of the steady one, in seconds
        self._noted = 0.0

    def __call__(self) -> float:
        """Returns it in seconds since the epoch."""
        return self._real() + (self._least + self._most) / 2

    def note(self, at: float, asked: float) -> None:
        """Takes into account that the server's clock showed a time since then, by the steady clock."""
        now = self._real()
        drift, self._noted = MAX_DRIFT * (now - self._noted), now
        self._least, self._most = max(self._least - drift, at - now), min(self._most + drift, at - asked)
        if self._least > self._most:  # one of the clocks was set
            self._least, self._most = at - now, at - asked


class ClockPart:
    """The part of a copy that is its clock. `server_time` is the time by the server's clock.

    `known` is how the clock is anchored as far as Redis knows.
    """

    letter = "k"

    def __init__(self, clock: Clock, server_time: Callable[[], float]) -> None:
        self.known: Any = None
        self._read: Reading | None = None
        self._clock = clock
        self._server_time = server_time

    def unknown(self) -> tuple[Any, Reading] | None:
        """Returns how the clock is anchored, and its reading, when Redis does not know of it."""
        clock, anchor = self._clock, self._clock.anchor
        if anchor == self.known:
            return None
        return anchor, Reading(clock.now(), self._server_time(), clock.speed, clock.auto)

    def held(self, name: Name) -> Reading:
        clock = self._clock
        return Reading(clock.now(), self._server_time(), clock.speed, clock.auto)

    def note(self, reading: tuple[Any, Reading]) -> None:
        """Notes that Redis knows how the clock is anchored."""
        self.known, self._read = reading

    def refine(self) -> None:
        """Corrects a running clock by what is known better by now of the server's: all processes show the same time."""
        read, clock = self._read, self._clock
        if read is None or not read.speed or clock.moving or clock.anchor != self.known:
            return
        if abs(self._shown(read) - clock.now()) > MAX_ERROR * read.speed:
            self.place(NAME, read)

    def place(self, name: Name, value: Reading | None) -> None:
        if value is not None:
            self._clock.resume(self._shown(value), value.speed, value.auto)
            self.known, self._read = self._clock.anchor, value

    def _shown(self, read: Reading) -> float:
        return read.now + read.speed * max(0.0, self._server_time() - read.real)

    def tidy(self) -> None:
        """Does nothing."""

    def encode(self, name: Name, value: Reading) -> bytes:
        return msgspec.json.encode(value)

    def decode(self, name: Name, data: bytes) -> Reading:
        return msgspec.json.decode(data, type=Reading)

    def everything(self) -> Iterable[Name]:
        return [NAME]
