"""A world: one isolated universe of state. Two worlds share a server and nothing else."""

from __future__ import annotations

import uuid
from random import Random

from emulator.clock import Clock
from emulator.serving.corpus import Corpus
from emulator.serving.journal import Journal
from emulator.serving.usage import Ledger
from emulator.serving.webhook import Sender
from emulator.storage import Store
from emulator.storage.memory import MemoryStore


class World:
    """Everything that requests change: records, counters, usage, the journal, and the clock they are dated by.

    Ids are drawn from the seed and the world's name: the same calls in the same order give the same ids.
    """

    def __init__(self, name: str, seed: int, clock: Clock, journal: Journal, corpus: Corpus) -> None:
        self.name = name
        self.seed = seed
        self.clock = clock
        self.journal = journal
        self.corpus = corpus
        self.store: Store = MemoryStore(clock)
        self.ledger = Ledger(clock)
        self.sender = Sender(clock)
        self._ids = Random(f"{seed}/{name}/ids")
        self._numbers = 0

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
        return Random(f"{self.seed}/{self.name}/{number}")
