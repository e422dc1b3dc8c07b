"""Expectations judged: each is counted as exchanges come and end, so what the journal has dropped is not missing.

`begin` is called for each exchange when it is answered, `end` when its response has ended; both once, in this order.
What an exchange is asked for is what the journal shows of it, secrets masked.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from heapq import nlargest
from itertools import islice

import msgspec
from msgspec import Struct, field
from msgspec.structs import replace

from emulator.compile.questions import shortened, summary_of
from emulator.http.exchange import Exchange
from emulator.playbook.expectations import Expectation, ListedRule, Selection, amount_text

NO_REQUEST = "no request came to its operations"
MAX_INSTEAD = 3  # lines that say what came instead
MAX_NUMBERS = 20  # exchanges that a line names
Spend = Callable[[Exchange], Mapping[str, float]]
NearMissOf = Callable[[ListedRule], str]


class Judged(Struct, frozen=True):
    """How an expectation turned out: `expected` and `found` are in words, `instead` says what came instead.

    `known` is false where older exchanges decide that nobody counted; then it is not `ok`. `id` is that of one that a
    world was given; those of scenarios have a place.
    """

    id: str
    file: str
    line: int
    kind: str
    expected: str
    ok: bool
    known: bool
    found: str
    instead: tuple[str, ...] = ()

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.id
        found = self.found if self.known else f"not known: {self.found}"
        return f"{place}: expected {self.expected}; {found}" + "".join(f"\n  {line}" for line in self.instead)


class Expectations(Struct, frozen=True):
    """How all expectations of a world turned out."""

    ok: bool
    expectations: tuple[Judged, ...]

    @property
    def failed(self) -> list[Judged]:
        """Those that were not met."""
        return [each for each in self.expectations if not each.ok]

    def text(self) -> str:
        """A headline, and what there is to say of each that was not met."""
        count, failed = len(self.expectations), self.failed
        summary = f"{len(failed)} of {count} not met" if failed else f"{count} met"
        return "\n".join(
            [f"Expectations: {summary}.", *(f"  {line}" for each in failed for line in str(each).split("\n"))]
        )

    def as_json(self) -> dict[str, object]:
        """The same as plain data."""
        return {**msgspec.to_builtins(self), "text": self.text()}


class ExpectationCount(Struct):
    """An expectation, and what was counted for it; `missed` are exchanges that came before, which nobody counted."""

    expectation: Expectation
    id: str = ""
    missed: int = 0
    times: int = 0
    numbers: list[int] = field(default_factory=list)  # the first exchanges that were counted
    reached: int = 0  # of the requests in order
    spent: dict[str, float] = field(default_factory=dict)  # the sums by unit, without what GETs cost
    looked: dict[str, Mapping[str, float]] = field(default_factory=dict)  # what the last GET of each path cost
    largest: list[tuple[str, float]] = field(default_factory=list)  # of the first unit, by exchanges that are no GETs
    used: Counter[str] = field(default_factory=Counter)
    outdated: str = ""  # why it can't be compiled for the playbook that is played now

    def begin(self, exchange: Exchange) -> None:
        """Looks at an exchange that is answered."""
        asked = self.expectation.asked
        if self.expectation.kind == "in_order" and self.reached < len(asked) and asked[self.reached].fits(exchange):
            self.reached += 1
            self.numbers.append(exchange.number)

    def end(self, exchange: Exchange, spend: Spend) -> None:
        """Looks at an exchange that has ended."""
        kind = self.expectation.kind
        if kind == "rules":
            self.used[exchange.rule] += 1
            self.used.update(exchange.used)
        elif kind != "in_order" and self.expectation.asked[0].fits(exchange):
            self.times += 1
            if len(self.numbers) <= MAX_NUMBERS:
                self.numbers.append(exchange.number)
            if kind == "spent" and (amounts := spend(exchange)):
                self._spend(exchange, amounts)

    def with_open(self, exchanges: Iterable[Exchange], spend: Spend) -> ExpectationCount:
        """A copy that counts exchanges that have not ended as well."""
        used, looked = Counter(self.used), {**self.looked}
        copy = replace(self, numbers=[*self.numbers], looked=looked, used=used)
        for exchange in exchanges:
            copy.end(exchange, spend)
        return copy

    def _spend(self, exchange: Exchange, amounts: Mapping[str, float]) -> None:
        """Adds what an exchange cost. What is only looked at costs once, however often it is looked at."""
        if exchange.method == "GET":
            self.looked[exchange.path] = amounts
            return
        units = self.expectation.spent
        self.spent = {unit: self.spent.get(unit, 0.0) + amounts.get(unit, 0.0) for unit in units}
        self.largest = _largest([*self.largest, (f"#{exchange.number}", amounts.get(next(iter(units)), 0.0))])

    def judged(self, journal: Collection[Exchange], near_miss: NearMissOf) -> Judged:
        """How it stands; `journal` are the exchanges that are still known, which say what came instead."""
        expectation = self.expectation
        ok, certain, found, instead = JUDGES[expectation.kind](self, journal, near_miss)
        known = certain or not self.missed
        if self.outdated:
            found = f"{found}; it is counted as before the scenarios changed: {self.outdated}"
        if not known:
            found = f"{found}, and {self.missed:,} older exchanges were not counted"
        place = expectation.place
        return Judged(
            self.id,
            place.file if place.line else "",
            place.line,
            expectation.kind,
            str(expectation),
            ok and known,
            known,
            found,
            () if ok and known else tuple(islice(instead, MAX_INSTEAD)),
        )

    def _of_times(self, journal: Collection[Exchange], near_miss: NearMissOf) -> tuple[bool, bool, str, Iterable[str]]:
        bounds, (asked,) = self.expectation.times, self.expectation.asked
        assert bounds is not None
        count, most = self.times, bounds.most
        ok = bounds.holds(count)
        found = f"found {count}"
        if bounds.exceeded(count):
            return ok, True, f"{found} ({_numbers(self.numbers, count)})", ()
        return ok, ok and most == float("inf"), found, () if ok else _instead(asked, journal)

    def _in_order(self, journal: Collection[Exchange], near_miss: NearMissOf) -> tuple[bool, bool, str, Iterable[str]]:
        asked, at = self.expectation.asked, self.reached
        if at == len(asked):
            return True, True, f"found {_numbers(self.numbers, at)}", ()
        came = f"after {asked[at - 1].text} (#{self.numbers[-1]}) there was" if at else "there was"
        kept = list(journal)
        last = next((place for place, each in enumerate(kept) if at and each.number == self.numbers[-1]), -1)
        later = kept[last + 1 :]
        return False, False, f"{came} no {asked[at].text}", _instead(asked[at], later)

    def _of_spent(self, journal: Collection[Exchange], near_miss: NearMissOf) -> tuple[bool, bool, str, Iterable[str]]:
        bounds = self.expectation.spent
        looked = self.looked.values()
        sums = {unit: self.spent.get(unit, 0.0) + sum(each.get(unit, 0.0) for each in looked) for unit in bounds}
        sums = {unit: round(amount, 9) for unit, amount in sums.items()}
        found = ", ".join(f"{amount_text(amount)} {unit}" for unit, amount in sums.items())
        exceeded = any(bounds[unit].exceeded(amount) for unit, amount in sums.items())
        ok = all(bounds[unit].holds(amount) for unit, amount in sums.items())
        return (
            ok,
            exceeded,
            f"found {found} in {self.times:,} request{'s' * (self.times != 1)}",
            self._most_by(next(iter(bounds))),
        )

    def _most_by(self, unit: str) -> Iterator[str]:
        """Which exchanges spent most of a unit."""
        looked = [(path, amounts.get(unit, 0.0)) for path, amounts in self.looked.items()]
        most = [(name, amount) for name, amount in _largest([*looked, *self.largest]) if amount]
        if most:
            yield f"most {unit} by {', '.join(f'{name} {amount_text(amount)}' for name, amount in most)}"

    def _of_rules(self, journal: Collection[Exchange], near_miss: NearMissOf) -> tuple[bool, bool, str, Iterable[str]]:
        idle = [each for each in self.expectation.rules if not any(self.used[id] for id in each.ids)]
        if not idle:
            return True, True, "each has answered", ()
        names = ", ".join(f"{each.name!r} ({each.place.file}:{each.place.line})" for each in idle)
        return (
            False,
            False,
            f"no answer by {names}",
            (f"{each.name!r}: {near_miss(each) or NO_REQUEST}" for each in idle),
        )


JUDGES: Mapping[
    str, Callable[[ExpectationCount, Collection[Exchange], NearMissOf], tuple[bool, bool, str, Iterable[str]]]
] = {
    "times": ExpectationCount._of_times,
    "in_order": ExpectationCount._in_order,
    "spent": ExpectationCount._of_spent,
    "rules": ExpectationCount._of_rules,
}


def judge_expectations(
    counts: Iterable[ExpectationCount], journal: Collection[Exchange], near_miss: NearMissOf
) -> Expectations:
    """How expectations stand. `near_miss` says what the nearest request was to a rule that has not answered."""
    judged = tuple(each.judged(journal, near_miss) for each in counts)
    return Expectations(all(each.ok for each in judged), judged)


def _largest(amounts: Iterable[tuple[str, float]]) -> list[tuple[str, float]]:
    return nlargest(MAX_INSTEAD, amounts, key=lambda each: each[1])


def _numbers(numbers: list[int], count: int) -> str:
    shown = ", ".join(f"#{number}" for number in numbers[:MAX_NUMBERS])
    return f"{shown}, …" if count > min(len(numbers), MAX_NUMBERS) else shown


def _instead(asked: Selection, journal: Collection[Exchange]) -> Iterator[str]:
    """What came instead: the requests to the same operations that are most like what was expected, or all others."""
    others = [each for each in journal if asked.concerns(each) and not asked.fits(each)]
    condition = asked.condition
    if others and condition is not None:
        near = [(condition.differences(each), each) for each in others]
        near.sort(key=lambda other: (len(other[0]), -other[1].number))
        for differences, each in near[:MAX_INSTEAD]:
            yield f"not {summary_of(each)}: {'; '.join(map(shortened, differences))}"
        return
    came = Counter(each.operation or f"{each.method} {each.path}" for each in journal if not asked.fits(each))
    if came:
        yield "what came: " + ", ".join(f"{name} {count} x" for name, count in came.most_common(10))
    else:
        yield "no other request came"
