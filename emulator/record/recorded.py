"""What is recorded of one exchange: what was asked, as rules see it, and what was answered."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import orjson
from msgspec import Struct

from emulator.record import spread
from emulator.record.events import Event


class Asked(Struct, frozen=True):
    """A request: its operation, what its path, query and body say, and the origin its client used."""

    operation: str
    fields: dict[str, Any]
    origin: str
    redact: frozenset[str] = frozenset()


class Answered(Struct, frozen=True):
    """An answer: header lines worth keeping (None: one of the emulator's that was missing), and a body or events."""

    status: int
    headers: tuple[tuple[str, str | None], ...]
    body: bytes = b""
    events: tuple[Event, ...] | None = None


class Recorded(Struct, frozen=True):
    """One exchange."""

    asked: Asked
    answered: Answered

    def texts(self) -> Iterator[str]:
        """All that secrets may stand in."""
        yield orjson.dumps(self.asked.fields).decode()
        yield from (value for _, value in self.answered.headers if value is not None)
        yield from spread.texts(self.answered.events or ())
        yield self.answered.body.decode()
        with suppress(orjson.JSONDecodeError):  # the same without the escapes of whoever wrote it
            yield orjson.dumps(orjson.loads(self.answered.body)).decode()
