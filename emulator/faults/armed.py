"""Armed faults: those that wait in a world for the requests, jobs, webhooks or tokens they are meant for.

A fault is used up once it can never play again: its `times` or `nth` is reached, or its time is over. From then on no
request asks it and it takes no place; the last of them are kept, in a collection of their own, to be listed.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from fnmatch import translate
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
MAX_USED_UP = 1_000  # that are kept to be listed
COLLECTION = "faults"
USED_UP = "faults/used_up"
ENDING = frozenset(("times", "nth"))  # the counters after which no later match counts


class ArmedRecord(Struct, frozen=True):
    """An armed fault as the backend keeps it: what was asked for, and when."""

    order: dict[str, Any]
    armed_at: Annotated[float, Meta(ge=0, le=LATEST)]


class ArmedFault(Struct, frozen=True):
    """A fault, where and when it plays. `seen` counts what it was asked about and let through, `played` its playings.

    `after` and `lasts` are in seconds from `armed_at`; `limits` are `times`, `nth` and `every`, as in rules; `on`
    matches the operations, as in rules too: `messages.create`, `messages.*`, `api/messages.*`.
    """

    id: str
    fault: Fault
    order: Mapping[str, Any]
    armed_at: float
    counters: Counters
    on: re.Pattern[str] | None = None
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
        if (self.key is not None and self.key != key) or now - self.armed_at < self.after:
            return False
        if self.on is not None and not self.on.match(operation) and not self.on.match(f"{api}/{operation}"):
            return False
        if self.probability < 1.0 and chance.random() >= self.probability:
            return False
        seen = self.counters.increment(f"{COLLECTION}/{self.id}/seen")
        if not all(COUNTER_TESTS[name](seen, limit) for name, limit in self.limits):
            return False
        self.counters.increment(f"{COLLECTION}/{self.id}/played")
        return True

    def over(self, now: float) -> bool:
        """Whether its time is over."""
        return self.lasts is not None and now - self.armed_at >= self.after + self.lasts

    def used_up(self, now: float) -> bool:
        """Whether it can't play any more."""
        return self.over(now) or any(name in ENDING and self.seen >= limit for name, limit in self.limits)


class Armed:
    """The armed faults of one world, in the order in which they were armed: a view of the backend.

    `waiting` has as many items as there may be armed faults that are not used up, and so is false where there is none.
    """

    def __init__(self, store: Backend) -> None:
        self._records = store.records
        self._counters = store.counters
        self._clock = store.clock
        self.waiting = store.records.sized(COLLECTION)
        self._compiled: dict[str, tuple[ArmedRecord, ArmedFault]] = {}

    @property
    def count(self) -> int:
        """How many faults are armed, without those that are used up."""
        now = self._clock.now()
        for armed in self._of(COLLECTION):
            if armed.over(now):
                self._put_aside(armed)
        return self._records.count(COLLECTION)

    @property
    def full(self) -> bool:
        """Whether no other fault can be armed."""
        return self._records.count(COLLECTION) >= MAX_ARMED and self.count >= MAX_ARMED

    def waits(self, family: Family) -> bool:
        """Whether a fault of this family is armed."""
        return any(armed.fault.family == family for armed in self._of(COLLECTION))

    def arm(self, order: Mapping[str, Any]) -> ArmedFault:
        """Arms a fault from here on; see KEYS for what an order may say.

        Raises ConfigError, and arms nothing, when anything in the order is wrong.
        """
        record = ArmedRecord(dict(order), self._clock.now())
        _read(record, "", self._counters)
        if self.full:
            raise ConfigError(f"{MAX_ARMED:,} faults are armed already; disarm some first")
        id = f"fault_{self._counters.increment(COLLECTION)}"
        self._records.put(COLLECTION, id, record)
        return self._compile(id, record)

    def use_up(self, armed: ArmedFault) -> ArmedFault:
        """Counts a fault as played that needed no request, and will not play again."""
        for counter in ("seen", "played"):
            self._counters.increment(f"{COLLECTION}/{armed.id}/{counter}")
        self._put_aside(armed)
        return armed

    def list(self) -> tuple[ArmedFault, ...]:
        """All of them, those that are used up included, the oldest first. Raises ConfigError when one that was loaded
        is none."""
        return tuple(sorted((*self._of(USED_UP), *self._of(COLLECTION)), key=_age))

    def disarm(self, id: str) -> ArmedFault:
        """Takes one back. Raises ConfigError when there is none of this id."""
        known = {armed.id: armed for armed in self.list()}
        if id not in known:
            raise ConfigError(f"no armed fault {id!r}; {did_you_mean(id, known)}")
        self._forget(id)
        return known[id]

    def clear(self) -> None:
        """Takes all of them back."""
        for armed in self.list():
            self._forget(armed.id)

    def pick(
        self,
        operation: str,
        api: str,
        caller_key: str | None,
        now: float,
        chance: Random,
        families: Collection[Family] = OF_REQUESTS,
        draw: float = 1.0,
        losing: bool = False,
    ) -> tuple[Fault, ...]:
        """The faults that play on this occasion, which counts as one for each of them that it concerns. Where one of
        them refuses the request there is no stream, so those on streams are not asked; an answer has one fault. Those
        that lose the request (by `draw`, where it is left to chance) are asked when `losing`, before anything is done
        for it, the others afterwards."""
        playing: list[Fault] = []
        for armed in sorted(self._of(COLLECTION), key=_refuses_first):
            family = armed.fault.family
            if family not in families or armed.fault.loses(draw) is not losing:
                continue
            if family == "stream" and _refused(playing):
                continue
            if family == "content" and playing:
                break
            if not armed.over(now) and armed.plays(operation, api, caller_key, now, chance):
                playing.append(armed.fault)
            if armed.used_up(now):
                self._put_aside(armed)
        return tuple(playing)

    def _of(self, collection: str) -> Iterable[ArmedFault]:
        return (self._compile(id, record) for id, record in self._records.items(collection))

    def _put_aside(self, armed: ArmedFault) -> None:
        """Keeps a fault that is used up among the last of those."""
        self._records.put(USED_UP, armed.id, self._records.get(COLLECTION, armed.id))
        self._records.delete(COLLECTION, armed.id)
        if self._records.count(USED_UP) > MAX_USED_UP:
            self._forget(self._records.items(USED_UP)[0][0])

    def _compile(self, id: str, record: ArmedRecord) -> ArmedFault:
        """The fault of a record, which is read once: for as long as the record is the same object."""
        known = self._compiled.get(id)
        if known is not None and known[0] is record:
            return known[1]
        if len(self._compiled) > MAX_ARMED + 2 * MAX_USED_UP:
            self._compiled.clear()
        armed = _read(record, id, self._counters)
        self._compiled[id] = (record, armed)
        return armed

    def _forget(self, id: str) -> None:
        for collection in (COLLECTION, USED_UP):
            self._records.delete(collection, id)
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


def _patterns(on: Any) -> re.Pattern[str] | None:
    given: Sequence[Any] = [on] if isinstance(on, str) else on
    if not isinstance(given, Sequence):
        raise ValueError(f"on: expected the name of an operation, or a list of those; found {on!r}")
    patterns = [translate(_text("on", each)) for each in given]
    return re.compile("|".join(patterns)) if patterns else None


def _age(armed: ArmedFault) -> tuple[int, str]:
    return len(armed.id), armed.id  # ids are numbered


def _refuses_first(armed: ArmedFault) -> bool:
    """Returns what sorts those that refuse a request before the others."""
    return not armed.fault.refuses


def _refused(playing: Iterable[Fault]) -> bool:
    return any(fault.refuses for fault in playing)
