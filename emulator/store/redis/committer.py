"""Commits units of work, in the order in which they were run, all that wait in one script.

A unit builds on those before it that are not committed yet. What other processes have changed comes with each reply.
Units that have read any of it are undone, with those after them, and run again; so a batch that is refused, because
another process was faster, is another one when it is sent again.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from itertools import islice
from secrets import token_hex
from typing import Any

from emulator.clock.system_time import pause
from emulator.clock.world_clock import Clock
from emulator.errors import StoreUnavailable
from emulator.store.redis.changes import Field, ReplicaPart, Tracker, Unit, undo
from emulator.store.redis.clock import NAME as CLOCK
from emulator.store.redis.clock import ClockPart, Reading, ServerTime
from emulator.store.redis.journal import CLEAR, RedisJournal
from emulator.store.redis.lots import Lots
from emulator.store.redis.packer import Packer, Stand
from emulator.store.redis.presence import ERA, Era, Presence
from emulator.store.redis.recovery import recovered
from emulator.store.redis.replica import Replica, wire
from emulator.store.redis.server import FIRST, CommitResult, RedisServer, Stored

MAX_UNITS = 100  # units that one script commits
RETRY_SECONDS = 1.0  # real seconds after which a server that went away is tried again
WAIT_SECONDS = 0.001  # real seconds after which a commit is tried again that had to let another one go first
MAX_REFUSALS = 100  # in a row, of units that other processes were faster than
CLOSED = "the emulator has let go of this world"


class Committer:
    """Commits to one world of a server. `lost` is why nothing can be committed.

    `parts` are those of the copy that have no verbs of their own: the clock, the presence of workers and the era;
    `numbered` is the counter (part and name) whose numbers come in lots.
    """

    def __init__(
        self,
        server: RedisServer,
        world: str,
        tracker: Tracker,
        replica: Replica,
        journal: RedisJournal,
        parts: tuple[ClockPart, Presence, Era],
        numbers: tuple[ReplicaPart, Lots],
        clock: Clock,
        time: ServerTime,
    ) -> None:
        tracker.queue = self.queue
        self.lost: StoreUnavailable | None = None
        self._server, self._world, self._tracker = server, world, tracker
        self._replica, self._journal, self._clock, self._time = replica, journal, clock, time
        self._timer, self._presence, self._era = parts
        self._counters, self._lots = numbers
        self._number = self._refusals = 0
        self._epoch, self.base = token_hex(8), 0
        self._pending: deque[Unit] = deque()
        self._in_doubt: list[Unit] = []  # what was sent last: when no reply comes, it may be committed nevertheless
        self._task: asyncio.Task[None] | None = None
        self._recovering = asyncio.Lock()
        self._closed = False
        self._packer = Packer(parts, (numbers[0], numbers[1]), journal, clock)
        self._followers: list[asyncio.Future[None]] = []  # who waits for the journal of all
        self._wanted = 0  # the last commit of others that must be heard of
        self.urgent = 0  # the last commit of this process that others must hear of at once
        self.settled, self.settling = 0, 0  # the commit up to which all is done that follows; what is still being done
        self.changed: Callable[[], None] = _nothing  # called when others have changed the clock, or begun another era

    def load(self) -> None:
        """Brings the copy up to everything that Redis holds. Raises StoreUnavailable."""
        asked = self._clock.real()
        self._take(self._server.load(self._world, self._epoch), asked)

    def queue(self, unit: Unit) -> None:
        """Has a unit committed that was run."""
        self._pending.append(unit)
        self._go()

    def _go(self) -> None:
        if self._closed:
            self._fail(StoreUnavailable(CLOSED), self._pending)
        elif self._task is None and self.lost is None:
            with suppress(RuntimeError):  # no loop is running yet; the next unit finds one
                self._task = asyncio.get_running_loop().create_task(self._commit())

    def hear(self, seq: int = 0) -> None:
        """Lets others know that this process lives, and hears what they have done up to a commit, soon."""
        self._wanted = max(self._wanted, seq)
        if not self._pending:
            self._pending.append(Unit(lambda: None))
        self._go()

    def follow(self) -> asyncio.Future[None]:
        """Brings the copy, and the journal too, up to what all have done; returns what waits for it."""
        follower: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        follower.add_done_callback(_heard)
        self._followers.append(follower)
        self.hear()
        return follower

    async def flush(self) -> None:
        """Waits until everything that waits is committed, and asks the server in any case. Raises StoreUnavailable."""
        if self.lost is not None:
            await self.recover()
        waiter = asyncio.get_running_loop().create_future()
        self.queue(Unit(lambda: None, waiter))
        await waiter

    async def recover(self) -> None:
        """Asks the server again that went away, and goes on from what it holds. Raises StoreUnavailable."""
        if self._closed:
            raise StoreUnavailable(CLOSED)
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
        self._number -= 1
        reply = await self._send([])
        for unit in self._in_doubt if reply.known else ():
            self._journal.entered([kind for kind, _ in unit.entries], -1, "", "")
            unit.follow()
            if unit in self._pending:
                self._pending.remove(unit)
        self._in_doubt = []
        await self._take_over(reply)

    async def close(self) -> None:
        """Commits what waits, and leaves, if it can: others take over what is under way."""
        with suppress(StoreUnavailable):
            await self.flush()
            self._closed = True  # nothing begins beside what is sent last
            if self._task is None:
                self._packer.leaving = True
                await self._send([])
                self._presence.leave()
                self._packer.leaving = False
        self._closed = True
        if (task := self._task) is not None:
            task.cancel()
            await asyncio.wait([task])
        self._fail(StoreUnavailable(CLOSED), self._pending)

    async def _commit(self) -> None:
        """Commits until nothing waits."""
        try:
            while self._pending or self._followers or self._wanted:
                with self._clock.busy():
                    asked = len(self._followers)  # who asks from here on may ask for what this commit does not bring
                    if await self._commit_some() and asked:
                        await self._follow(asked)
        except Exception as error:  # who waits must hear of it, whatever it is
            self._lose(
                error if isinstance(error, StoreUnavailable) else StoreUnavailable(f"{type(error).__name__}: {error}")
            )
        finally:
            self._task = None
        if self.lost is not None and self._pending:
            self._task = asyncio.get_running_loop().create_task(self._wait_for_server())

    async def _commit_some(self) -> bool:
        """Commits what waits, or runs it again on what others have changed; returns whether the copy has that now."""
        self._in_doubt = batch = list(islice(self._pending, max(1, MAX_UNITS >> self._refusals)))
        reading = self._timer.unknown()
        missing, wanted = self._lots.missing(len(self._pending)), self._wanted
        reply = await self._send(batch, reading, missing)
        if reply.status == "done" or reply.known:
            self._note_commit(batch, reply, reading)
        if reply.status == "done":
            self.base, self._refusals = reply.seq, 0
            if self._wanted == wanted:
                self._wanted = 0
            self._absorb(reply.changed)
            if reply.last and missing:
                self._lots.add(reply.last, missing)  # units that wait have perhaps counted on
                self._absorb([(wire((self._counters, (self._lots.name,))).encode(), b"%d" % reply.last)])
            self._timer.refine()
            return True
        if reply.status == "stale":
            self._refusals += 1
            if self._refusals > MAX_REFUSALS:
                raise StoreUnavailable("other processes change the same state all the time")
        await self._take_over(reply)
        if reply.status == "wait":
            await pause(WAIT_SECONDS)
        return reply.status != "expelled"

    async def _follow(self, asked: int) -> None:
        """Makes visible what all have added to the journal; nothing is committed meanwhile.

        `asked` is how many of those who wait for it had asked before the last commit began.
        """
        followers, self._followers = self._followers[:asked], self._followers[asked:]
        journal = self._journal
        try:
            entries = await self._server.entries(self._world, journal.last)
            if entries.journal != journal.epoch and journal.last != FIRST:
                entries = await self._server.entries(self._world, FIRST)
        except BaseException:
            self._followers += followers
            raise
        if any(kind == CLEAR for unit in self._pending for kind, _ in unit.entries):
            self._followers += followers  # what was read is from before it was cleared here
            return
        journal.catch_up(entries)
        for follower in followers:
            if not follower.done():
                follower.set_result(None)

    def _note_commit(self, batch: Sequence[Unit], reply: CommitResult, reading: tuple[Any, Reading] | None) -> None:
        """Does what follows from the commit of units."""
        self._presence.join()
        if reading is not None:
            self._timer.note(reading)
        if kinds := [kind for unit in batch for kind, _ in unit.entries]:
            self._journal.entered(kinds, reply.entries, reply.journal, reply.entry)
        for unit in batch:
            self._pending.popleft()
            unit.follow()
            unit.answer()
        if self._journal.lags and self._journal.followed and not self._followers:
            self.follow()

    async def _send(
        self, batch: list[Unit], reading: tuple[Any, Reading] | None = None, reserved: int = 0, restores: bool = False
    ) -> CommitResult:
        """Has the script run for units of work."""
        self._number += 1
        asked = self._clock.real()
        if not self.settling:
            self.settled = self.base
        stand = Stand(self._epoch, self.base, self._number, self.settled, self._refusals > 0, restores)
        packed, urgent = self._packer.pack(batch, stand, reading, reserved)
        reply = await self._server.commit(self._world, packed)
        self._time.note(reply.at, asked)
        if urgent and reply.status == "done":
            self.urgent = reply.seq
        return reply

    async def _take_over(self, reply: CommitResult) -> None:
        """Brings the copy up to what others have done, and runs again what that concerns."""
        if reply.status == "expelled":
            self._presence.renew()
            return
        stored, asked = None, self._clock.real()
        if reply.status == "gone" and await recovered(self._server, self._world, self._presence, self.base):
            await self._write_whole()
            return
        if reply.status in ("behind", "gone"):
            stored = await asyncio.to_thread(self._server.load, self._world)
            if not stored.epoch:
                raise StoreUnavailable("the store was emptied while it was read")
        if stored is None:
            self.base = reply.seq
            self._absorb(reply.changed)
            return
        era = self._era.held(ERA)
        self._undo_all()
        self._take(stored, asked)
        self._run_again(self._pending)
        if reply.status == "gone":
            self._journal.add_missing(entry for unit in self._pending for entry in unit.entries)
        if self._era.held(ERA) != era:
            self._era.follow()
        self.changed()

    def _absorb(self, changed: Sequence[tuple[bytes, bytes | None]]) -> None:
        """Takes over what others have changed, and runs again the units that have read it, with all after them."""
        if not changed:
            return
        fields, era = self._replica.read(changed), self._era.held(ERA)
        if (self._counters, (self._lots.name,)) in fields:
            self._lots.want()
        clock = (self._timer, CLOCK) in fields
        first = self._first_reader(fields)
        again = list(islice(self._pending, first, None))
        undo(reversed(again))
        self._replica.apply(fields)
        if self._era.held(ERA) != era:
            self._begin_again(again)
        self._run_again(again)
        if self._era.held(ERA) != era:
            self._era.follow()
        if clock or self._era.held(ERA) != era:
            self.changed()

    def _first_reader(self, fields: Mapping[Field, Any]) -> int:
        """Returns the place of the first unit that waits and has read any of these fields."""
        if (self._timer, CLOCK) in fields or (self._era, ERA) in fields:
            return 0
        names = fields.keys()
        readers = (at for at, unit in enumerate(self._pending) if unit.all or not names.isdisjoint(unit.before))
        return next(readers, len(self._pending))

    def _begin_again(self, units: Sequence[Unit]) -> None:
        """Forgets what belongs to a world that another process has reset."""
        self._lots.clear()
        for unit in units:
            unit.numbers.clear()

    async def _write_whole(self) -> None:
        """Writes the world as it is known here to a server that has lost it."""
        lost, self._epoch, self._in_doubt = self._epoch, token_hex(8), []
        whole = Unit(lambda: None)
        self._undo_all()
        whole.after = {field: data for field, data in self._replica.everything() if field[0] is not self._presence}
        self._run_again(self._pending)
        whole.entries = [(CLEAR, self._journal.epoch.encode()), *self._journal.rewrite()]
        try:
            reply = await self._send([whole], restores=True)
            if reply.status != "done":
                raise StoreUnavailable("the store was emptied while it was written to")
        except StoreUnavailable:
            self._epoch = lost  # perhaps it is there now: then it is loaded, with the journal, as another one's
            raise
        self.base = reply.seq
        self._presence.join()
        self._journal.entered([kind for kind, _ in whole.entries], 0, reply.journal, reply.entry)
        self._presence.keep(
            {name for (part, (name, *_)) in self._replica.read(reply.changed) if part is self._presence}
        )
        self._absorb(reply.changed)

    def _take(self, stored: Stored, asked: float) -> None:
        self._epoch, self.base = stored.epoch, stored.seq
        self._time.note(stored.at, asked)
        era = self._era.held(ERA)
        self._replica.become(stored.fields)
        self._presence.joined = self._presence.worker in self._presence.workers
        self._journal.read(stored.entries)
        if self._era.held(ERA) != era:
            self._begin_again(self._pending)

    def _undo_all(self) -> None:
        undo(reversed(self._pending))

    def _run_again(self, units: Iterable[Unit]) -> None:
        for unit in units:
            self._tracker.run(unit)

    def _lose(self, error: StoreUnavailable) -> None:
        """Undoes what was not committed; what somebody waits for has failed, the rest is done again some time."""
        self._undo_all()
        self.lost = error
        units = list(self._pending)
        self._pending = deque(unit for unit in units if unit.waiter is None)
        self._run_again(self._pending)
        self._fail(error, units)

    def _fail(self, error: StoreUnavailable, units: Iterable[Unit]) -> None:
        """Tells those who wait for the journal or for these units that it is in vain."""
        for follower in self._followers:
            if not follower.done():
                follower.set_exception(error)
        self._followers = []
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


def _heard(follower: asyncio.Future[None]) -> None:
    if not follower.cancelled():
        follower.exception()  # perhaps nobody waits for it any more


def _nothing() -> None:
    """Does nothing."""
