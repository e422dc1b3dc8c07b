"""The clock of a world as Redis keeps it: what it showed at a moment of the server's own time, and how it goes on."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import msgspec

from emulator.clock import Clock
from emulator.store.redis.changes import Name

NAME = ("clock",)


class Reading(msgspec.Struct, frozen=True):
    """The world's time at a moment of the server's, both in seconds since the epoch; its speed, and whether it jumps
    to what is due."""

    now: float
    real: float
    speed: float
    auto: bool


class ClockPart:
    """The part of a copy that is its clock. `server_time` is the time by the server's clock.

    `known` is how the clock is anchored as far as Redis knows.
    """

    letter = "k"

    def __init__(self, clock: Clock, server_time: Callable[[], float]) -> None:
        self.known: Any = None
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

    def place(self, name: Name, value: Reading | None) -> None:
        if value is not None:
            passed = max(0.0, self._server_time() - value.real)
            self._clock.resume(value.now + value.speed * passed, value.speed, value.auto)
            self.known = self._clock.anchor

    def tidy(self) -> None:
        """Does nothing."""

    def encode(self, name: Name, value: Reading) -> bytes:
        return msgspec.json.encode(value)

    def decode(self, name: Name, data: bytes) -> Reading:
        return msgspec.json.decode(data, type=Reading)

    def everything(self) -> Iterable[Name]:
        return [NAME]
