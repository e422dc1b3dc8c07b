"""Commits units of work, in the order in which they were run, all that wait in one script.

A unit builds on those before it that are not committed yet. So when one is refused, because another process was faster,
all that wait are undone, the copy is brought up to date, and all are run again.
"""

from __future__ import annotations

import asyncio
from collections import deque
from contextlib import suppress
from itertools import islice
from secrets import token_hex
from typing import Any

import msgspec

from emulator.clock import Clock, pause
from emulator.errors import StoreUnavailable
from emulator.store.redis.changes import Field, Tracker, Unit, undo
from emulator.store.redis.clock import NAME as CLOCK
from emulator.store.redis.clock import ClockPart, Reading
from emulator.store.redis.journal import ADD, CLEAR, RedisJournal
from emulator.store.redis.replica import Replica, wire
from emulator.store.redis.server import RedisServer, Reply, Stored

MAX_UNITS = 100  # units that one script commits
KNOWN_CHANGES = 20_000  # fields whose last change Redis remembers; who is further behind loads everything
RETRY_SECONDS = 1.0  # real seconds after which a server that went away is tried again
ALL = "*"  # stands for everything among what was read
MAX_REFUSALS = 100  # in a row, of units that other processes were faster than


class Committer:
    """Commits to one world of a server. `lost` is why nothing can be committed."""

    def __init__(
        self,
        server: RedisServer,
        world: str,
        tracker: Tracker,
        replica: Replica,
        journal: RedisJournal,
        timer: ClockPart,
        clock: Clock,
    ) -> None:
        tracker.queue = self.queue
        self.lost: StoreUnavailable | None = None
        self._ahead = 0.0  # of the steady clock, in seconds, is the server's
        self._server, self._world, self._tracker = server, world, tracker
        self._replica, self._journal, self._timer, self._clock = replica, journal, timer, clock
        self._worker = token_hex(8)
        self._number = self._refusals = 0
        self._epoch, self._base = token_hex(8), 0
        self._next_epoch = token_hex(8)  # with which the world begins anew if the server loses it
        self._pending: deque[Unit] = deque()
        self._in_doubt: list[Unit] = []  # what was sent last: when no reply comes, it may be committed nevertheless
        self._task: asyncio.Task[None] | None = None
        self._recovering = asyncio.Lock()

    @property
    def server_time(self) -> float:
        """The time by the server's clock, in seconds since the epoch."""
        return self._clock.real() + self._ahead

    def load(self) -> None:
        """Brings the copy up to everything that Redis holds. Raises StoreUnavailable."""
        self._take(self._server.load(self._world, self._epoch))

    def queue(self, unit: Unit) -> None:
        """Has a unit committed that was run."""
        self._pending.append(unit)
        if self._task is None and self.lost is None:
            with suppress(RuntimeError):  # no loop is running yet; the next unit finds one
                self._task = asyncio.get_running_loop().create_task(self._commit())

    async def flush(self) -> None:
        """Waits until everything that waits is committed, and asks the server in any case. Raises StoreUnavailable."""
        if self.lost is not None:
            await self.recover()
        waiter = asyncio.get_running_loop().create_future()
        self.queue(Unit(lambda: None, waiter))
        await waiter

    async def recover(self) -> None:
        """Asks the server again that went away, and goes on from what it holds. Raises StoreUnavailable."""
        before = self.lost
        async with self._recovering:
            if self.lost is None:
                return
            if self.lost is not before:  # another one has asked meanwhile
                raise self.lost
            try:
                await self._go_on()
            except StoreUnavailable as error:
                self.lost = error
                raise
            self.lost = None
        if self._pending and self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._commit())

    async def _go_on(self) -> None:
        """Finds out what the server holds, and brings the copy up to it."""
        reply = await self._server.commit(self._world, self._packed([]))
        for unit in self._in_doubt if reply.known else ():
            unit.follow()
            if unit in self._pending:
                self._pending.remove(unit)
        self._in_doubt = []
        await self._take_over(reply)

    async def close(self) -> None:
        """Commits what waits, if it can."""
        with suppress(StoreUnavailable):
            await self.flush()
        if self._task is not None:
            self._task.cancel()

    async def _commit(self) -> None:
        """Commits until nothing waits."""
        try:
            while self._pending:
                with self._clock.busy():
                    await self._commit_some()
        except Exception as error:  # who waits must hear of it, whatever it is
            self._lose(
                error if isinstance(error, StoreUnavailable) else StoreUnavailable(f"{type(error).__name__}: {error}")
            )
        finally:
            self._task = None
        if self.lost is not None and self._pending:
            self._task = asyncio.get_running_loop().create_task(self._wait_for_server())

    async def _commit_some(self) -> None:
        self._in_doubt = batch = list(islice(self._pending, MAX_UNITS))
        self._number += 1
        reading = self._timer.unknown()
        reply = await self._server.commit(self._world, self._packed(batch, reading))
        self._note_time(reply.at)
        if reply.status == "done" or reply.known:
            self._base, self._refusals = reply.seq, 0
            self._timer.known = self._timer.known if reading is None else reading[0]
            for unit in batch:
                self._pending.popleft()
                unit.follow()
                unit.answer()
            if reply.changed or reply.status != "done":
                await self._take_over(reply)
            return
        self._refusals += 1
        if self._refusals > MAX_REFUSALS:
            raise StoreUnavailable("other processes change the same state all the time")
        await self._take_over(reply)

    async def _take_over(self, reply: Reply) -> None:
        """Brings the copy up to what others have done, and runs again what waits."""
        self._note_time(reply.at)
        stored = None
        if reply.status in ("behind", "gone"):
            stored = await asyncio.to_thread(self._server.load, self._world, self._next_epoch)
            self._epoch = stored.epoch
        if self._epoch == self._next_epoch:  # begun by this process, and not written yet
            await self._write_whole(reply.seq if stored is None else stored.seq)
            return
        self._undo_all()
        if stored is None:
            self._base = reply.seq
            self._replica.apply(reply.changed)
        else:
            self._take(stored)
        self._run_again()

    async def _write_whole(self, seq: int) -> None:
        """Writes the world as it is known here to a server that has lost it; it may have been written in doubt."""
        self._base, self._in_doubt = seq, []
        whole = Unit(lambda: None)
        self._undo_all()
        whole.after = dict(self._replica.everything())
        self._run_again()
        whole.entries = [(CLEAR, b""), *self._journal.rewrite()]
        self._number += 1
        reply = await self._server.commit(self._world, self._packed([whole]))
        if reply.status != "done":
            raise StoreUnavailable("the store was emptied while it was written to")
        self._base, self._next_epoch = reply.seq, token_hex(8)

    def _take(self, stored: Stored) -> None:
        self._epoch, self._base = stored.epoch, stored.seq
        self._note_time(stored.at)
        self._replica.become(stored.fields)
        self._journal.read(stored.entries, stored.entered)

    def _note_time(self, at: float) -> None:
        self._ahead = at - self._clock.real()

    def _undo_all(self) -> None:
        undo(reversed(self._pending))

    def _run_again(self) -> None:
        for unit in self._pending:
            self._tracker.run(unit)

    def _lose(self, error: StoreUnavailable) -> None:
        """Undoes what was not committed; what somebody waits for has failed, the rest is done again some time."""
        self._undo_all()
        self.lost = error
        units = list(self._pending)
        self._pending = deque(unit for unit in units if unit.waiter is None)
        self._run_again()
        for unit in units:
            unit.answer(error)

    async def _wait_for_server(self) -> None:
        try:
            while self.lost is not None:
                await pause(RETRY_SECONDS)
                with suppress(StoreUnavailable):
                    await self.recover()
        finally:
            self._task = None
        if self._pending:
            self._task = asyncio.get_running_loop().create_task(self._commit())

    def _packed(self, batch: list[Unit], reading: tuple[Any, Reading] | None = None) -> list[str | bytes]:
        """Returns what the script is to do for units of work: what they have read, and how they leave things."""
        read, after, marked, entries = (
            dict[Field, None](),
            dict[Field, bytes | None](),
            set[Field](),
            list[str | bytes](),
        )
        for unit in batch:
            read.update(dict.fromkeys(unit.before))
            after.update(unit.after)
            marked |= unit.marked
            for entry in unit.entries:
                entries += entry
        if reading is not None:
            after[self._timer, CLOCK] = self._timer.encode(CLOCK, reading[1])
        sets: list[str] = []
        drops = []
        for field, data in after.items():
            if data is None:
                drops.append(wire(field))
            else:
                sets += (wire(field), data.decode())
        head = [self._epoch, self._base, self._worker, self._number, KNOWN_CHANGES]
        reads = [ALL] if any(unit.all for unit in batch) else list(map(wire, read))
        kept = self._journal.most_entries + 2 * entries[::2].count(ADD)
        names = reads, sets, drops, list(map(wire, marked)), kept
        return [msgspec.msgpack.encode([*head, *names]), *entries]
