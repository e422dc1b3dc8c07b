"""The copy of a world's records: collections that notice what is read and changed."""

from __future__ import annotations

from collections.abc import Iterable, Sized
from functools import partial
from typing import Any

import msgspec

from emulator.clock.world_clock import Clock
from emulator.errors import ConfigError
from emulator.store.backend import MAX_RECORDS, FindRow
from emulator.store.codec import UNREADABLE, Codec, as_json
from emulator.store.memory import NEVER, Collection, MemoryRecords
from emulator.store.redis.changes import Field, Name, Tracker, verb


class TrackedRecord(msgspec.Struct, eq=False):
    """A record with the end of its life, its place in its collection, and what it is in JSON. It is never changed."""

    value: Any
    ends_at: float
    order: int
    json: bytes


class TrackedCollection(Collection):
    """A collection whose records are rows of `rows` too."""

    def __init__(self, records: RedisRecords, name: str) -> None:
        super().__init__()
        self.rows: dict[str, TrackedRecord] = {}
        self._last = 0
        self._records = records
        self._name = name

    def keep(self, id: str, value: Any, ends_at: float) -> None:
        self._records.touch(self._name, id)
        row = self.rows.get(id)
        if row is None:
            self._records.touch(self._name)  # its place is behind all others
        self.hold(id, TrackedRecord(value, ends_at, self._last + 1 if row is None else row.order, encoded(value)))
        self._records.mark(self._name)

    def drop(self, id: str) -> float:
        if id not in self.rows:
            return 0.0
        self._records.touch(self._name, id)
        self._records.mark(self._name)
        return self.lose(id)

    def hold(self, id: str, row: TrackedRecord) -> None:
        """Holds a row, at the end if its id is new, and notices nothing."""
        self.size += len(row.json) - self._sizes.get(id, 0)
        self._sizes[id] = len(row.json)
        self[id] = (row.value, row.ends_at)
        self.rows[id] = row
        self._last = max(self._last, row.order)

    def lose(self, id: str) -> float:
        """Drops a record, and notices nothing."""
        self.rows.pop(id, None)
        return super().drop(id)

    def sort(self) -> None:
        """Puts the records in their places."""
        for id in sorted(self, key=lambda id: (self.rows[id].order, id)):
            self.move_to_end(id)


class RedisRecords(MemoryRecords):
    """A RecordStore that is a part of a copy: names are those of a collection and of a record."""

    letter = "r"
    collections: dict[str, TrackedCollection]  # type: ignore[assignment] # MemoryRecords makes none of its own here

    def __init__(self, clock: Clock, tracker: Tracker, codec: Codec) -> None:
        super().__init__(clock)
        self._tracker = tracker
        self._codec = codec
        self._unsorted: set[str] = set()

    def touch(self, *name: str) -> None:
        """Notes that a record, or all of a collection, is read."""
        self._tracker.touch(self, name)

    def mark(self, collection: str) -> None:
        """Notes that a record of a collection has changed."""
        self._tracker.mark(self, (collection,))

    # ------------------------------------------------------------------ verbs

    def get(self, collection: str, id: str) -> Any | None:
        self.touch(collection, id)
        return super().get(collection, id)

    @verb
    def put(self, collection: str, id: str, value: Any, *, ttl: float | None = None, cap: int = MAX_RECORDS) -> None:
        self._collection(collection)
        super().put(collection, id, value, ttl=ttl, cap=cap)

    def keep(self, collection: str, id: str, value: Any, ends_at: float) -> None:
        """Keeps a value until a time."""
        self._collection(collection).keep(id, value, ends_at)

    @verb
    def replace(self, collection: str, id: str, value: Any) -> bool:
        self.touch(collection, id)
        return super().replace(collection, id, value)

    @verb
    def delete(self, collection: str, id: str) -> bool:
        self.touch(collection, id)
        return super().delete(collection, id)

    def items(self, collection: str) -> list[tuple[str, Any]]:
        self.touch(collection)
        return super().items(collection)

    def count(self, collection: str) -> int:
        self.touch(collection)
        return super().count(collection)

    def sized(self, collection: str) -> Sized:
        return TrackedSize(self, collection)

    def rows(self, collection: str) -> FindRow:
        return partial(self._row, collection)

    def _row(self, collection: str, id: str) -> tuple[Any, float] | None:
        self.touch(collection, id)
        records = self.collections.get(collection)
        return None if records is None else records.get(id)

    @verb
    def clear(self, collection: str) -> None:
        self.touch(collection)
        records = self.collections.get(collection, Collection())
        for id in list(records):
            records.drop(id)

    # ------------------------------------------------------------------ part

    def held(self, name: Name) -> TrackedRecord | None:
        records = self.collections.get(name[0]) if len(name) == 2 else None
        return None if records is None else records.rows.get(name[1])

    def place(self, name: Name, row: TrackedRecord | None) -> None:
        if len(name) != 2:
            return
        collection, id = name
        records = self._collection(collection)
        if row is None:
            records.lose(id)
            return
        records.hold(id, row)
        self._unsorted.add(collection)
        for callback in tuple(self._watchers.get(collection, ())):
            callback()

    def tidy(self) -> None:
        for collection in self._unsorted:
            self._collection(collection).sort()
        self._unsorted.clear()

    def encode(self, name: Name, row: TrackedRecord) -> bytes:
        end = b"null" if row.ends_at == NEVER else b"%r" % row.ends_at
        return b"[%d,%b,%b]" % (row.order, end, row.json)

    def decode(self, name: Name, data: bytes) -> TrackedRecord:
        order, ends_at, value = msgspec.json.decode(data, type=tuple[int, float | None, msgspec.Raw])
        loaded = self._codec.load_value(name[0], msgspec.json.decode(value))
        return TrackedRecord(loaded, NEVER if ends_at is None else ends_at, order, bytes(value))

    def _collection(self, name: str) -> TrackedCollection:
        if name not in self.collections:
            self.collections[name] = TrackedCollection(self, name)
        return self.collections[name]

    def everything(self) -> Iterable[Name]:
        for collection, records in self.collections.items():
            yield from ((collection, id) for id in records)


class TrackedSize:
    """The length of a collection; to ask for it is to read the collection."""

    def __init__(self, records: RedisRecords, name: str) -> None:
        self._records, self._name = records, name
        self._field: Field = (records, (name,))

    def __len__(self) -> int:
        records = self._records
        records._tracker.touch_whole(self._field)
        return len(records.collections.get(self._name, ()))


def encoded(value: Any) -> bytes:
    """Returns a value as JSON. Raises ConfigError when it can't be expressed."""
    try:
        return as_json(value)
    except UNREADABLE as error:
        raise ConfigError(f"the state can't be saved: {error}") from error
