"""What a unit of work reads and changes of the copy of a world, so that it can be committed, or undone and run again.

Each part of a world holds values by name, which together are a field. The first time that a unit touches one, its value
is remembered: what differs from it in the end was changed. A verb outside of a unit of work is a unit by itself.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from typing import Any, Concatenate, ParamSpec, Protocol, TypeAlias, TypeVar

Name: TypeAlias = tuple[str, ...]
T = TypeVar("T")
P = ParamSpec("P")


class ReplicaPart(Protocol):
    """Values by name, of one kind. `letter` is the first part of their fields' names in Redis.

    A name that stands for several values, such as a collection's, has no value of its own.
    """

    letter: str

    def held(self, name: Name) -> Any:
        """Returns a value as it is now, which later changes leave alone; None when there is none."""

    def place(self, name: Name, value: Any) -> None:
        """Puts a value in the place of what is held, None to hold nothing, and notices nothing."""

    def tidy(self) -> None:
        """Puts what was placed in order."""

    def encode(self, name: Name, value: Any) -> bytes:
        """Returns a value as Redis keeps it."""

    def decode(self, name: Name, data: bytes) -> Any:
        """Returns the value that was encoded."""

    def everything(self) -> Iterable[Name]:
        """Returns the names of all values."""


Field: TypeAlias = tuple[ReplicaPart, Name]


class Waiter(Protocol):
    """Who waits for a unit's commit, as a future."""

    def done(self) -> bool: ...

    def set_result(self, result: Any, /) -> None: ...

    def set_exception(self, error: Exception, /) -> None: ...


class Continuing:
    """A Waiter that goes on by a call with the result or an error, without a task."""

    def __init__(self, then: Callable[[Any, Exception | None], None]) -> None:
        self._then = then

    def done(self) -> bool:
        return False

    def set_result(self, result: Any) -> None:
        asyncio.get_running_loop().call_soon(self._then, result, None)

    def set_exception(self, error: Exception) -> None:
        asyncio.get_running_loop().call_soon(self._then, None, error)


class Unit:
    """One unit of work as it was run last: what it gave, and what it touched.

    `before` are the fields that it touched with their values before, `after` those that it changed. `marked` are names
    without a value that stand for others; `all`: it depends on everything there is. `effects` follow its commit, unless
    they have `followed` already, and `entries` go into the journal. `waiter` waits for the commit, None for a verb that
    was a unit by itself. `orders` are the places in the schedule that it took, and `numbers` those of lots, which it
    keeps when it is run again.
    """

    def __init__(self, work: Callable[[], Any], waiter: Waiter | None = None) -> None:
        self.work = work
        self.waiter = waiter
        self.followed = False
        self.orders: dict[Name, int] = {}
        self.numbers: dict[str, int] = {}
        self.result: Any = None
        self.error: Exception | None = None
        self.forget()

    def forget(self) -> None:
        """Begins anew."""
        self.before: dict[Field, Any] = {}
        self.all = False
        self.after: dict[Field, bytes | None] = {}
        self.marked: set[Field] = set()
        self.effects: list[Callable[[], None]] = []
        self.entries: list[tuple[str, bytes]] = []

    def follow(self) -> None:
        """Does what follows its commit, once."""
        if not self.followed:
            self.followed = True
            for effect in self.effects:
                effect()

    def answer(self, error: Exception | None = None) -> None:
        """Lets who waits for it go on, with its result or an error."""
        if self.waiter is None or self.waiter.done():
            return
        if (error := error or self.error) is not None:
            self.waiter.set_exception(error)
        else:
            self.waiter.set_result(self.result)


class Tracker:
    """The unit of work that is being run on a copy, if one is. `queue` takes on each verb that was a unit by itself."""

    queue: Callable[[Unit], None]

    def __init__(self) -> None:
        self.unit: Unit | None = None

    def touch(self, part: ReplicaPart, name: Name) -> None:
        """Notes that a value is about to be read, and perhaps changed."""
        unit = self.unit
        if unit is not None and (field := (part, name)) not in unit.before:
            unit.before[field] = part.held(name)

    def touch_whole(self, field: Field) -> None:
        """Notes that a name is about to be read that stands for several values, and has none of its own."""
        if self.unit is not None:
            self.unit.before.setdefault(field)

    def touch_all(self) -> None:
        """Notes that everything is about to be changed."""
        if self.unit is not None:
            self.unit.all = True

    def mark(self, part: ReplicaPart, name: Name) -> None:
        """Notes that a value has changed which this name stands for with others."""
        if self.unit is not None:
            self.unit.marked.add((part, name))

    def run(self, unit: Unit) -> None:
        """Runs a unit of work. One that fails changes nothing; what it has read still decides whether it is right."""
        unit.forget()
        self.unit = unit
        try:
            unit.result, unit.error = unit.work(), None
            unit.after = dict(_changed(unit))
        except Exception as error:
            unit.error = error
        finally:
            self.unit = None
        if unit.error is not None:
            undo([unit])
            unit.after, unit.marked, unit.effects, unit.entries = {}, set(), [], []

    def alone_later(self, call: Callable[[], None]) -> None:
        """Makes a call that is a unit by itself; what is to follow its commit follows then, however long that takes."""
        unit = Unit(call)
        self.run(unit)
        if unit.error is not None:
            raise unit.error
        self.queue(unit)

    def alone(self, call: Callable[[], T]) -> T:
        """Makes a call that is a unit by itself; what is to follow its commit follows at once."""
        unit = Unit(call)
        self.run(unit)
        if unit.error is not None:
            raise unit.error
        unit.follow()
        if unit.after or unit.entries:
            self.queue(unit)
        result: T = unit.result
        return result


class Tracked(Protocol):
    """A part with verbs."""

    _tracker: Tracker


Self = TypeVar("Self", bound=Tracked)


def verb(method: Callable[Concatenate[Self, P], T]) -> Callable[Concatenate[Self, P], T]:
    """Makes a method that changes state a unit of work by itself, when it is called outside of one."""

    def called(self: Self, /, *args: P.args, **kwargs: P.kwargs) -> T:
        tracker = self._tracker
        if tracker.unit is not None:
            return method(self, *args, **kwargs)
        return tracker.alone(lambda: method(self, *args, **kwargs))

    called.__doc__ = method.__doc__
    return called


def undo(units: Iterable[Unit]) -> None:
    """Undoes units of work, the last of which comes first."""
    parts = set()
    for unit in units:
        for (part, name), value in unit.before.items():
            if part.held(name) != value:
                part.place(name, value)
                parts.add(part)
    for part in parts:
        part.tidy()


def _changed(unit: Unit) -> Iterable[tuple[Field, bytes | None]]:
    """Yields the fields that are not as they were, encoded."""
    for field, before in unit.before.items():
        part, name = field
        now = part.held(name)
        if now != before:
            yield field, None if now is None else part.encode(name, now)
