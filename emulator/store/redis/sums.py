"""The copy of a world's counters, windows and usage: numbers that notice when they are read and changed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from copy import copy
from functools import partial
from typing import Any, Generic, TypeVar, get_args

import msgspec
from msgspec import field

from emulator.clock.world_clock import Clock
from emulator.playbook.limits import AtOnce, Rolls
from emulator.store.backend import Bucket, Charge, Window
from emulator.store.memory import MemoryCounters, MemoryUsage, UsageRow
from emulator.store.redis.changes import Name, Tracker, verb
from emulator.store.redis.lots import Lots
from emulator.store.redis.presence import Presence
from emulator.store.rolling import BucketLevel, Rolling, SlidingLog, UnderWay
from emulator.store.windows import MemoryWindows

V = TypeVar("V")
MAX_SKEW = 0.01  # real seconds by which the clocks of processes may be apart
OPENED = ("opened",)  # stands for the order in which buckets were opened
ROLLING: dict[str, Any] = {each.__name__: each for each in get_args(Rolling)}


class TrackedValues(dict[str, V], Generic[V]):
    """Values by name, which may be changed in place, as a part of a copy."""

    def __init__(
        self,
        letter: str,
        tracker: Tracker,
        as_json: Callable[[V], Any],
        load: Callable[[Any], V],
        twin: Callable[[V], V] = copy,
    ) -> None:
        super().__init__()
        self.letter = letter
        self._tracker = tracker
        self._as_json, self._load, self._twin = as_json, load, twin

    def __hash__(self) -> int:  # type: ignore[override] # a part is itself, whatever it holds
        return id(self)

    def __eq__(self, other: object) -> bool:
        return self is other

    # ------------------------------------------------------------------ what verbs do

    def __getitem__(self, name: str) -> V:
        self._tracker.touch(self, (name,))
        return super().__getitem__(name)

    def get(self, name: str, default: Any = None) -> Any:
        self._tracker.touch(self, (name,))
        return super().get(name, default)

    def __setitem__(self, name: str, value: V) -> None:
        self._tracker.touch(self, (name,))
        super().__setitem__(name, value)

    def __delitem__(self, name: str) -> None:
        self._tracker.touch(self, (name,))
        super().__delitem__(name)

    def pop(self, name: str, *default: Any) -> Any:
        self._tracker.touch(self, (name,))
        return super().pop(name, *default)

    def update(self, *others: Any, **named: V) -> None:
        for name, value in dict(*others, **named).items():
            self[name] = value

    def become(self, others: Mapping[str, V]) -> None:
        """Takes the values of others in the place of all."""
        for name in [*self]:
            if name not in others:
                del self[name]
        for name, value in others.items():
            self[name] = value

    # ------------------------------------------------------------------ part

    def held(self, name: Name) -> V | None:
        value = super().get(name[0])
        return None if value is None else self._twin(value)

    def place(self, name: Name, value: V | None) -> None:
        if value is None:
            super().pop(name[0], None)
        else:
            super().__setitem__(name[0], self._twin(value))

    def tidy(self) -> None:
        """Does nothing: the order does not matter."""

    def encode(self, name: Name, value: V) -> bytes:
        return msgspec.json.encode(self._as_json(value))

    def decode(self, name: Name, data: bytes) -> V:
        return self._load(msgspec.json.decode(data))

    def everything(self) -> Iterable[Name]:
        return [(name,) for name in self]


class RedisCounters(MemoryCounters):
    """Counters of a copy. `lots` are numbers that nobody else gets: who takes one of them reads nothing."""

    def __init__(self, tracker: Tracker) -> None:
        self._tracker = tracker
        self.values: TrackedValues[int] = TrackedValues("c", tracker, int, int, int)
        self.lots = Lots()

    @verb
    def increment(self, name: str) -> int:
        return super().increment(name)

    @verb
    def number(self, name: str) -> int:
        unit = self._tracker.unit
        assert unit is not None
        number = unit.numbers.get(name) or self.lots.take(name)
        if not number:
            return super().increment(name)
        unit.numbers[name] = number
        return number

    @verb
    def delete(self, name: str) -> None:
        super().delete(name)


class SharedUnderWay(UnderWay):
    """How many responses are under way in each process: one that dies gives back what it had."""

    held: dict[str, int] = field(default_factory=dict)
    presence: Presence | None = None

    def take(self, cost: int, now: float) -> None:
        self._add(cost)

    def settle(self, amount: int, charged_at: float, now: float) -> Window:
        self._add(amount)
        return self.look(now)

    def release(self, worker: str) -> None:
        """Forgets those of a process that has left."""
        self.held.pop(worker, None)
        self.used = sum(self.held.values())

    def _add(self, amount: int) -> None:
        assert self.presence is not None
        worker = self.presence.worker
        self.held[worker] = max(0, self.held.get(worker, 0) + amount)
        if not self.held[worker]:
            del self.held[worker]
        self.used = sum(self.held.values())

    def __copy__(self) -> SharedUnderWay:
        return SharedUnderWay(self.used, dict(self.held), self.presence)


class RedisWindows(MemoryWindows):
    """Windows of a copy."""

    windows: TrackedValues[Window]
    rolling: TrackedValues[Rolling]

    def __init__(self, clock: Clock, tracker: Tracker, cap: int, presence: Presence) -> None:
        super().__init__(clock, cap)
        self._tracker = tracker
        self._presence = presence
        self.windows = TrackedValues("w", tracker, lambda each: [each.used, each.resets_at], lambda row: Window(*row))
        self.rolling = TrackedValues("l", tracker, _rolling_row, partial(_rolling_of, presence=presence))

    def holders(self) -> set[str]:
        """Returns the processes in which responses are under way."""
        shared = [each for each in self.rolling.values() if isinstance(each, SharedUnderWay)]
        return {worker for counter in shared for worker in counter.held}

    @verb
    def release(self, worker: str) -> None:
        """Gives back what a process has under way that has left."""
        for key, counter in list(self.rolling.items()):
            if isinstance(counter, SharedUnderWay) and worker in counter.held:
                shared = self.rolling[key]
                assert isinstance(shared, SharedUnderWay)
                shared.release(worker)

    @verb
    def charge(self, charges: Sequence[Charge], now: float | None = None) -> list[Window]:
        return super().charge(charges, now)

    @verb
    def settle(self, key: str, amount: int, resets_at: float | None = None, now: float | None = None) -> Window | None:
        return super().settle(key, amount, resets_at, now)

    @verb
    def settle_rolling(
        self, key: str, pace: Rolls, amount: int, charged_at: float, now: float | None = None
    ) -> Window | None:
        return super().settle_rolling(key, pace, amount, charged_at, now)

    def _latest(self, now: float) -> float:
        # A request may have waited for others to commit, which came after it; only a clock that is behind was set back.
        return max(now, self._clock.now()) + MAX_SKEW * self._clock.speed

    def _new(self, pace: Rolls) -> Rolling:
        return SharedUnderWay(0, {}, self._presence) if isinstance(pace, AtOnce) else super()._new(pace)

    def _sweep(self, now: float) -> None:
        known = self.windows
        super()._sweep(now)
        left, self.windows = self.windows, known
        for key in [each for each in known if each not in left]:
            del known[key]

    def _sweep_rolling(self, now: float) -> None:
        known = self.rolling
        super()._sweep_rolling(now)
        left, self.rolling = self.rolling, known
        for key in [each for each in known if each not in left]:
            del known[key]


class RedisUsage(MemoryUsage):
    """Usage of a copy: names are those of API, asset, key and hour; API and asset alone stand for all their buckets."""

    letter = "u"

    def __init__(self, tracker: Tracker, cap: int) -> None:
        super().__init__(cap)
        self._tracker = tracker
        self._orders: dict[Name, int] = {}
        self._last = 0
        self._unsorted = False

    @verb
    def add(self, api: str, asset: str, key: str, hour: int, amounts: Bucket) -> None:
        self._tracker.touch(self, (api, asset, key, str(hour)))
        super().add(api, asset, key, hour, amounts)
        self._tracker.mark(self, (api, asset))

    def buckets(self, api: str, asset: str) -> Iterator[tuple[str, int, Bucket]]:
        self._tracker.touch(self, (api, asset))
        return super().buckets(api, asset)

    def _open(self, api: str, asset: str, key: str, hour: int, workspace: str) -> Bucket:
        self._tracker.touch(self, OPENED)  # its place is behind all others
        self._tracker.mark(self, OPENED)
        self._last += 1
        self._orders[api, asset, key, str(hour)] = self._last
        return super()._open(api, asset, key, hour, workspace)

    def _drop(self, api: str, asset: str, key: str, hour: int) -> None:
        self._tracker.touch(self, (api, asset, key, str(hour)))
        self._tracker.mark(self, (api, asset))
        del self._orders[api, asset, key, str(hour)]
        super()._drop(api, asset, key, hour)

    def replace_all(self, rows: Sequence[UsageRow]) -> None:
        """Takes rows in the place of all buckets."""
        self._tracker.touch(self, OPENED)
        self._tracker.mark(self, OPENED)
        for name in [*self.opened]:
            self._drop(*name)
        self.opened.clear()
        for row in rows:
            self._tracker.touch(self, (row.api, row.asset, row.key, str(row.hour)))
        super().load(rows)
        for row in rows:
            self._last += 1
            self._orders[row.api, row.asset, row.key, str(row.hour)] = self._last
            self._tracker.mark(self, (row.api, row.asset))

    # ------------------------------------------------------------------ part

    def held(self, name: Name) -> tuple[int, Bucket] | None:
        order = self._orders.get(name)
        return None if order is None else (order, copy(self.assets[name[0], name[1]][name[2], int(name[3])]))

    def place(self, name: Name, value: tuple[int, Bucket] | None) -> None:
        if len(name) != 4:
            return
        (api, asset, key, hour), known = name, name in self._orders
        if value is None:
            if known:
                self._orders.pop(name)
                self.opened.remove((api, asset, key, int(hour)))
                super()._drop(api, asset, key, int(hour))
            return
        self._orders[name], bucket = value
        self._last = max(self._last, value[0])
        self.assets.setdefault((api, asset), {})[key, int(hour)] = copy(bucket)
        if not known:
            self.opened.append((api, asset, key, int(hour)))
            self._unsorted = True

    def tidy(self) -> None:
        if not self._unsorted:
            return
        self._unsorted = False
        places = {(api, asset, key, int(hour)): order for (api, asset, key, hour), order in self._orders.items()}
        opened = sorted(self.opened, key=lambda name: (places[name], name))
        self.opened.clear()
        before, self.assets = self.assets, {}
        for name in opened:
            self.opened.append(name)
            self.assets.setdefault(name[:2], {})[name[2:]] = before[name[:2]][name[2:]]

    def encode(self, name: Name, value: tuple[int, Bucket]) -> bytes:
        return msgspec.json.encode([value[0], *msgspec.structs.astuple(value[1])])

    def decode(self, name: Name, data: bytes) -> tuple[int, Bucket]:
        order, *amounts = msgspec.json.decode(data)
        return order, Bucket(*amounts)

    def everything(self) -> Iterable[Name]:
        return list(self._orders)


def _rolling_row(counter: Rolling) -> Any:
    name = type(counter).__name__
    if isinstance(counter, SharedUnderWay):
        return [name, counter.held]
    row = msgspec.structs.asdict(counter)
    return [name, {**row, "gone": str(counter.gone)} if isinstance(counter, BucketLevel) else row]


def _rolling_of(row: Any, presence: Presence) -> Rolling:
    name, fields = row
    if name == SharedUnderWay.__name__:
        return SharedUnderWay(sum(fields.values()), fields, presence)
    if name == "SlidingLog":
        return SlidingLog(fields["span"], [(at, cost) for at, cost in fields["entries"]], fields["used"])
    loaded: Rolling = ROLLING[name](**{**fields, **({"gone": int(fields["gone"])} if "gone" in fields else {})})
    return loaded
