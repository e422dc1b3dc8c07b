"""A backend that runs each unit of work twice, the first time in vain: what a unit of work may do is all undone.

With `pytest --twice`, every world of the tests has one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import copy
from typing import Any, TypeVar

from emulator.store.backend import Work
from emulator.store.journal import Journal
from emulator.store.memory import Collection, MemoryBackend
from emulator.store.schedule import Entry, MemorySchedule

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
        self._waiting.setdefault(kind, {})[id] = Entry(kind, id, due, next(self._order))

    def cancel(self, kind: str, id: str) -> bool:
        return self._waiting.get(kind, {}).pop(id, None) is not None if self._trying else super().cancel(kind, id)

    def clear(self, kind: str | None = None) -> None:
        assert not self._trying
        super().clear(kind)


class RepeatingBackend(MemoryBackend):
    """A memory backend that is not immediate, so that requests change it in units of work only; `units` counts them."""

    immediate = False

    def __init__(self, *given: Any, **options: Any) -> None:
        super().__init__(*given, **options)
        self.schedule: RepeatingSchedule = RepeatingSchedule(self.clock)
        self.units = 0
        self._trying = False

    async def transact(self, work: Work[T]) -> T:
        self.units += 1
        with self._trial():
            for _ in work():
                pass  # nobody else gets a turn, who would see what is undone
        return await super().transact(work)

    def on_commit(self, effect: Callable[[], None]) -> None:
        if not self._trying:
            effect()

    @contextmanager
    def _trial(self) -> Iterator[None]:
        journal, records, usage = self.journal, self.records.collections, self.usage
        counters, windows = self.counters.values, self.windows.windows
        assets, opened, sweep_at = usage.assets, usage.opened, self.windows._sweep_at
        self.journal, self._trying = Journal(), True
        self.records.collections = {name: _copy(each) for name, each in records.items()}
        self.counters.values = dict(counters)
        self.windows.windows = {key: copy(window) for key, window in windows.items()}
        usage.assets = {name: {key: copy(bucket) for key, bucket in each.items()} for name, each in assets.items()}
        usage.opened = copy(opened)
        try:
            with self.schedule.trial():
                yield
        finally:
            self.journal, self._trying = journal, False
            self.records.collections, self.counters.values, self.windows.windows = records, counters, windows
            usage.assets, usage.opened, self.windows._sweep_at = assets, opened, sweep_at


def _copy(collection: Collection) -> Collection:
    copied = Collection()
    copied.update(collection)
    copied.size, copied._sizes = collection.size, dict(collection._sizes)
    return copied
