"""What is recorded of one exchange: what was asked, as rules see it, and what was answered."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from emulator.record.events import Event


class Asked(Struct, frozen=True):
    """A request: its operation, what its path, query and body say, and the origin its client used."""

    operation: str
    fields: dict[str, Any]
    origin: str
    redact: frozenset[str] = frozenset()


class Answered(Struct, frozen=True):
    """An answer: header lines worth keeping, and a body or events."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes = b""
    events: tuple[Event, ...] | None = None


class Recorded(Struct, frozen=True):
    """One exchange."""

    asked: Asked
    answered: Answered
