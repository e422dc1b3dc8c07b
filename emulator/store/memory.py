"""The default backend: one process, plain dictionaries, every verb done when it returns."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Callable, Iterator, Mapping, Sequence, Sized
from contextlib import AbstractAsyncContextManager, contextmanager, nullcontext
from copy import copy
from typing import Annotated, Any, TypeVar

import msgspec
from msgspec import Meta, Struct

from emulator.clock.turns import in_turns
from emulator.clock.world_clock import Clock, manual
from emulator.errors import ConfigError
from emulator.store.backend import MAX_RECORDS, Bucket, ExchangeJournal, FindRow, Window, Work
from emulator.store.codec import Codec, from_json, size_of, to_json
from emulator.store.journal import Journal
from emulator.store.rolling import dump_counters, load_counters
from emulator.store.schedule import IdleSchedule, MemorySchedule
from emulator.store.windows import MemoryWindows

NEVER = float("inf")
MAX_WINDOWS = 100_000  # a client that sends another key each time must not fill the memory
MAX_BUCKETS = 50_000
MAX_COLLECTION_BYTES = 128 * 2**20  # as JSON; the largest batch that a request can send takes half of it
KEPT_HOURS = 32 * 24
FORKED_JOURNAL_BYTES = 2**40  # a dry run's one exchange is never cut
T = TypeVar("T")

Whole = Annotated[int, Meta(ge=0, le=2**53)]
Hour = Annotated[int, Meta(ge=0, le=10**12 // 3_600)]
Sum = Annotated[float, Meta(ge=0, le=1e18)]
Micros = Annotated[int, Meta(ge=1, le=2**53)]
Digits = Annotated[str, Meta(pattern=r"^[0-9]{1,60}$")]  # numbers of more than 64 bits, which JSON can't carry
Time = Annotated[float, Meta(ge=0, le=1e12)]  # seconds since the epoch; records may outlive the year 9999


class UsageRow(Struct, frozen=True, array_like=True):
    """A bucket as it is dumped."""

    api: str
    asset: str
    key: str
    hour: Hour
    workspace: str
    requests: Annotated[int, Meta(ge=1, le=2**53)]  # a bucket is opened by one
    successful: Whole
    latency_ms: Sum
    tokens: Sum
    failed: Whole | None = None  # in an older dump: all that did not succeed


class Dump(Struct, frozen=True, omit_defaults=True):
    """What `dump` gives: values with the end of their life (None: they have none), and the other parts."""

    records: dict[str, list[tuple[str, Any, Time | None]]]
    counters: dict[str, Whole]
    windows: dict[str, tuple[Whole, Time]]
    usage: list[UsageRow]
    schedule: list[tuple[str, str, Time]]
    sliding: dict[str, tuple[Micros, list[tuple[Whole, Whole]]]] = {}  # older dumps have none
    buckets: dict[str, tuple[Micros, Micros, Digits, Whole]] = {}
    spent: dict[str, Whole] = {}


class Collection(OrderedDict[str, tuple[Any, float]]):
    """Records in order: id → value, end of its life; `size` is how many bytes they take as JSON, all together."""

    def __init__(self) -> None:
        super().__init__()
        self.size = 0
        self._sizes: dict[str, int] = {}

    def keep(self, id: str, value: Any, ends_at: float) -> None:
        """Adds a record, or puts another value in its place."""
        size = size_of(value)
        self.size += size - self._sizes.get(id, 0)
        self._sizes[id] = size
        self[id] = (value, ends_at)

    def drop(self, id: str) -> float:
        """Removes a record if it is there; returns the end of its life, 0 without one."""
        self.size -= self._sizes.pop(id, 0)
        return self.pop(id, (None, 0.0))[1]

    def shrink(self, cap: int, size: int) -> None:
        """Drops the oldest while there are more than `cap`, or more than one that take more than `size` bytes."""
        while len(self) > cap or (self.size > size and len(self) > 1):
            self.drop(next(iter(self)))

    def become(self, other: Collection) -> None:
        """Holds the records of another collection instead of its own."""
        self.clear()
        self.update(other)
        self.size, self._sizes = other.size, dict(other._sizes)

    def twin(self) -> Collection:
        """Returns a collection of its own with the same records."""
        twin = Collection()
        twin.become(self)
        return twin


class MemoryRecords:
    """A RecordStore of collections. Beyond `max_bytes` in one of them, its oldest records go, but never the last.

    A collection that was asked for stays the same object: what `sized` and `rows` gave looks into it.
    """

    def __init__(self, clock: Clock, max_bytes: int = MAX_COLLECTION_BYTES) -> None:
        self.collections: dict[str, Collection] = {}
        self._clock = clock
        self._max_bytes = max_bytes
        self._watchers: dict[str, list[Callable[[], None]]] = {}

    def get(self, collection: str, id: str) -> Any | None:
        records = self.collections.get(collection)
        kept = None if records is None else records.get(id)
        return kept[0] if kept is not None and kept[1] > self._clock.now() else None

    def put(self, collection: str, id: str, value: Any, *, ttl: float | None = None, cap: int = MAX_RECORDS) -> None:
        records = self._collection(collection)
        now = self._clock.now()
        if id in records and records[id][1] <= now:
            records.drop(id)  # it comes back as another record, at the end
        records.keep(id, value, NEVER if ttl is None else now + ttl)
        records.shrink(cap, self._max_bytes)
        for callback in tuple(self._watchers.get(collection, ())):
            callback()

    def replace(self, collection: str, id: str, value: Any) -> bool:
        records = self.collections.get(collection)
        kept = None if records is None else records.get(id)
        if records is None or kept is None or kept[1] <= self._clock.now():
            return False
        records.keep(id, value, kept[1])
        records.shrink(len(records), self._max_bytes)
        return True

    def delete(self, collection: str, id: str) -> bool:
        records = self.collections.get(collection)
        return records is not None and records.drop(id) > self._clock.now()

    def items(self, collection: str) -> list[tuple[str, Any]]:
        records = self.collections.get(collection)
        if not records:
            return []
        now = self._clock.now()
        return [(id, value) for id, (value, ends_at) in records.items() if ends_at > now]

    def count(self, collection: str) -> int:
        records = self.collections.get(collection)
        return 0 if records is None else len(records)

    def sized(self, collection: str) -> Sized:
        return self._collection(collection)

    def rows(self, collection: str) -> FindRow:
        return self._collection(collection).get

    def size(self) -> tuple[int, int]:
        kept = self.collections.values()
        return sum(map(len, kept)), sum(collection.size for collection in kept)

    def clear(self, collection: str) -> None:
        if collection in self.collections:
            self.collections[collection].become(Collection())

    @contextmanager
    def watch(self, collection: str, callback: Callable[[], None]) -> Iterator[None]:
        watchers = self._watchers.setdefault(collection, [])
        watchers.append(callback)
        try:
            yield
        finally:
            watchers.remove(callback)

    def become(self, collections: Mapping[str, Collection]) -> None:
        """Holds these collections instead of its own."""
        for name in {**self.collections, **collections}:
            self._collection(name).become(collections.get(name, Collection()))

    def _collection(self, name: str) -> Collection:
        found = self.collections.get(name)
        if found is None:
            found = self.collections[name] = Collection()
        return found


class MemoryCounters:
    """Counters in a dictionary."""

    def __init__(self) -> None:
        self.values: dict[str, int] = {}

    def increment(self, name: str) -> int:
        self.values[name] = number = self.values.get(name, 0) + 1
        return number

    number = increment

    def value(self, name: str) -> int:
        return self.values.get(name, 0)

    def delete(self, name: str) -> None:
        self.values.pop(name, None)


class MemoryUsage:
    """Usage sums: buckets by asset, and the order in which they were opened. Hours older than 32 days are dropped."""

    def __init__(self, cap: int) -> None:
        self.assets: dict[tuple[str, str], dict[tuple[str, int], Bucket]] = {}
        self.opened: deque[tuple[str, str, str, int]] = deque()
        self._cap = cap

    def add(self, api: str, asset: str, key: str, hour: int, amounts: Bucket) -> None:
        try:
            bucket = self.assets[api, asset][key, hour]
        except KeyError:
            if not amounts.requests:
                return  # the hour was dropped while the request was worked on
            bucket = self._open(api, asset, key, hour, amounts.workspace)
        bucket.requests += amounts.requests
        bucket.successful += amounts.successful
        bucket.latency_ms += amounts.latency_ms
        bucket.tokens += amounts.tokens
        bucket.failed += amounts.failed

    def buckets(self, api: str, asset: str) -> Iterator[tuple[str, int, Bucket]]:
        for (key, hour), bucket in self.assets.get((api, asset), {}).items():
            yield key, hour, bucket

    def dump(self) -> list[UsageRow]:
        """Returns all buckets in the order in which they were opened."""
        return [UsageRow(*name, *msgspec.structs.astuple(self.assets[name[:2]][name[2:]])) for name in self.opened]

    def load(self, rows: Sequence[UsageRow]) -> None:
        """Replaces everything by what was dumped."""
        self.assets, self.opened = {}, deque({(row.api, row.asset, row.key, row.hour): None for row in rows})
        for row in rows:
            failed = row.requests - row.successful if row.failed is None else row.failed
            amounts = Bucket(row.workspace, row.requests, row.successful, row.latency_ms, row.tokens, failed)
            self.assets.setdefault((row.api, row.asset), {})[row.key, row.hour] = amounts

    def _open(self, api: str, asset: str, key: str, hour: int, workspace: str) -> Bucket:
        opened = self.opened
        while opened and (len(opened) >= self._cap or opened[0][3] < hour - KEPT_HOURS):
            self._drop(*opened.popleft())
        opened.append((api, asset, key, hour))
        bucket = Bucket(workspace)
        self.assets.setdefault((api, asset), {})[key, hour] = bucket
        return bucket

    def _drop(self, api: str, asset: str, key: str, hour: int) -> None:
        buckets = self.assets[api, asset]
        del buckets[key, hour]
        if not buckets:
            del self.assets[api, asset]


class MemoryBackend:
    """A Backend in this process's memory. `types` maps kinds of collections to the types of their values."""

    immediate = True

    def __init__(
        self,
        clock: Clock,
        journal: ExchangeJournal | None = None,
        types: Mapping[str, Any] | None = None,
        max_windows: int = MAX_WINDOWS,
        max_buckets: int = MAX_BUCKETS,
    ) -> None:
        self.clock: Clock = clock
        self.journal: ExchangeJournal = Journal() if journal is None else journal
        self.records = MemoryRecords(clock)
        self.counters = MemoryCounters()
        self.windows = MemoryWindows(clock, max_windows)
        self.usage = MemoryUsage(max_buckets)
        self.schedule: MemorySchedule = MemorySchedule(clock)
        self._codec = Codec(types)

    async def transact(self, work: Work[T]) -> T:
        """Runs the work once: each verb commits by assignment, so nothing is ever undone. What was changed before an
        error stays changed, and others see what was changed before they get a turn."""
        return await in_turns(work(), self.clock)

    insist = transact

    def begin(self, work: Work[T], then: Callable[[T | None, Exception | None], None]) -> bool:
        """Begins nothing: what is committed at once needs no task, and other work gives others a turn."""
        return False

    def on_commit(self, effect: Callable[[], None]) -> None:
        effect()

    async def catch_up(self) -> None:
        """Does nothing: there is one process."""

    def alone(self) -> AbstractAsyncContextManager[None]:
        return nullcontext()

    async def everywhere(self) -> None:
        """Does nothing: there is one process."""

    async def flush(self) -> None:
        """Does nothing."""

    async def close(self) -> None:
        await self.schedule.close()

    def clear(self) -> None:
        self.records.become({})
        self.counters.values.clear()
        self.windows.windows.clear()
        self.windows.rolling.clear()
        self.usage.load(())
        self.schedule.clear()
        self.journal.clear()

    def dump(self) -> dict[str, Any]:
        records = {
            name: [(id, value, None if ends_at == NEVER else ends_at) for id, (value, ends_at) in records.items()]
            for name, records in self.records.collections.items()
            if records
        }
        windows = {key: (window.used, window.resets_at) for key, window in self.windows.windows.items()}
        rolling = dump_counters(self.windows.rolling)
        dump = Dump(records, self.counters.values, windows, self.usage.dump(), self.schedule.dump(), *rolling)
        return dict(to_json(dump))

    def load(self, data: Mapping[str, Any]) -> None:
        dump = from_json(data, Dump)
        collections = {name: self._load_collection(name, rows) for name, rows in dump.records.items()}
        self.records.become(collections)
        self.counters.values = dump.counters
        self.windows.windows = {key: Window(used, resets_at) for key, (used, resets_at) in dump.windows.items()}
        self.windows.rolling = load_counters(dump.sliding, dump.buckets, dump.spent)
        self.usage.load(dump.usage)
        self.schedule.load(dump.schedule)

    def fork(self) -> MemoryBackend:
        other = ForkedBackend(manual(self.clock.now()), Journal(1, FORKED_JOURNAL_BYTES))
        other.schedule.load(self.schedule.dump())
        other.records.collections = {name: each.twin() for name, each in self.records.collections.items()}
        other.counters.values = dict(self.counters.values)
        other.windows.windows = {key: Window(each.used, each.resets_at) for key, each in self.windows.windows.items()}
        other.windows.rolling = {key: copy(counter) for key, counter in self.windows.rolling.items()}
        other.usage.load(self.usage.dump())
        return other

    def _load_collection(self, name: str, rows: Sequence[tuple[str, Any, float | None]]) -> Collection:
        load, loaded = self._codec.load_value, Collection()
        for id, data, ends_at in rows:
            try:
                loaded.keep(id, load(name, data), NEVER if ends_at is None else ends_at)
            except (TypeError, ValueError) as error:
                raise ConfigError(f"{name}/{id[:100]}: {error}") from error
        return loaded


class ForkedBackend(MemoryBackend):
    """A fork of a backend: nothing is done that can't be undone."""

    def __init__(self, clock: Clock, journal: ExchangeJournal) -> None:
        super().__init__(clock, journal)
        self.schedule = IdleSchedule(clock)

    def on_commit(self, effect: Callable[[], None]) -> None:
        """Does nothing."""
