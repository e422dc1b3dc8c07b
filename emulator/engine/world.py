"""A world: one isolated universe of state. Two worlds share a server and nothing else."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from random import Random
from typing import Any

from emulator.clock import Clock
from emulator.errors import EmulatorError
from emulator.faults.armed import Armed
from emulator.store import Store
from emulator.store.journal import Journal
from emulator.store.memory import MemoryStore
from emulator.store.usage import Ledger
from emulator.webhooks.sender import Sender


class WorldEnded(EmulatorError):
    """The world was reset, restored or deleted under somebody who was doing something in it."""


class WorldState:
    """Everything that requests change: records, counters, usage, the journal, and the clock they are dated by.

    All chance in it comes from `root`, made of its seed and name: the same calls in the same order give the same ids.
    """

    def __init__(self, name: str, seed: int, clock: Clock, journal: Journal) -> None:
        self.name = name
        self.seed = seed
        self.root: str = f"{seed}/{name}"
        self.clock: Clock = clock
        self.journal = journal
        self.store: Store = MemoryStore(clock)
        self.ledger = Ledger(clock)
        self.sender = Sender(clock)
        self.armed = Armed(clock)
        self.began: float = clock.now()  # what `after` and `for` of rules count from
        self.issued: Callable[[str], None] = _nobody  # told of each credential that a request has made
        self._ids = Random(f"{self.root}/ids")
        self._numbers = 0
        self._present: set[asyncio.Task[object]] = set()
        self._leaving: set[asyncio.Task[object]] = set()
        self._empty: asyncio.Future[None] | None = None

    def next_number(self) -> int:
        """The number of the next exchange, from 1."""
        self._numbers += 1
        return self._numbers

    def new_id(self, length: int = 24) -> str:
        """Lower-case hexadecimal digits, unique in this world for all practical purposes."""
        return self._ids.getrandbits(4 * length).to_bytes((length + 1) // 2).hex()[-length:]

    def new_uuid(self) -> str:
        """A version 4 UUID (RFC 9562)."""
        return str(uuid.UUID(int=self._ids.getrandbits(128), version=4))

    def chance(self, number: int) -> Random:
        """The source of chance for one exchange: the same exchange draws the same numbers."""
        return Random(f"{self.root}/{number}")

    def drawn(self) -> tuple[int, tuple[Any, ...]]:
        """How many exchanges there were, and how far the ids have come."""
        return self._numbers, self._ids.getstate()

    def continue_from(self, root: str, number: int, ids: tuple[Any, ...], began: float) -> None:
        """Go on as the world did from which this was taken. Raises ValueError or TypeError for other states of ids."""
        self._ids.setstate(ids)
        self.root, self._numbers, self.began = root, number, began

    @contextmanager
    def attend(self) -> Iterator[None]:
        """Do something in the world that takes time, from inside a task; raises WorldEnded when `end` breaks it off."""
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
        """Break off what others are doing in it: open streams, waits, and webhooks on their way."""
        here = asyncio.current_task()
        leaving = self._present - self._leaving - {here}
        self._leaving |= leaving
        for task in leaving:
            task.cancel()
        self.sender.clear()
        if self._leaving:
            if self._empty is None or self._empty.done():
                self._empty = asyncio.get_running_loop().create_future()
            await asyncio.shield(self._empty)

    def clear(self) -> None:
        """Forget everything but name and seed; the clock goes on."""
        self.store.clear()
        self.ledger.clear()
        self.sender.clear()
        self.armed.clear()
        self.began = self.clock.now()
        self.journal.clear()
        self.root = f"{self.seed}/{self.name}"
        self._ids = Random(f"{self.root}/ids")
        self._numbers = 0


def _nobody(credential: str) -> None:
    """The one world of a server need not be told what leads to it."""
