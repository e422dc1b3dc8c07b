"""Meter: bounds the work of one template, in steps and in CPU time.

A step is one turn of a loop, one call in a template with statements, or 128 characters or items that are built or
read. Most templates have no loop longer than FREE and are not metered at all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final

from emulator.clock.system_time import cpu_seconds
from emulator.language.expressions.runtime import MAX_ITEMS, MAX_OUTPUT

MAX_STEPS: Final = 1_000_000
MAX_SECONDS: Final = 1.0  # of CPU time
FREE: Final = 64  # turns of a loop that are not worth metering
_STEP_SIZE: Final = 128
_SIZED: Final = (str, bytes, list, tuple, dict)


class Meter:
    """Counts the steps of one template; raises ValueError beyond MAX_STEPS or MAX_SECONDS."""

    def __init__(self, clock: Callable[[], float] = cpu_seconds) -> None:
        self.steps = 0
        self._clock = clock
        self._begun = clock()
        self._checked_at = FREE

    def add(self, steps: int) -> None:
        """Counts steps; looks at the clock every FREE steps."""
        self.steps += steps
        if self.steps > self._checked_at:
            self._checked_at = self.steps + FREE
            if self.steps > MAX_STEPS:
                raise ValueError(f"the template takes more than {MAX_STEPS:,} steps")
            if self._clock() - self._begun > MAX_SECONDS:
                raise ValueError(f"the template takes more than {MAX_SECONDS:g} s")

    def of(self, value: Any, size: int | None = None) -> Any:
        """Counts the size of a value, by default its length, and returns it."""
        if size is None:
            size = len(value) if isinstance(value, _SIZED) else 0
        self.add(1 + size // _STEP_SIZE)
        return value

    def keep(self, value: Any) -> None:
        """Counts the size of a text that a loop has made and keeps."""
        if value.__class__ is str and len(value) >= _STEP_SIZE:
            self.add(len(value) // _STEP_SIZE)

    def over(self, items: Iterable[Any]) -> Iterator[Any]:
        """Iterates over items, each of which is a step."""
        for item in items:
            self.add(1)
            yield item


def over(items: Iterable[Any]) -> Iterable[Any]:
    """The same items, metered if they are many."""
    return items if isinstance(items, _SIZED) and len(items) <= FREE else Meter().over(items)


def collected(items: Iterable[Any]) -> list[Any]:
    """All items of an iterator that computes them, as a list, metered if they are many. Raises ValueError when they are
    too many or too long together."""
    found, size, meter = list[Any](), 0, None
    for item in items:
        size += len(item) if item.__class__ is str else 1
        found.append(item)
        if len(found) >= FREE:
            meter = meter or Meter()
            meter.add(1)
        if len(found) > MAX_ITEMS or size > MAX_OUTPUT:
            raise ValueError(f"the list has more than {MAX_ITEMS:,} items, or {MAX_OUTPUT:,} characters")
    return found
