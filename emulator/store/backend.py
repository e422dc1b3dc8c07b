"""The state backend of a world: everything that requests change goes through these verbs.

A backend is one object with a part for each kind of state: records, counters, windows, usage, journal and schedule.
`emulator.store.memory` has the one that keeps everything in this process. What a unit of work reads may be stale by the
time of its commit: then `transact` runs it again. A verb outside of one is a unit by itself. Times are seconds since
the epoch, on the world's clock.

Ids need no part: they are hashes of the world's root, the exchange's number and their place in it; see `store.ids`.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence, Sized
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from typing import Any, Protocol, TypeAlias, TypeVar

from msgspec import Struct

from emulator.clock.turns import Turns
from emulator.clock.world_clock import Clock
from emulator.http.exchange import Exchange
from emulator.playbook.limits import Pace, Rolls

MAX_RECORDS = 10_000
T = TypeVar("T")

# Key, limit, seconds, cost: take `cost` from a counter that allows `limit` in a window of so many seconds,
# or at another pace. A plain tuple: several are made for each request, and a class would take three times as long.
Charge: TypeAlias = tuple[str, int, float | Pace, int]
# A unit of work; it yields whenever it has worked so long that others should get a turn. Each call begins it anew.
Work: TypeAlias = Callable[[], Turns[T]]
Watcher: TypeAlias = Callable[[Exchange], None]
# Finds a value by its id, with the end of its life, which may be over; None when there is none.
FindRow: TypeAlias = Callable[[str], tuple[Any, float] | None]
# Does work that is due, by its id. A coroutine is awaited; the work counts as done when it ends.
Handler: TypeAlias = Callable[[str], Coroutine[Any, Any, None] | None]


class Window(Struct):
    """What is used of a counter until `resets_at`; `refused` when the charge did not fit, and will only after `wait`
    seconds, if that is not at `resets_at`.

    It may be the backend's own, which later charges change: read it at once, and change nothing.
    """

    used: int
    resets_at: float
    refused: bool = False
    wait: float | None = None


class Bucket(Struct):
    """What one key asked of one asset in one hour; `latency_ms` and `tokens` are sums over the requests that ended."""

    workspace: str = ""
    requests: int = 0  # those that ended, and those that are still worked on
    successful: int = 0
    latency_ms: float = 0.0
    tokens: float = 0.0
    failed: int = 0


class RecordStore(Protocol):
    """Collections of values by id, in the order in which the ids first came.

    Values are what was put: to be read and not changed. The part of a collection's name before the first "/" is its
    kind, which decides by what type its values are loaded.
    """

    def get(self, collection: str, id: str) -> Any | None:
        """Returns a value; None when there is none or its time is over."""

    def put(self, collection: str, id: str, value: Any, *, ttl: float | None = None, cap: int = MAX_RECORDS) -> None:
        """Keeps a value for `ttl` seconds, or for good; a known id keeps its place. Beyond `cap` the oldest goes."""

    def replace(self, collection: str, id: str, value: Any) -> bool:
        """Keeps another value in the place of one, as long as that would have been kept; False when there is none."""

    def delete(self, collection: str, id: str) -> bool:
        """Removes a value; False when there was none."""

    def items(self, collection: str) -> list[tuple[str, Any]]:
        """Returns ids and values, the oldest first."""

    def count(self, collection: str) -> int:
        """Returns how many values a collection holds, those whose time is over included."""

    def sized(self, collection: str) -> Sized:
        """Returns what has this count for its length, now and later: requests ask for some of them each time."""

    def rows(self, collection: str) -> FindRow:
        """Returns what finds the values of a collection, now and later: a request looks for several."""

    def size(self) -> tuple[int, int]:
        """Returns how many values all collections hold, those whose time is over included, and their bytes as JSON."""

    def clear(self, collection: str) -> None:
        """Removes all values of a collection."""

    def watch(self, collection: str, callback: Callable[[], None]) -> AbstractContextManager[None]:
        """Calls back after each value that is put into a collection, by whichever process."""


class Counters(Protocol):
    """Whole numbers by name; one that was never incremented is 0."""

    def increment(self, name: str) -> int:
        """Adds one, and returns the new value."""

    def number(self, name: str) -> int:
        """Adds one or more, and returns a value that nobody else gets: to number things, not to count them."""

    def value(self, name: str) -> int:
        """Returns the value."""

    def delete(self, name: str) -> None:
        """Forgets a counter."""


class Windows(Protocol):
    """Counters of limits. Windows are fixed and begin with their first charge, so that the wall clock splits no burst.

    With a pace instead of seconds they begin with the clock's own, slide, or are a bucket that refills.

    `now` is the moment of the request; by default it is the clock's.
    """

    def charge(self, charges: Sequence[Charge], now: float | None = None) -> list[Window]:
        """Charges all or, when one does not fit, none; returns the windows in order, marked where they refuse.

        A charge of 0 always fits, and begins a window too. Keys are distinct.
        """

    def settle(self, key: str, amount: int, resets_at: float | None = None, now: float | None = None) -> Window | None:
        """Adds to the open window, or takes off it, never below 0; returns it, or None when nothing was done.

        With `resets_at`, only to the window that ends then: what was charged to a window that is over stays with it.
        """

    def settle_rolling(
        self, key: str, pace: Rolls, amount: int, charged_at: float, now: float | None = None
    ) -> Window | None:
        """Does the same to a counter that slides, refills or counts what is under way, charged at a time; nothing to
        one that has another pace by now."""

    def peek(self, key: str, seconds: float | Pace, now: float | None = None) -> Window | None:
        """Returns how a counter stands; None when nothing is charged to it."""


class UsageSums(Protocol):
    """Sums by API, asset, key and hour (hours since the epoch). Old hours are dropped, and the oldest beyond a cap."""

    def add(self, api: str, asset: str, key: str, hour: int, amounts: Bucket) -> None:
        """Adds amounts to a bucket; a new one has the workspace of the amounts, and is opened by a request only."""

    def buckets(self, api: str, asset: str) -> Iterator[tuple[str, int, Bucket]]:
        """Yields key, hour and sums of an asset, the oldest bucket first."""


class ExchangeJournal(Protocol):
    """The last exchanges, bounded in number and in bytes. It tells of the past only, so no snapshot holds it.

    `dropped` are those that it no longer holds, `finished` how many of those that were added open have ended;
    `epoch` names the time since it was last cleared.
    """

    dropped: int
    finished: int
    epoch: str

    def add(self, exchange: Exchange) -> None:
        """Appends an exchange, which may still be open."""

    def finish(self, exchange: Exchange) -> None:
        """Notes that an exchange that was added while it was open has ended."""

    def watched(self, watcher: Watcher, own: bool = False) -> AbstractContextManager[None]:
        """Reports each exchange that is added, and again when one that was open has ended; with `own`, those only that
        this process answers."""

    def clear(self) -> None:
        """Forgets all exchanges."""

    @property
    def held_bytes(self) -> int:
        """How many bytes the exchanges take that are kept."""

    @property
    def seen(self) -> int:
        """How many exchanges there were, kept or not, since it was cleared."""

    def since(self, place: int) -> list[Exchange]:
        """Returns the exchanges behind a place, the oldest first; places count from 1 since it was cleared."""

    def __len__(self) -> int: ...

    def __iter__(self) -> Iterator[Exchange]: ...


class Schedule(Protocol):
    """Work that is due at a time of the world's clock, by kind and id.

    Work is done at least once: it is forgotten only when its handler has ended, so what was under way when a snapshot
    was taken, or when a process died, is due again. While it is done, a moving clock waits for it.
    """

    def handle(self, kind: str, handler: Handler, quiet: bool = False, exclusive: bool = False) -> None:
        """Sets who does the work of a kind, in place of who did before; work without a handler lapses when due.

        For quiet work no clock hurries, and none shows it: see Clock.call_at. Work that several processes must not do
        at a time is exclusive; other work finds out by `finish` whether it is done.
        """

    def release(self, kind: str, handler: Handler) -> None:
        """Ends what `handle` began, unless another handler has taken over."""

    def add(self, kind: str, id: str, due: float) -> None:
        """Schedules work, soon when `due` has passed; replaces what was scheduled by this kind and id."""

    def cancel(self, kind: str, id: str) -> bool:
        """Takes work back that has not begun; False when there is none."""

    def finish(self, kind: str, id: str) -> bool:
        """Forgets work that is under way, in the unit of work that does it; False when it was done before."""

    def items(self, kind: str) -> list[tuple[str, float]]:
        """Returns id and due time of the work of a kind, that under way included."""

    def count(self, kind: str) -> int:
        """Returns how much work of a kind there is, that under way included."""

    def clear(self, kind: str | None = None) -> None:
        """Takes all work back, of a kind or of all kinds, and breaks off what is under way."""

    async def close(self) -> None:
        """Clears everything, and waits until what was under way has ended."""


class Backend(Protocol):
    """The state of one world. `immediate`: every verb answers at once and is committed, so a request needs no task of
    its own, and no transaction."""

    immediate: bool
    journal: ExchangeJournal

    @property
    def clock(self) -> Clock: ...

    @property
    def records(self) -> RecordStore: ...

    @property
    def counters(self) -> Counters: ...

    @property
    def windows(self) -> Windows: ...

    @property
    def usage(self) -> UsageSums: ...

    @property
    def schedule(self) -> Schedule: ...

    async def transact(self, work: Work[T]) -> T:
        """Runs a unit of work, which reads and changes state through the parts, and commits all of it or none.

        It may be run again, so it must have no other effects but through `on_commit`; the result is that of the run
        that was committed.
        """

    def begin(self, work: Work[T], then: Callable[[T | None, Exception | None], None]) -> bool:
        """Does what `transact` does without a task: `then` is called with the result, or with an error, in a turn of
        its own. Returns False when that is not possible now."""

    async def insist(self, work: Work[T]) -> T:
        """Does what `transact` does, for work that must not be done in vain: it waits until it can be committed."""

    def on_commit(self, effect: Callable[[], None]) -> None:
        """Has something done that can't be undone, such as a line in the log, when the unit of work at hand is
        committed; at once outside of one."""

    async def flush(self) -> None:
        """Waits until what was changed outside of units of work is committed too. Raises StoreUnavailable."""

    async def catch_up(self) -> None:
        """Brings what is read outside of units of work up to what all processes have done. Raises StoreUnavailable."""

    def alone(self) -> AbstractAsyncContextManager[None]:
        """Lets no other process that asks for the same do something meanwhile, such as move the clock. Raises
        StoreUnavailable, at whatever is awaited inside when another process has begun the same nevertheless."""

    async def everywhere(self) -> None:
        """Waits until all processes have done what follows from what this one has changed. Raises StoreUnavailable."""

    async def close(self) -> None:
        """Stops what is done in the world, for good, and lets go of it."""

    def fork(self) -> Backend:
        """Returns a backend that goes on from here alone, for a dry run: nothing that happens in it is seen here, its
        clock stands still, and nothing that is due in it is done. Its journal is empty."""

    def clear(self) -> None:
        """Forgets everything; work under way is broken off. Handlers stay."""

    def dump(self) -> dict[str, Any]:
        """Returns everything but the journal, as JSON-able data that `load` takes. Raises ConfigError for a value
        that JSON can't express."""

    def load(self, data: Mapping[str, Any]) -> None:
        """Restores what was dumped; the journal stays. Raises ConfigError for other data; then nothing has changed."""
