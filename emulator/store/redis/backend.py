"""A backend whose state lies in Redis: a copy of it in this process, and the committer that keeps both the same."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from functools import partial
from secrets import token_hex
from typing import Any, TypeVar

from emulator.clock.system_time import pause
from emulator.clock.turns import at_once
from emulator.clock.world_clock import WORK_TIMEOUT, Clock
from emulator.errors import StoreUnavailable
from emulator.store.backend import ExchangeJournal, Work
from emulator.store.codec import Codec, from_json
from emulator.store.memory import MAX_BUCKETS, MAX_WINDOWS, Dump, MemoryBackend
from emulator.store.redis.changes import Continuing, Tracker, Unit
from emulator.store.redis.clock import ClockPart, ServerTime
from emulator.store.redis.committer import Committer
from emulator.store.redis.journal import RedisJournal
from emulator.store.redis.packer import BEAT
from emulator.store.redis.presence import LIFE, Era, Presence
from emulator.store.redis.records import RedisRecords
from emulator.store.redis.replica import Replica
from emulator.store.redis.schedule import RedisSchedule
from emulator.store.redis.server import RedisServer
from emulator.store.redis.subscription import Subscription
from emulator.store.redis.sums import RedisCounters, RedisUsage, RedisWindows

T = TypeVar("T")
PAUSE = 0.005  # real seconds after which others are asked again how far they are
REPLACED = "another process has begun the same before this was done, after the store was emptied or stood still"


class RedisBackend(MemoryBackend):
    """A Backend for one world of a server, which goes on from what is there. Raises StoreUnavailable.

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
    ) -> None:
        self._server, self._world = server, world
        self._tracker = tracker = Tracker()
        self._codec = Codec(types)
        self._types = types
        self._presence = presence = Presence()
        self.clock = clock
        self.own_journal = journal = RedisJournal(entries, size, tracker, self.on_commit, presence)
        self.journal: ExchangeJournal = journal
        self.records: RedisRecords = RedisRecords(clock, tracker, self._codec)
        self.counters: RedisCounters = RedisCounters(tracker)
        self.windows: RedisWindows = RedisWindows(clock, tracker, max_windows, presence)
        self.usage: RedisUsage = RedisUsage(tracker, max_buckets)
        self.schedule: RedisSchedule = RedisSchedule(clock, tracker, self.on_commit, presence)
        self._era = era = Era(tracker)
        era.begun.append(self.schedule.break_off)
        self._settling: asyncio.Task[None] | None = None
        time = ServerTime(clock.real)
        timer, numbers = ClockPart(clock, time), self.counters.values
        sums = numbers, self.windows.windows, self.windows.rolling, self.usage
        replica = Replica([timer, era, self.records, *sums, self.schedule, presence])
        parts, lots = (timer, presence, era), (numbers, self.counters.lots)
        self._committer = committer = Committer(server, world, tracker, replica, journal, parts, lots, clock, time)
        self.schedule.hear, self.schedule.transact = committer.hear, self.transact
        journal.follow = self._follow
        committer.changed = self._settle
        self._subscription = Subscription(server, world, self._hear, committer.hear, BEAT)
        committer.load()
        presence.left.append(self._take_over)
        for worker in self.windows.holders():
            if not presence.is_there(worker):
                self.windows.release(worker)

    async def transact(self, work: Work[T]) -> T:
        """Runs the work without giving others a turn, and again until what it has read is what Redis holds."""
        if self._committer.lost is not None:
            await self._committer.recover()
        self._begin()
        waiter: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        unit = Unit(lambda: at_once(work()), waiter)
        self._tracker.run(unit)
        self._committer.queue(unit)
        return await waiter

    def begin(self, work: Work[T], then: Callable[[T | None, Exception | None], None]) -> bool:
        if self._committer.lost is not None:
            return False
        self._begin()
        unit = Unit(lambda: at_once(work()), Continuing(then))
        self._tracker.run(unit)
        self._committer.queue(unit)
        return True

    async def insist(self, work: Work[T]) -> T:
        done: asyncio.Future[T] = asyncio.get_running_loop().create_future()

        def run() -> None:
            result = at_once(work())
            self.on_commit(lambda: None if done.done() else done.set_result(result))

        self._tracker.alone_later(run)
        return await done

    def on_commit(self, effect: Callable[[], None]) -> None:
        if self._tracker.unit is None:
            effect()
        else:
            self._tracker.unit.effects.append(effect)

    async def flush(self) -> None:
        """Waits until everything is committed. Raises StoreUnavailable."""
        await self._committer.flush()

    async def catch_up(self) -> None:
        """Brings the copy, the journal included, up to what all processes have done. Raises StoreUnavailable."""
        if self._committer.lost is not None:
            await self._committer.recover()
        self._begin()
        await self._committer.follow()

    @asynccontextmanager
    async def alone(self) -> AsyncIterator[None]:
        holder, left = token_hex(8), asyncio.Event()
        while not await self._server.lock(self._world, holder, LIFE):
            await pause(PAUSE)
        lease = asyncio.timeout(None)
        staying = asyncio.get_running_loop().create_task(self._stay_alone(holder, lease, left))
        try:
            async with lease:
                await self.catch_up()
                yield
        except TimeoutError as error:
            if not lease.expired():
                raise
            raise StoreUnavailable(REPLACED) from error
        finally:
            left.set()
            await staying  # a sign of life that came after the end would lock others out
            await self._server.unlock(self._world, holder)

    async def _stay_alone(self, holder: str, lease: asyncio.Timeout, left: asyncio.Event) -> None:
        """Gives a sign of life each second, until it has left; without it others take over what only one may do.
        When one has done so, the lease ends at once."""
        loop = asyncio.get_running_loop()
        while not await _happens(left, BEAT):
            with suppress(StoreUnavailable):
                if not await self._server.lock(self._world, holder, LIFE) and not left.is_set():
                    lease.reschedule(loop.time())
                    return

    async def everywhere(self) -> None:
        """Waits until all processes have done what follows from what this one has committed: at most as long as a clock
        waits for work. Raises StoreUnavailable."""
        await self.flush()
        target, pauses = self._committer.urgent, 0
        while pauses < WORK_TIMEOUT / PAUSE:
            workers = await self._server.workers(self._world)
            if all(worker == self._presence.worker or seq >= target for worker, seq in workers.items()):
                return
            await pause(PAUSE)
            pauses += 1

    async def close(self) -> None:
        """Stops; what is scheduled stays in Redis."""
        await self._subscription.close()
        if self._settling is not None:
            self._settling.cancel()
        await self.schedule.close()
        await self._committer.close()

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

    def _begin(self) -> None:
        """Begins what needs a running loop: to hear of others, and to do what is due."""
        if not self._subscription.started:
            self._subscription.start()
            self.clock.wake()

    def _hear(self, worker: str, seq: int, urgent: bool, entries: bool) -> None:
        """Hears of a commit."""
        if worker == self._presence.worker:
            return
        self._presence.hear(worker)
        if urgent:
            self._committer.hear(seq)
        if entries and self.own_journal.followed:
            self._committer.follow()

    def _follow(self) -> None:
        """Has what all have added to the journal made visible, soon; there is nothing to do before a loop runs."""
        with suppress(RuntimeError):
            self._committer.follow()

    def _settle(self) -> None:
        """Does what follows from a change of the clock, or of the era, and lets the others know when it is done."""
        before = self._settling
        self._committer.settling += 1

        async def settle() -> None:
            if before is not None:
                await asyncio.gather(before, return_exceptions=True)
            try:
                await self.clock.settle()
            finally:
                self._committer.settling -= 1
            self._committer.hear()

        self._settling = asyncio.get_running_loop().create_task(settle())

    def _take_over(self, worker: str) -> None:
        """Takes over what a worker had under way that has left."""
        self.windows.release(worker)
        self.own_journal.stop(worker)

    def _clear(self) -> None:
        self._tracker.touch_all()
        self._era.begin()
        self.counters.lots.clear()
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


async def _happens(event: asyncio.Event, seconds: float) -> bool:
    """Waits real seconds, or until it has happened; returns whether it has."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()
    return event.is_set()
