"""The state of a world: one isolated universe. Two worlds share a server and nothing else."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import partial
from random import Random
from typing import Annotated, Any

from msgspec import Meta, Struct

from emulator.clock.world_clock import Clock, manual
from emulator.dates import LATEST
from emulator.errors import ConfigError, EmulatorError
from emulator.faults.armed import Armed, ArmedRecord
from emulator.generate.answers import AnswerList
from emulator.jobs.job import Job
from emulator.store.backend import Backend, ExchangeJournal
from emulator.store.memory import MemoryBackend
from emulator.store.seeded import Seeded
from emulator.store.tokens import TokenExpiry
from emulator.store.usage import UsageLedger
from emulator.webhooks.address import Network
from emulator.webhooks.message import DeliveryAttempt, DeliveryState
from emulator.webhooks.sender import Sender, Stamps

EXCHANGES = "exchanges"  # counter: the number of the last exchange
ISSUED = "issued"  # collection: credentials that requests have made
MAX_ISSUED = 100_000
MADE_KEYS = "keys"  # collection: keys that were made for the world by hand


class WorldEnded(EmulatorError):
    """The world was reset, restored or deleted while a task worked in it."""


class Origin(Struct, frozen=True):
    """Where a world comes from: the root of all chance in it, `SEED/NAME`, and when it began (epoch seconds)."""

    root: Annotated[str, Meta(pattern=r"^-?[0-9]{1,40}/.+$")]
    began: Annotated[float, Meta(ge=0, le=LATEST)]


class MadeKey(Struct, frozen=True):
    """A key that was made for a world by hand, as it was when it was made; it outlives a reset."""

    api: str
    id: str
    record: dict[str, Any]


# By what type the values of a collection are loaded from a snapshot; those of other kinds are JSON values.
STORED_TYPES: Mapping[str, Any] = {
    "answers": AnswerList,
    "attempts": DeliveryAttempt,
    "expiry": TokenExpiry,
    "faults": ArmedRecord,
    "held": int,
    "issued": bool | None,
    "jobs": Job,
    "keys": MadeKey,
    "messages": DeliveryState,
    "seeded": list[str],
    "world": Origin,
}


class WorldState:
    """One world's backend, and the views through which its parts are used.

    All chance in it comes from `root`, made of its seed and name: the same calls in the same order give the same ids.
    """

    def __init__(
        self, name: str, seed: int, store: Backend, webhook_allow: Collection[Network] = (), stamps: Stamps = None
    ) -> None:
        self.name = name
        self.seed = seed
        self.store: Backend = store
        self.clock: Clock = store.clock
        self.ledger = UsageLedger(store)
        self.sender = Sender(store, allowed=webhook_allow, stamps=stamps)
        self.armed = Armed(store)
        self.seeded = Seeded(store)
        self.on_issued: Callable[[str], None] = _ignore  # called with each credential that a request has made
        self._present: set[asyncio.Task[object]] = set()
        self._leaving: set[asyncio.Task[object]] = set()
        self._empty: asyncio.Future[None] | None = None
        known: Origin | None = store.records.get("world", "origin")
        if known is None:
            self._begin(Origin(f"{seed}/{name}", self.clock.now()))
        else:
            self._adopt(known)
        self._watching = ExitStack()
        if not store.immediate:  # another process may begin the world again
            self._watching.enter_context(store.records.watch("world", self.read_again))

    @property
    def journal(self) -> ExchangeJournal:
        """The last exchanges."""
        return self.store.journal

    def chance(self, number: int) -> Random:
        """The source of chance for one exchange: the same exchange draws the same numbers."""
        return Random(f"{self.root}/{number}")

    def issue(self, credential: str) -> None:
        """Notes that a request has made a credential."""
        self.store.records.put(ISSUED, credential, True, cap=MAX_ISSUED)
        self.store.on_commit(partial(self.on_issued, credential))

    def has_issued(self, credential: str) -> bool:
        """Whether a request has made this credential, even if it is not valid any more."""
        return self.store.records.get(ISSUED, credential) is not None

    def issued(self) -> list[str]:
        """The credentials that requests have made, the oldest first."""
        return [credential for credential, _ in self.store.records.items(ISSUED)]

    def load(self, data: Mapping[str, Any]) -> None:
        """Goes on as the world did whose backend gave this dump. Raises ConfigError, changing nothing, for others."""
        check_state(data, self.clock.now())
        self.store.load(data)
        self._adopt(_origin(self.store))

    def read_again(self) -> None:
        """Goes on as what the backend holds says, after another process has begun the world again."""
        known: Origin | None = self.store.records.get("world", "origin")
        if known is not None:
            self._adopt(known)

    def fork(self) -> WorldState:
        """Returns the state of a world that goes on from here alone, for a dry run: see Backend.fork."""
        other = WorldState(self.name, self.seed, self.store.fork())
        other._begin(Origin(self.root, self.began))
        return other

    def _begin(self, origin: Origin) -> None:
        self.store.records.put("world", "origin", origin)
        self._adopt(origin)

    def _adopt(self, origin: Origin) -> None:
        self.root: str = origin.root
        self.began: float = origin.began  # what `after` and `for` of rules count from

    @contextmanager
    def attend(self) -> Iterator[None]:
        """Marks a task that works in the world for a while; raises WorldEnded in it when `end` stops it."""
        task = asyncio.current_task()
        assert task is not None
        self._present.add(task)
        try:
            yield
        except asyncio.CancelledError:
            if task not in self._leaving:
                raise
            raise WorldEnded(f"the world {self.name!r} was reset, restored or deleted meanwhile") from None
        finally:
            self._present.discard(task)
            if task in self._leaving:
                task.uncancel()
                self._leaving.discard(task)
                if not self._leaving and self._empty is not None and not self._empty.done():
                    self._empty.set_result(None)

    async def end(self) -> None:
        """Stops what others are doing in the world: open streams, waits, and webhooks in progress."""
        self._interrupt()
        self.store.schedule.clear()
        await self._emptied()

    async def interrupt(self) -> None:
        """Stops open streams and waits in this process; what is scheduled stays."""
        self._interrupt()
        await self._emptied()

    def _interrupt(self) -> None:
        here = asyncio.current_task()
        leaving = self._present - self._leaving - {here}
        self._leaving |= leaving
        for task in leaving:
            task.cancel()

    async def _emptied(self) -> None:
        if self._leaving:
            if self._empty is None or self._empty.done():
                self._empty = asyncio.get_running_loop().create_future()
            await asyncio.shield(self._empty)

    def clear(self) -> None:
        """Forgets everything but name and seed; the clock goes on."""
        self.store.clear()
        self._begin(Origin(f"{self.seed}/{self.name}", self.clock.now()))

    async def close(self) -> None:
        """Stops what is in progress, for good, and lets go of whatever refers back to the world."""
        self._watching.close()
        await self.store.close()
        await self.sender.close()
        self.on_issued = _ignore


def check_state(data: Mapping[str, Any], now: float) -> Backend:
    """Returns a backend that was loaded with a dump at a time (epoch seconds), by which what has ended is judged.

    Raises ConfigError when no world can go on from it.
    """
    store = MemoryBackend(manual(now), types=STORED_TYPES)
    store.load(data)
    store.schedule.clear()
    _origin(store)
    Armed(store).list()
    return store


def _origin(store: Backend) -> Origin:
    origin: Origin | None = store.records.get("world", "origin")
    if origin is None:
        raise ConfigError("the origin of the world is missing")
    return origin


def _ignore(credential: str) -> None:
    """Does nothing: no route is needed to the default world."""
