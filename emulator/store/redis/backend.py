"""A backend whose state lies in Redis: a copy of it in this process, and the committer that keeps both the same."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from typing import Any, TypeVar

from emulator.clock import Clock
from emulator.clock.turns import at_once
from emulator.errors import StoreUnavailable
from emulator.store.backend import ExchangeJournal, Work
from emulator.store.codec import Codec, from_json
from emulator.store.memory import MAX_BUCKETS, MAX_WINDOWS, Dump, MemoryBackend
from emulator.store.redis.changes import Tracker, Unit
from emulator.store.redis.clock import ClockPart
from emulator.store.redis.committer import Committer
from emulator.store.redis.journal import RedisJournal
from emulator.store.redis.records import RedisRecords
from emulator.store.redis.replica import Replica
from emulator.store.redis.schedule import RedisSchedule
from emulator.store.redis.server import RedisServer
from emulator.store.redis.sums import RedisCounters, RedisUsage, RedisWindows
from emulator.store.rolling import UnderWay

T = TypeVar("T")


class RedisBackend(MemoryBackend):
    """A Backend for one world of a server, which goes on from what is there. Raises StoreUnavailable.

    One that is `passing` begins empty, and leaves nothing behind.

    `entries` and `size` bound its journal.
    """

    immediate = False

    def __init__(
        self,
        server: RedisServer,
        world: str,
        clock: Clock,
        entries: int = 500,
        size: int = 16 * 2**20,
        types: Mapping[str, Any] | None = None,
        max_windows: int = MAX_WINDOWS,
        max_buckets: int = MAX_BUCKETS,
        passing: bool = False,
    ) -> None:
        self._forget = partial(server.forget, world) if passing else None
        if self._forget is not None:
            self._forget()
        self._tracker = tracker = Tracker()
        self._codec = Codec(types)
        self._types = types
        self.clock = clock
        self.own_journal = journal = RedisJournal(entries, size, tracker, self.on_commit)
        self.journal: ExchangeJournal = journal
        self.records: RedisRecords = RedisRecords(clock, tracker, self._codec)
        self.counters: RedisCounters = RedisCounters(tracker)
        self.windows: RedisWindows = RedisWindows(clock, tracker, max_windows)
        self.usage: RedisUsage = RedisUsage(tracker, max_buckets)
        self.schedule: RedisSchedule = RedisSchedule(clock, tracker, self.on_commit)
        timer = ClockPart(clock, lambda: committer.server_time)
        windows = self.windows
        sums = self.counters.values, windows.windows, windows.rolling, self.usage
        replica = Replica([timer, self.records, *sums, self.schedule])
        self._committer = committer = Committer(server, world, tracker, replica, journal, timer, clock)
        committer.load()
        self._end_what_was_under_way()

    async def transact(self, work: Work[T]) -> T:
        """Runs the work without giving others a turn, and again until what it has read is what Redis holds."""
        if self._committer.lost is not None:
            await self._committer.recover()
        waiter: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        unit = Unit(lambda: at_once(work()), waiter)
        self._tracker.run(unit)
        self._committer.queue(unit)
        return await waiter

    def on_commit(self, effect: Callable[[], None]) -> None:
        if self._tracker.unit is None:
            effect()
        else:
            self._tracker.unit.effects.append(effect)

    async def flush(self) -> None:
        """Waits until everything is committed. Raises StoreUnavailable."""
        await self._committer.flush()

    async def close(self) -> None:
        """Stops; what is scheduled stays in Redis."""
        await self.schedule.close()
        await self._committer.close()
        if self._forget is not None:
            with suppress(StoreUnavailable):
                await asyncio.to_thread(self._forget)

    def clear(self) -> None:
        self._alone(self._clear)
        self.schedule.clear()
        self.journal.clear()

    def load(self, data: Mapping[str, Any]) -> None:
        other = MemoryBackend(self.clock, types=self._types)
        other.load(data)
        other.schedule.clear()
        self._alone(partial(self._become, other, from_json(data, Dump)))

    def _alone(self, change: Callable[[], None]) -> None:
        """Makes a change a unit by itself, unless it is part of one."""
        if self._tracker.unit is None:
            self._tracker.alone(change)
        else:
            change()

    def _clear(self) -> None:
        self._tracker.touch_all()
        for collection in [*self.records.collections]:
            self.records.clear(collection)
        for values in (self.counters.values, self.windows.windows, self.windows.rolling):
            values.become({})
        self.usage.replace_all(())

    def _become(self, other: MemoryBackend, dump: Dump) -> None:
        """Takes over the state of another backend."""
        self._clear()
        for name, collection in other.records.collections.items():
            for id, (value, ends_at) in collection.items():
                self.records.keep(name, id, value, ends_at)
        self.counters.values.become(other.counters.values)
        self.windows.windows.become(other.windows.windows)
        self.windows.rolling.become(other.windows.rolling)
        self.usage.replace_all(other.usage.dump())
        self.schedule.replace_all(dump.schedule)

    def _end_what_was_under_way(self) -> None:
        """Forgets the responses that were under way when the process ended that made them."""
        rolling = self.windows.rolling
        left = {name: counter for name, counter in rolling.items() if not isinstance(counter, UnderWay)}
        if len(left) < len(rolling):
            self._alone(partial(rolling.become, left))
