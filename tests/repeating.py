"""A backend that runs each unit of work twice, the first time in vain: what a unit of work may do is all undone.

With `pytest --twice`, every world of the tests has one.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from copy import copy
from functools import partial
from typing import Any, TypeVar

from emulator.store.backend import Work
from emulator.store.journal import Journal
from emulator.store.memory import MemoryBackend
from emulator.store.schedule import MemorySchedule, ScheduledWork

T = TypeVar("T")


class RepeatingSchedule(MemorySchedule):
    """A schedule that sets no timers while work is tried."""

    _trying = False

    @contextmanager
    def trial(self) -> Iterator[None]:
        """Undoes at its end what was added and cancelled meanwhile."""
        waiting, order = self._waiting, copy(self._order)
        self._waiting, self._trying = {kind: dict(entries) for kind, entries in waiting.items()}, True
        try:
            yield
        finally:
            self._waiting, self._order, self._trying = waiting, order, False

    def add(self, kind: str, id: str, due: float) -> None:
        if not self._trying:
            super().add(kind, id, due)
            return
        self.cancel(kind, id)
        self._waiting.setdefault(kind, {})[id] = ScheduledWork(kind, id, due, next(self._order))

    def cancel(self, kind: str, id: str) -> bool:
        return self._waiting.get(kind, {}).pop(id, None) is not None if self._trying else super().cancel(kind, id)

    def clear(self, kind: str | None = None) -> None:
        assert not self._trying
        super().clear(kind)


CHANGES: Mapping[str, Sequence[str]] = {
    "records": ("put", "replace", "delete", "clear"),
    "counters": ("increment", "delete"),
    "windows": ("charge", "settle", "settle_rolling"),
    "usage": ("add",),
    "schedule": ("add", "cancel", "finish", "clear"),
}


class RepeatingBackend(MemoryBackend):
    """A memory backend that is not immediate, so that requests change it in units of work only; `units` counts them.

    `strays` are the changes that were made outside of one.
    """

    immediate = False

    def __init__(self, *given: Any, **options: Any) -> None:
        super().__init__(*given, **options)
        self.schedule: RepeatingSchedule = RepeatingSchedule(self.clock)
        self.units = 0
        self.strays: list[str] = []
        self._trying = self._working = False
        for part, verbs in CHANGES.items():
            for verb in verbs:
                setattr(getattr(self, part), verb, self._noted(f"{part}.{verb}", getattr(getattr(self, part), verb)))

    async def transact(self, work: Work[T]) -> T:
        self.units += 1
        with self._trial():
            for _ in self._unit(work):
                pass  # nobody else gets a turn, who would see what is undone
        return await super().transact(partial(self._unit, work))

    def on_commit(self, effect: Callable[[], None]) -> None:
        if not self._trying:
            effect()

    def _unit(self, work: Work[T]) -> Generator[None, None, T]:
        unit = work()
        while True:
            self._working = True
            try:
                next(unit)
            except StopIteration as end:
                done: T = end.value
                return done
            finally:
                self._working = False
            yield

    def _noted(self, name: str, change: Callable[..., Any]) -> Callable[..., Any]:
        def noted(*given: Any, **options: Any) -> Any:
            if not self._working:
                self.strays.append(name)
            return change(*given, **options)

        return noted

    @contextmanager
    def _trial(self) -> Iterator[None]:
        journal, usage = self.journal, self.usage
        records = {name: each.twin() for name, each in self.records.collections.items()}
        counters, windows, rolling = self.counters.values, self.windows.windows, self.windows.rolling
        assets, opened, sweep_at = usage.assets, usage.opened, self.windows._sweep_at
        self.journal, self._trying = Journal(), True
        self.counters.values = dict(counters)
        self.windows.windows = {key: copy(window) for key, window in windows.items()}
        self.windows.rolling = {key: copy(counter) for key, counter in rolling.items()}
        usage.assets = {name: {key: copy(bucket) for key, bucket in each.items()} for name, each in assets.items()}
        usage.opened = copy(opened)
        try:
            with self.schedule.trial():
                yield
        finally:
            self.journal, self._trying = journal, False
            self.records.become(records)
            self.counters.values, self.windows.windows = counters, windows
            self.windows.rolling = rolling
            usage.assets, usage.opened, self.windows._sweep_at = assets, opened, sweep_at
