"""The schedule in memory: timers of the world's clock, and a task for work that takes time."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterable
from contextlib import ExitStack
from functools import partial
from itertools import count
from typing import Any

from msgspec import Struct

from emulator.clock.timers import Timer
from emulator.clock.world_clock import Clock
from emulator.store.backend import Handler

Row = tuple[str, str, float]  # kind, id, due


class ScheduledWork(Struct):
    """Work that is waiting or under way; `order` is that of arrival."""

    kind: str
    id: str
    due: float
    order: int
    timer: Timer | None = None


class MemorySchedule:
    """A Schedule whose work waits for timers of the clock."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._handlers: dict[str, Handler] = {}
        self._quiet: set[str] = set()
        self._waiting: dict[str, dict[str, ScheduledWork]] = {}
        self._running: dict[asyncio.Task[None], ScheduledWork] = {}
        self._cancelled: set[asyncio.Task[None]] = set()
        self._order = count()

    def handle(self, kind: str, handler: Handler, quiet: bool = False, exclusive: bool = False) -> None:
        self._handlers[kind] = handler
        if quiet:
            self._quiet.add(kind)

    def release(self, kind: str, handler: Handler) -> None:
        if self._handlers.get(kind) == handler:
            del self._handlers[kind]

    def add(self, kind: str, id: str, due: float) -> None:
        self.cancel(kind, id)
        entry = ScheduledWork(kind, id, due, next(self._order))
        entry.timer = self._clock.call_at(due, partial(self._begin, entry), kind in self._quiet)
        self._waiting.setdefault(kind, {})[id] = entry

    def cancel(self, kind: str, id: str) -> bool:
        entry = self._waiting.get(kind, {}).pop(id, None)
        if entry is None or entry.timer is None:
            return False
        entry.timer.cancel()
        return True

    def finish(self, kind: str, id: str) -> bool:
        return True

    def items(self, kind: str) -> list[tuple[str, float]]:
        return [(id, due) for _, id, due in self._rows(kind)]

    def count(self, kind: str) -> int:
        return len(self._waiting.get(kind, ())) + sum(entry.kind == kind for entry in self._running.values())

    def clear(self, kind: str | None = None) -> None:
        for each in [kind] if kind is not None else list(self._waiting):
            for entry in self._waiting.pop(each, {}).values():
                if entry.timer is not None:
                    entry.timer.cancel()
        for task, entry in list(self._running.items()):
            if kind in (None, entry.kind):
                del self._running[task]
                self._cancelled.add(task)  # `close` waits for it: it still uses what the handler uses
                task.add_done_callback(self._cancelled.discard)
                task.cancel()

    async def close(self) -> None:
        self.clear()
        await asyncio.gather(*self._cancelled, return_exceptions=True)

    def dump(self) -> list[Row]:
        """Returns what waits and what is under way, in the order of arrival; of the same kind and id once."""
        return self._rows()

    def _rows(self, kind: str | None = None) -> list[Row]:
        entries = [entry for entry in self._running.values() if kind in (None, entry.kind)]
        for each in list(self._waiting) if kind is None else (kind,):
            entries += self._waiting.get(each, {}).values()
        known = {(entry.kind, entry.id): entry for entry in entries}
        return [(each.kind, each.id, each.due) for each in sorted(known.values(), key=lambda entry: entry.order)]

    def load(self, rows: Iterable[Row]) -> None:
        """Replaces everything by what was dumped."""
        self.clear()
        for row in rows:
            self.add(*row)

    def _begin(self, entry: ScheduledWork) -> None:
        self._waiting[entry.kind].pop(entry.id, None)
        handler = self._handlers.get(entry.kind)
        work = None if handler is None else handler(entry.id)
        if work is not None:
            self._run(entry, work)

    def _run(self, entry: ScheduledWork, work: Coroutine[Any, Any, None]) -> None:
        # Busy from here and not from the task's first step, or a moving clock would pass before the task has begun.
        busy = ExitStack()
        busy.enter_context(self._clock.busy())
        task = asyncio.get_running_loop().create_task(work)
        self._running[task] = entry
        task.add_done_callback(lambda task: self._running.pop(task, None))
        task.add_done_callback(lambda _: busy.close())


class IdleSchedule(MemorySchedule):
    """A schedule for a dry run: work waits for ever."""

    def _begin(self, entry: ScheduledWork) -> None:
        """Does nothing, though the work is due."""
