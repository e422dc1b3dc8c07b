"""Armed faults: those that wait in a world for the requests, jobs, webhooks or tokens they are meant for."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from fnmatch import fnmatchcase
from random import Random
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

from emulator.clock import Clock
from emulator.dates import LATEST
from emulator.errors import ConfigError
from emulator.faults.base import OF_REQUESTS, Family, Fault, count, fraction, seconds
from emulator.faults.registry import FAULTS
from emulator.language.document.diagnostics import did_you_mean
from emulator.playbook.matching import COUNTER_TESTS

KEYS = ("fault", "params", "on", "key", *COUNTER_TESTS, "probability", "after", "for")
MOST = 1_000  # faults armed at once
Whole = Annotated[int, Meta(ge=0, le=2**53)]


class ArmedDump(Struct, frozen=True):
    """What `dump` gives: the number of the last order, and id, order, `armed_at`, `seen` and `played` of each fault."""

    number: Whole
    armed: list[tuple[str, dict[str, Any], Annotated[float, Meta(ge=0, le=LATEST)], Whole, Whole]]


class ArmedFault(Struct):
    """A fault, where and when it plays. `seen` counts what it was asked about and let through, `played` its playings.

    `after` and `lasts` are in seconds from `armed_at`; `counters` are `times`, `nth` and `every`, as in rules.
    """

    id: str
    fault: Fault
    order: Mapping[str, Any]
    armed_at: float
    on: tuple[str, ...] = ()
    key: str | None = None
    counters: tuple[tuple[str, int], ...] = ()
    probability: float = 1.0
    after: float = 0.0
    lasts: float | None = None
    seen: int = 0
    played: int = 0

    def plays(self, operation: str, api: str, key: str | None, now: float, chance: Random) -> bool:
        """Whether it plays now; asking counts."""
        age = now - self.armed_at
        if (self.key is not None and self.key != key) or not self._concerns(operation, api):
            return False
        if age < self.after or (self.lasts is not None and age >= self.after + self.lasts):
            return False
        if self.probability < 1.0 and chance.random() >= self.probability:
            return False
        self.seen += 1
        if not all(COUNTER_TESTS[name](self.seen, wanted) for name, wanted in self.counters):
            return False
        self.played += 1
        return True

    def _concerns(self, operation: str, api: str) -> bool:
        """As `on` of a scenario's rule: `messages.create`, `messages.*`, `api/messages.*`."""
        whole = f"{api}/{operation}"
        return not self.on or any(fnmatchcase(operation, each) or fnmatchcase(whole, each) for each in self.on)


class Armed:
    """The armed faults of one world, in the order in which they were armed. `orders` is empty when there are none."""

    def __init__(self, clock: Clock) -> None:
        self.orders: dict[str, ArmedFault] = {}
        self._clock = clock
        self._number = 0

    def arm(self, order: Mapping[str, Any]) -> ArmedFault:
        """Arm a fault from here on; see KEYS for what an order may say.

        Raises ConfigError, and arms nothing, when anything in the order is wrong.
        """
        armed = _read(order, f"fault_{self._number + 1}", self._clock.now())
        if len(self.orders) >= MOST:
            raise ConfigError(f"{MOST:,} faults are armed already; disarm some first")
        self._number += 1
        self.orders[armed.id] = armed
        return armed

    def list(self) -> tuple[ArmedFault, ...]:
        """All of them, the oldest first."""
        return tuple(self.orders.values())

    def disarm(self, id: str) -> ArmedFault:
        """Take one back. Raises ConfigError when there is none of this id."""
        if id not in self.orders:
            raise ConfigError(f"no armed fault {id!r}; {did_you_mean(id, self.orders)}")
        return self.orders.pop(id)

    def clear(self) -> None:
        """Take all of them back."""
        self.orders.clear()

    def dump(self) -> dict[str, Any]:
        """All of them, as plain data that `load` takes."""
        armed = [[each.id, dict(each.order), each.armed_at, each.seen, each.played] for each in self.orders.values()]
        return {"number": self._number, "armed": armed}

    def load(self, data: Mapping[str, Any]) -> None:
        """Be as when `data` was dumped. Raises ConfigError for a wrong order, msgspec.ValidationError for other data.

        Then nothing has changed.
        """
        dumped = msgspec.convert(data, ArmedDump)
        orders: dict[str, ArmedFault] = {}
        for id, order, armed_at, seen, played in dumped.armed:
            orders[id] = armed = _read(order, id, armed_at)
            armed.seen, armed.played = seen, played
        self.orders, self._number = orders, dumped.number

    def pick(
        self,
        operation: str,
        api: str,
        caller_key: str | None,
        now: float,
        chance: Random,
        families: Collection[Family] = OF_REQUESTS,
    ) -> tuple[Fault, ...]:
        """The faults that play on this occasion, which counts as one for each of them that it concerns. Where one of
        them refuses the request there is no stream, so those on streams are not asked."""
        playing: list[Fault] = []
        for armed in sorted(self.orders.values(), key=lambda each: not each.fault.refuses):
            if armed.fault.family == "stream" and any(fault.refuses for fault in playing):
                continue
            if armed.fault.family in families and armed.plays(operation, api, caller_key, now, chance):
                playing.append(armed.fault)
        return tuple(playing)


def _read(order: Mapping[str, Any], id: str, now: float) -> ArmedFault:
    for name in order:
        if name not in KEYS:
            raise ConfigError(f"unknown key {name!r}; {did_you_mean(str(name), KEYS)}")
    given = {name: value for name, value in order.items() if value is not None}
    if not isinstance(given.get("fault"), str):
        raise ConfigError(f"`fault` is missing; expected one of: {', '.join(FAULTS)}")
    try:
        return ArmedFault(
            id,
            FAULTS.make(given["fault"], given.get("params")),
            given,
            now,
            on=_patterns(given.get("on", ())),
            key=_text("key", given["key"]) if "key" in given else None,
            counters=tuple(
                (name, _checked(name, count(1).parse, given[name])) for name in COUNTER_TESTS if name in given
            ),
            probability=_checked("probability", fraction, given.get("probability", 1.0)),
            after=_checked("after", seconds, given.get("after", "0s")),
            lasts=_checked("for", seconds, given["for"]) if "for" in given else None,
        )
    except ValueError as error:
        raise ConfigError(str(error)) from error


def _checked(name: str, read: Any, value: Any) -> Any:
    try:
        return read(value)
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from error


def _text(name: str, value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError(f"{name}: expected text; found {value!r}")
    return value


def _patterns(on: Any) -> tuple[str, ...]:
    given: Sequence[Any] = [on] if isinstance(on, str) else on
    if not isinstance(given, Sequence):
        raise ValueError(f"on: expected the name of an operation, or a list of those; found {on!r}")
    return tuple(_text("on", each) for each in given)
