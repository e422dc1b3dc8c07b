"""The default store: one process, plain dictionaries, every verb done when it returns."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from copy import deepcopy
from itertools import islice
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

from emulator.clock import Clock
from emulator.store import Charge, Window

NEVER = float("inf")
MOST_WINDOWS = 100_000  # a client that sends another key each time must not fill the memory

Whole = Annotated[int, Meta(ge=0, le=2**53)]
Moment = Annotated[float, Meta(ge=0, le=1e12)]  # seconds since the epoch; records may outlive the year 9999


class StoreDump(Struct, frozen=True):
    """What `dump` gives: records with the end of their life (None: they have none), counters, and windows."""

    collections: dict[str, list[tuple[str, Any, Moment | None]]]
    counts: dict[str, Whole]
    windows: dict[str, tuple[Whole, Moment]]


class MemoryStore:
    """A Store in this process's memory. It keeps no more than `most_windows` windows: the oldest tenth goes."""

    def __init__(self, clock: Clock, most_windows: int = MOST_WINDOWS) -> None:
        self.clock = clock
        self._most_windows = most_windows
        self._collections: dict[str, OrderedDict[str, tuple[Any, float]]] = {}  # id → record, end of its life
        self._counts: dict[str, int] = {}
        self._windows: dict[str, Window] = {}
        self._sweep_at = min(1_000, most_windows)

    def get(self, collection: str, id: str) -> Any | None:
        records = self._collections.get(collection)
        kept = None if records is None else records.get(id)
        return kept[0] if kept is not None and kept[1] > self.clock.now() else None

    def put(self, collection: str, id: str, value: Any, *, ttl: float | None = None, most: int = 10_000) -> None:
        records = self._collections.setdefault(collection, OrderedDict())
        now = self.clock.now()
        if id in records and records[id][1] <= now:
            del records[id]  # it comes back as another record, at the end
        records[id] = (value, NEVER if ttl is None else now + ttl)
        while len(records) > most:
            records.popitem(last=False)

    def replace(self, collection: str, id: str, value: Any) -> bool:
        records = self._collections.get(collection)
        kept = None if records is None else records.get(id)
        if records is None or kept is None or kept[1] <= self.clock.now():
            return False
        records[id] = (value, kept[1])
        return True

    def delete(self, collection: str, id: str) -> bool:
        _, ends_at = self._collections.get(collection, OrderedDict()).pop(id, (None, 0.0))
        return ends_at > self.clock.now()

    def items(self, collection: str) -> list[tuple[str, Any]]:
        now = self.clock.now()
        records = self._collections.get(collection, OrderedDict())
        return [(id, value) for id, (value, ends_at) in records.items() if ends_at > now]

    def count(self, name: str) -> int:
        self._counts[name] = number = self._counts.get(name, 0) + 1
        return number

    def counted(self, name: str) -> int:
        return self._counts.get(name, 0)

    def charge(self, charges: Sequence[Charge], now: float | None = None) -> list[Window]:
        now = self.clock.now() if now is None else now
        known = self._windows
        windows = []
        for key, most, seconds, cost in charges:
            window = known.get(key)
            # The upper bound lets go of a window that a clock set back or a shortened limit left in the far future.
            if window is None or not now < window.resets_at <= now + seconds:
                window = Window(0, now + seconds)
            if window.used + cost > most and cost > 0:
                return self._refuse(charges, now)
            windows.append(window)
        for index, charge in enumerate(charges):
            known[charge[0]] = window = windows[index]
            window.used += charge[3]
        if len(known) > self._sweep_at:
            self._sweep(now)
        return windows

    def _refuse(self, charges: Sequence[Charge], now: float) -> list[Window]:
        windows = []
        for key, most, seconds, cost in charges:
            window = self.peek(key, seconds, now) or Window(0, now + seconds)
            windows.append(Window(window.used, window.resets_at, window.used + cost > most and cost > 0))
        return windows

    def settle(self, key: str, amount: int, resets_at: float | None = None, now: float | None = None) -> Window | None:
        window = self._windows.get(key)
        if window is None or window.resets_at <= (self.clock.now() if now is None else now):
            return None
        if resets_at is not None and window.resets_at != resets_at:
            return None
        window.used = max(0, window.used + amount)
        return window

    def peek(self, key: str, seconds: float, now: float | None = None) -> Window | None:
        now = self.clock.now() if now is None else now
        window = self._windows.get(key)
        return window if window is not None and now < window.resets_at <= now + seconds else None

    def clear(self) -> None:
        self._collections.clear()
        self._counts.clear()
        self._windows.clear()

    def dump(self) -> dict[str, Any]:
        collections = {
            name: [[id, value, None if ends_at == NEVER else ends_at] for id, (value, ends_at) in records.items()]
            for name, records in self._collections.items()
        }
        windows = {key: [window.used, window.resets_at] for key, window in self._windows.items()}
        return deepcopy({"collections": collections, "counts": self._counts, "windows": windows})

    def load(self, data: Mapping[str, Any]) -> None:
        dumped = msgspec.convert(deepcopy(dict(data)), StoreDump)
        self._collections = {
            name: OrderedDict((id, (value, NEVER if ends_at is None else ends_at)) for id, value, ends_at in records)
            for name, records in dumped.collections.items()
        }
        self._counts = dumped.counts
        self._windows = {key: Window(used, resets_at) for key, (used, resets_at) in dumped.windows.items()}

    def _sweep(self, now: float) -> None:
        """Forget the windows that are over and, when that is not enough, the oldest tenth; seldom, as it is slow."""
        known = {key: window for key, window in self._windows.items() if window.resets_at > now}
        for key in list(islice(known, max(0, len(known) - self._most_windows * 9 // 10))):
            del known[key]
        self._windows = known
        self._sweep_at = min(self._most_windows, max(1_000, 2 * len(known)))
