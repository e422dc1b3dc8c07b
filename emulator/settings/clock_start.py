"""How a clock starts, in words: `frozen`, `auto`, `x100`, a time, or several of them."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

from msgspec import Struct

from emulator.dates import LATEST, iso

MAX_SPEED = 1e6  # above it, a real microsecond is more than a second
EXPECTED = (
    "frozen, auto, a speed such as x100, a time such as 2026-01-01T00:00:00Z, or several of them separated by commas"
)
NAMES = {"at": "time", "speed": "speed, and frozen is one", "auto": "auto"}
SPEED = re.compile(r"[xX]([0-9]{1,7}(?:\.[0-9]{1,9})?)")


class ClockStart(Struct, frozen=True):
    """What is said of a clock: its time in seconds since the epoch, its speed (0: frozen), whether it jumps."""

    at: float | None = None
    speed: float | None = None
    auto: bool | None = None

    def over(self, other: ClockStart) -> ClockStart:
        """Returns this, with what it does not say taken from another."""
        return ClockStart(
            other.at if self.at is None else self.at,
            other.speed if self.speed is None else self.speed,
            other.auto if self.auto is None else self.auto,
        )

    def __str__(self) -> str:
        words = [] if self.at is None else [iso(self.at)]
        if self.speed is not None:
            words.append(f"x{self.speed:g}" if self.speed else "frozen")
        return ", ".join([*words, "auto"] if self.auto else words)


def parse_clock(value: Any) -> ClockStart:
    """Parses words such as `2026-01-01T00:00:00Z, auto`. Raises ValueError with what was expected."""
    if isinstance(value, ClockStart):
        return value
    found: dict[str, Any] = {}
    for word in (each.strip() for each in str(value).split(",")):
        name, said = _word(word)
        if name in found:
            raise ValueError(f"one {NAMES[name]}")
        found[name] = said
    return ClockStart(**found)


def parse_moment(text: str) -> float:
    """Parses an ISO 8601 time as seconds since the epoch; without an offset it is UTC. Raises ValueError."""
    read = datetime.fromisoformat(text)
    return (read if read.tzinfo is not None else read.replace(tzinfo=UTC)).timestamp()


def _word(word: str) -> tuple[str, Any]:
    """Returns what one word says: the field and its value."""
    if word.lower() == "frozen":
        return "speed", 0.0
    if word.lower() == "auto":
        return "auto", True
    if (speed := SPEED.fullmatch(word)) is not None:
        if float(speed[1]) > MAX_SPEED:
            raise ValueError(f"a speed up to x{MAX_SPEED:.0f}")
        return "speed", float(speed[1])
    try:
        at = parse_moment(word)
    except (ValueError, OverflowError):
        raise ValueError(EXPECTED) from None
    if not 0 <= at <= LATEST:
        raise ValueError("a time from 1970 to 9999")
    return "at", at
