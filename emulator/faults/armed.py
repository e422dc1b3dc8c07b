"""Armed faults: those that wait in a world for the requests, jobs, webhooks or tokens they are meant for."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from fnmatch import fnmatchcase
from random import Random
from typing import Annotated, Any

from msgspec import Meta, Struct

from emulator.dates import LATEST
from emulator.errors import ConfigError
from emulator.faults.base import OF_REQUESTS, Family, Fault, count, fraction, seconds
from emulator.faults.registry import FAULTS
from emulator.language.document.diagnostics import did_you_mean
from emulator.playbook.matching import COUNTER_TESTS
from emulator.store.backend import Backend, Counters

KEYS = ("fault", "params", "on", "key", *COUNTER_TESTS, "probability", "after", "for")
MAX_ARMED = 1_000  # faults armed at once
COLLECTION = "faults"


class ArmedRecord(Struct, frozen=True):
    """An armed fault as the backend keeps it: what was asked for, and when."""

    order: dict[str, Any]
    armed_at: Annotated[float, Meta(ge=0, le=LATEST)]


class ArmedFault(Struct, frozen=True):
    """A fault, where and when it plays. `seen` counts what it was asked about and let through, `played` its playings.

    `after` and `lasts` are in seconds from `armed_at`; `limits` are `times`, `nth` and `every`, as in rules.
    """

    id: str
    fault: Fault
    order: Mapping[str, Any]
    armed_at: float
    counters: Counters
    on: tuple[str, ...] = ()
    key: str | None = None
    limits: tuple[tuple[str, int], ...] = ()
    probability: float = 1.0
    after: float = 0.0
    lasts: float | None = None

    @property
    def seen(self) -> int:
        return self.counters.value(f"{COLLECTION}/{self.id}/seen")

    @property
    def played(self) -> int:
        return self.counters.value(f"{COLLECTION}/{self.id}/played")

    def plays(self, operation: str, api: str, key: str | None, now: float, chance: Random) -> bool:
        """Whether it plays now; asking counts."""
        age = now - self.armed_at
        if (self.key is not None and self.key != key) or not self._concerns(operation, api):
            return False
        if age < self.after or (self.lasts is not None and age >= self.after + self.lasts):
            return False
        if self.probability < 1.0 and chance.random() >= self.probability:
            return False
        seen = self.counters.increment(f"{COLLECTION}/{self.id}/seen")
        if not all(COUNTER_TESTS[name](seen, limit) for name, limit in self.limits):
            return False
        self.counters.increment(f"{COLLECTION}/{self.id}/played")
        return True

    def _concerns(self, operation: str, api: str) -> bool:
        """As `on` of a scenario's rule: `messages.create`, `messages.*`, `api/messages.*`."""
        whole = f"{api}/{operation}"
        return not self.on or any(fnmatchcase(operation, each) or fnmatchcase(whole, each) for each in self.on)


class Armed:
    """The armed faults of one world, in the order in which they were armed: a view of the backend."""

    def __init__(self, store: Backend) -> None:
        self._records = store.records
        self._counters = store.counters
        self._clock = store.clock
        self._compiled: dict[str, tuple[ArmedRecord, ArmedFault]] = {}

    @property
    def any(self) -> bool:
        """Whether there is an armed fault."""
        return self._records.count(COLLECTION) > 0

    def arm(self, order: Mapping[str, Any]) -> ArmedFault:
        """Arms a fault from here on; see KEYS for what an order may say.

        Raises ConfigError, and arms nothing, when anything in the order is wrong.
        """
        record = ArmedRecord(dict(order), self._clock.now())
        _read(record, "", self._counters)
        if self._records.count(COLLECTION) >= MAX_ARMED:
            raise ConfigError(f"{MAX_ARMED:,} faults are armed already; disarm some first")
        id = f"fault_{self._counters.increment(COLLECTION)}"
        self._records.put(COLLECTION, id, record)
        return self._compile(id, record)

    def list(self) -> tuple[ArmedFault, ...]:
        """All of them, the oldest first. Raises ConfigError when one that was loaded is none."""
        return tuple(self._compile(id, record) for id, record in self._records.items(COLLECTION))

    def disarm(self, id: str) -> ArmedFault:
        """Takes one back. Raises ConfigError when there is none of this id."""
        known = {armed.id: armed for armed in self.list()}
        if id not in known:
            raise ConfigError(f"no armed fault {id!r}; {did_you_mean(id, known)}")
        self._forget(id)
        return known[id]

    def clear(self) -> None:
        """Takes all of them back."""
        for id, _ in self._records.items(COLLECTION):
            self._forget(id)

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
        for armed in sorted(self.list(), key=lambda each: not each.fault.refuses):
            if armed.fault.family == "stream" and any(fault.refuses for fault in playing):
                continue
            if armed.fault.family in families and armed.plays(operation, api, caller_key, now, chance):
                playing.append(armed.fault)
        return tuple(playing)

    def _compile(self, id: str, record: ArmedRecord) -> ArmedFault:
        """The fault of a record, which is read once: for as long as the record is the same object."""
        known = self._compiled.get(id)
        if known is not None and known[0] is record:
            return known[1]
        if len(self._compiled) > 2 * MAX_ARMED:
            self._compiled.clear()
        armed = _read(record, id, self._counters)
        self._compiled[id] = (record, armed)
        return armed

    def _forget(self, id: str) -> None:
        self._records.delete(COLLECTION, id)
        self._compiled.pop(id, None)
        for counter in ("seen", "played"):
            self._counters.delete(f"{COLLECTION}/{id}/{counter}")


def _read(record: ArmedRecord, id: str, counters: Counters) -> ArmedFault:
    for name in record.order:
        if name not in KEYS:
            raise ConfigError(f"unknown key {name!r}; {did_you_mean(str(name), KEYS)}")
    given = {name: value for name, value in record.order.items() if value is not None}
    if not isinstance(given.get("fault"), str):
        raise ConfigError(f"`fault` is missing; expected one of: {', '.join(FAULTS)}")
    try:
        return ArmedFault(
            id,
            FAULTS.make(given["fault"], given.get("params")),
            given,
            record.armed_at,
            counters,
            on=_patterns(given.get("on", ())),
            key=_text("key", given["key"]) if "key" in given else None,
            limits=tuple(
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
