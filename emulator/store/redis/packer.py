"""Packs units of work for the script that commits them: what they have read, and how they leave things."""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import Struct

from emulator.clock.world_clock import Clock
from emulator.store.redis.changes import Field, ReplicaPart, Unit
from emulator.store.redis.clock import NAME as CLOCK
from emulator.store.redis.clock import ClockPart, Reading
from emulator.store.redis.journal import ADD, RedisJournal
from emulator.store.redis.lots import Lots
from emulator.store.redis.presence import ERA, LIFE, Era, Presence
from emulator.store.redis.replica import wire

KNOWN_CHANGES = 20_000  # fields whose last change Redis remembers; who is further behind loads everything
BEAT = 1.0  # real seconds between two signs of life, at most
URGENT = "ke"  # letters of the parts whose changes others must hear of at once
ALL = "*"  # stands for everything among what was read


class Stand(Struct):
    """How far a process is: the epoch of its world, the last commit that it knows of, the number of its attempt, the
    commit up to which it has done all that follows, whether others were faster than its last attempt, and whether it
    writes back all of a world that the server has lost."""

    epoch: str
    base: int
    number: int
    settled: int
    refused: bool
    restores: bool = False


class Packer:
    """Packs for one world. `leaving`: this process is about to end."""

    def __init__(
        self,
        parts: tuple[ClockPart, Presence, Era],
        numbers: tuple[ReplicaPart, Lots],
        journal: RedisJournal,
        clock: Clock,
    ) -> None:
        self.leaving = False
        self._timer, self._presence, era = parts
        self._counters, self._lots = numbers
        self._journal, self._clock = journal, clock
        self._ambient = [wire((self._timer, CLOCK)), wire((era, ERA))]  # what every unit has read
        self._beats_at = 0.0

    def pack(
        self, batch: list[Unit], stand: Stand, reading: tuple[Any, Reading] | None, reserved: int
    ) -> tuple[list[str | bytes], bool]:
        """Returns what the script is to do for units of work, and whether others must hear of it at once.

        A `reading` of the clock is kept too, and so many numbers are `reserved`.
        """
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
        presence, part = self._presence, self._part()
        if reading is not None:
            after[self._timer, CLOCK] = self._timer.encode(CLOCK, reading[1])
        if part == "join":
            name = (presence.worker,)
            after[presence, name] = presence.encode(name, presence.about())
        urgent = any(part.letter in URGENT for part, _ in after)
        sets: list[str] = []
        drops = []
        for field, data in after.items():
            if data is None:
                drops.append(wire(field))
            else:
                sets += (wire(field), data.decode())
        head = [stand.epoch, stand.base, presence.worker, stand.number, KNOWN_CHANGES]
        reads = [ALL] if any(unit.all for unit in batch) else [*map(wire, read), *(self._ambient if batch else ())]
        names = reads, sets, drops, list(map(wire, marked)), self._journal.most_entries(entries[::2].count(ADD))
        counter = wire((self._counters, (self._lots.name,))) if reserved else ""
        flags = int(stand.refused), int(urgent), self._journal.known, int(stand.restores)
        rest = [counter, reserved, LIFE, stand.settled, part, *flags]
        return [msgspec.msgpack.encode([*head, *names, *rest]), *entries], urgent

    def _part(self) -> str:
        """Returns what a commit is to the presence of this process, beside a sign of life."""
        now = self._clock.real()
        if self.leaving:
            return "leave"
        if not self._presence.joined:
            return "join"
        if now < self._beats_at:
            return ""
        self._beats_at = now + BEAT
        return "beat"
