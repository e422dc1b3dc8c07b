"""KEEP: what a world remembers, behind a few verbs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol, TypeAlias

from msgspec import Struct

from emulator.clock import Clock

# Key, most, seconds, cost: take `cost` from a counter that allows `most` in a window of so many seconds. A plain tuple,
# because several are made for each request and a class would take three times as long.
Charge: TypeAlias = tuple[str, int, float, int]


class Window(Struct):
    """What is used of a counter until `resets_at` (seconds since the epoch); `refused` when the charge did not fit.

    It may be the store's own, which later charges change: read it at once, and change nothing.
    """

    used: int
    resets_at: float
    refused: bool = False


__all__ = ["Charge", "Store", "Window"]


class Store(Protocol):
    """One world's memory: records in collections, rule counters, and windows of limits.

    Windows are fixed and begin with the first charge in them, so that the wall clock never splits a burst.
    """

    @property
    def clock(self) -> Clock:
        """The world's clock, by which records and windows end."""

    def get(self, collection: str, id: str) -> Any | None:
        """A record as it was put, to be read and not changed; None when there is none or its time is over."""

    def put(self, collection: str, id: str, value: Any, *, ttl: float | None = None, most: int = 10_000) -> None:
        """Keep a record for `ttl` seconds, or for good; a known id keeps its place. Beyond `most` the oldest goes."""

    def replace(self, collection: str, id: str, value: Any) -> bool:
        """Keep another value in a record's place, as long as that would have been kept; False when there is none."""

    def delete(self, collection: str, id: str) -> bool:
        """Take a record out; False when there was none."""

    def items(self, collection: str) -> list[tuple[str, Any]]:
        """Ids and records in the order they first came."""

    def count(self, name: str) -> int:
        """Add one to a plain counter and give its new value."""

    def counted(self, name: str) -> int:
        """The value of a plain counter; 0 when nothing was added to it."""

    def charge(self, charges: Sequence[Charge], now: float | None = None) -> list[Window]:
        """Charge all or, when one does not fit, none; the windows in the order of the charges, marked if they refuse.

        A charge of 0 always fits, and begins a window too. Keys are distinct. `now` is the moment of the request.
        """

    def settle(self, key: str, amount: int, resets_at: float | None = None, now: float | None = None) -> Window | None:
        """Add to the open window, or take off it, never below 0; the window, or None when nothing was done.

        With `resets_at`, only to the window that ends then: what was charged to a window that is over stays with it.
        """

    def peek(self, key: str, seconds: float, now: float | None = None) -> Window | None:
        """The open window of a counter; None when nothing is charged to it."""

    def clear(self) -> None:
        """Forget everything."""

    def dump(self) -> dict[str, Any]:
        """Everything, as plain data of its own that `load` takes."""

    def load(self, data: Mapping[str, Any]) -> None:
        """Be as when `data` was dumped."""
