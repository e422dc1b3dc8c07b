"""The copy of a world's schedule: work with timers, which are set when the work is committed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Generator, Iterable
from functools import partial
from typing import Any

import msgspec

from emulator.clock.system_time import pause
from emulator.clock.world_clock import Clock
from emulator.errors import StoreUnavailable
from emulator.store.backend import Handler, Work
from emulator.store.redis.changes import Name, Tracker, verb
from emulator.store.redis.presence import Presence
from emulator.store.schedule import MemorySchedule, Row, ScheduledWork

Place = tuple[float, int, str]  # due, order, the worker that has claimed it
LOOK_SECONDS = 0.05  # real seconds after which work is looked at again that another process has claimed
RETRY_SECONDS = 1.0  # real seconds until work is done again that the store was away for


class Claimed(ScheduledWork):
    """Work, and the worker that has claimed it, if one has."""

    holder: str = ""


class RedisSchedule(MemorySchedule):
    """A Schedule of a copy: names are those of kind and id; a kind alone stands for all its work.

    Work is forgotten when its handler has ended. Work that was loaded waits until its kind has a handler. All processes
    begin what is due; exclusive work is done by the one whose claim is committed first, or by another when that one has
    left. `hear` asks what others have done, `transact` is the backend's.
    """

    letter = "s"
    hear: Callable[[], None]
    transact: Callable[[Work[Any]], Coroutine[Any, Any, Any]]
    _waiting: dict[str, dict[str, Claimed]]  # type: ignore[assignment] # only this class makes entries here

    def __init__(
        self, clock: Clock, tracker: Tracker, on_commit: Callable[[Callable[[], None]], None], presence: Presence
    ) -> None:
        super().__init__(clock)
        self._tracker = tracker
        self._on_commit = on_commit
        self._presence = presence
        self._exclusive: set[str] = set()
        self._last = 0
        self._under_way: dict[Name, Claimed] = {}

    # ------------------------------------------------------------------ verbs

    def handle(self, kind: str, handler: Handler, quiet: bool = False, exclusive: bool = False) -> None:
        super().handle(kind, handler, quiet)
        if exclusive:
            self._exclusive.add(kind)
        for entry in list(self._waiting.get(kind, {}).values()):
            self._arm(entry)

    @verb
    def add(self, kind: str, id: str, due: float) -> None:
        self._tracker.touch(self, (kind, id))
        self._tracker.mark(self, (kind,))
        unit = self._tracker.unit
        assert unit is not None
        self._last += 1
        order = unit.orders.setdefault((kind, id), self._last)
        if unit.followed:  # it is run again: its timer was taken back, or the work has begun
            self.place((kind, id), (due, order, ""))
            return
        self._drop(kind, id)
        entry = self._waiting.setdefault(kind, {})[id] = Claimed(kind, id, due, order)
        self._on_commit(partial(self._arm, entry))

    @verb
    def cancel(self, kind: str, id: str) -> bool:
        self._tracker.touch(self, (kind, id))
        self._tracker.mark(self, (kind,))
        begun = self._under_way.get((kind, id))
        if begun is not None and kind in self._exclusive and not begun.holder:
            del self._under_way[kind, id]
            return True
        return self._drop(kind, id)

    @verb
    def finish(self, kind: str, id: str) -> bool:
        self._tracker.touch(self, (kind, id))
        self._tracker.mark(self, (kind,))
        if id in self._waiting.get(kind, {}):
            return False
        return self._under_way.pop((kind, id), None) is not None

    def items(self, kind: str) -> list[tuple[str, float]]:
        self._tracker.touch(self, (kind,))
        return super().items(kind)

    def count(self, kind: str) -> int:
        self._tracker.touch(self, (kind,))
        return len(self._rows(kind))

    @verb
    def clear(self, kind: str | None = None) -> None:
        if kind is None:
            self._tracker.touch_all()
        else:
            self._tracker.touch(self, (kind,))
        for name in list(self.everything()):
            if kind in (None, name[0]):
                self._tracker.touch(self, name)
                self._tracker.mark(self, name[:1])
                self._drop(*name)
                self._under_way.pop(name, None)
        super().clear(kind)

    def break_off(self) -> None:
        """Stops what is under way here and was taken back by another process."""
        for task, entry in list(self._running.items()):
            if self.held((entry.kind, entry.id)) is None:
                del self._running[task]
                self._cancelled.add(task)
                task.add_done_callback(self._cancelled.discard)
                task.cancel()

    async def close(self) -> None:
        """Stops what waits and what is under way here; it stays in Redis, to be done when somebody is there again."""
        super().clear()
        await asyncio.gather(*self._cancelled, return_exceptions=True)

    # ------------------------------------------------------------------ part

    def held(self, name: Name) -> Place | None:
        if len(name) != 2:
            return None
        entry = self._waiting.get(name[0], {}).get(name[1]) or self._under_way.get(name)
        return None if entry is None else (entry.due, entry.order, entry.holder)

    def place(self, name: Name, value: Place | None) -> None:
        if len(name) != 2:
            return
        self._drop(*name)
        self._under_way.pop(name, None)
        if value is None:
            return
        (kind, id), (due, order, holder) = name, value
        self._last = max(self._last, order)
        for begun in self._running.values():
            if isinstance(begun, Claimed) and (begun.kind, begun.id, begun.due, begun.order) == (kind, id, due, order):
                begun.holder = holder
                self._under_way[name] = begun
                return
        entry = self._waiting.setdefault(kind, {})[id] = Claimed(kind, id, due, order, None, holder)
        if kind in self._handlers:
            self._arm(entry)

    def tidy(self) -> None:
        """Does nothing: entries are sorted when they are listed."""

    def encode(self, name: Name, value: Place) -> bytes:
        return msgspec.json.encode(value)

    def decode(self, name: Name, data: bytes) -> Place:
        return msgspec.json.decode(data, type=tuple[float, int, str])

    def everything(self) -> Iterable[Name]:
        waiting = [(kind, id) for kind, entries in self._waiting.items() for id in entries]
        return dict.fromkeys([*waiting, *self._under_way])

    def replace_all(self, rows: Iterable[Row]) -> None:
        """Takes other work in the place of all."""
        self.clear()
        for row in rows:
            self.add(*row)

    def _rows(self, kind: str | None = None) -> list[Row]:
        entries = [entry for name in self.everything() if kind in (None, name[0]) for entry in self._entries(name)]
        return [(each.kind, each.id, each.due) for each in sorted(entries, key=lambda entry: entry.order)]

    def _entries(self, name: Name) -> list[Claimed]:
        entry = self._waiting.get(name[0], {}).get(name[1]) or self._under_way.get(name)
        return [] if entry is None else [entry]

    # ------------------------------------------------------------------ timers

    def _drop(self, kind: str, id: str) -> bool:
        entry = self._waiting.get(kind, {}).pop(id, None)
        if entry is not None and entry.timer is not None:
            entry.timer.cancel()
        return entry is not None

    def _arm(self, entry: ScheduledWork) -> None:
        if entry.timer is None and self._waiting.get(entry.kind, {}).get(entry.id) is entry:
            entry.timer = self._clock.call_at(entry.due, partial(self._begin, entry), entry.kind in self._quiet)

    def _begin(self, entry: ScheduledWork) -> None:
        assert isinstance(entry, Claimed)
        self._waiting[entry.kind].pop(entry.id, None)
        self._under_way[entry.kind, entry.id] = entry
        handler = self._handlers.get(entry.kind)
        if handler is not None and entry.kind in self._exclusive:
            self._run(entry, self._begin_claimed(entry))
            return
        work = None
        try:
            work = None if handler is None else handler(entry.id)
        finally:
            if work is None:
                self._end(entry)
        if work is not None:
            self._run(entry, self._whole(entry, work))

    async def _begin_claimed(self, entry: Claimed) -> None:
        """Does work if this process may, or waits until another one has done it, or has left."""
        while True:
            try:
                holder = await self.transact(partial(self._claim, entry))
            except StoreUnavailable:
                await pause(RETRY_SECONDS)
                continue
            if holder in (None, self._presence.worker):
                break
            await pause(LOOK_SECONDS)
            self.hear()
        handler = self._handlers.get(entry.kind)
        work = None if holder is None or handler is None else handler(entry.id)
        if work is not None:
            await self._whole(entry, work)

    def _claim(self, entry: Claimed) -> Generator[None, None, str | None]:
        """Claims work unless another one has; returns who has claimed it, None when it is done or was taken back."""
        yield from ()
        name = (entry.kind, entry.id)
        self._tracker.touch(self, name)
        if self._under_way.get(name) is not entry or self.held(name) != (entry.due, entry.order, entry.holder):
            return None
        if not entry.holder or not self._presence.is_there(entry.holder):
            entry.holder = self._presence.worker
        return entry.holder

    async def _whole(self, entry: Claimed, work: Coroutine[Any, Any, None]) -> None:
        """Does work to its end; what the store was away for is done again."""
        try:
            await work
        except StoreUnavailable:
            await pause(RETRY_SECONDS)
            self._put_back(entry)
        except Exception:
            self._end(entry)
            raise
        else:
            self._end(entry)

    def _put_back(self, entry: Claimed) -> None:
        """Has work wait again that is under way, unless it was found to be done, or was scheduled anew."""
        name = (entry.kind, entry.id)
        task = asyncio.current_task()
        assert task is not None
        self._running.pop(task, None)
        if self._under_way.get(name) is entry:
            self.place(name, self.held(name))

    @verb
    def _end(self, entry: Claimed) -> None:
        """Forgets work that was done, unless it was scheduled anew meanwhile.

        When this is run again, the work may be waiting: what took it back has put it there.
        """
        name = (entry.kind, entry.id)
        self._tracker.touch(self, name)
        self._tracker.mark(self, name[:1])
        if self.held(name) == (entry.due, entry.order, entry.holder):
            self.place(name, None)
        elif self._under_way.get(name) is entry:
            del self._under_way[name]
