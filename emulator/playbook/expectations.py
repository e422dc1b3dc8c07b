"""Expectations: what must have been asked of a world in the end, compiled; and the rules of scenarios that must have
answered. How it turned out is judged in `verdict`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import inf
from typing import Any, Literal, Protocol

from msgspec import Struct

from emulator.errors import Location
from emulator.http.exchange import Exchange
from emulator.playbook.matching import Difference

Kind = Literal["times", "in_order", "spent", "rules"]
WORDS = {"gte": "at least", "gt": "more than", "lte": "at most", "lt": "less than"}


class Condition(Protocol):
    """What a `when` over exchanges stands for."""

    def fits(self, exchange: Exchange) -> bool: ...

    def differences(self, exchange: Exchange) -> Sequence[Difference]: ...


class AmountRange(Struct, frozen=True):
    """Between which values an amount must be that only grows. `exact` is true where it was given as one number."""

    limits: Mapping[str, float]
    exact: bool = False

    @classmethod
    def read(cls, given: Any, whole: bool) -> AmountRange:
        """Reads a number, `never`, or `{gte: 1, lte: 3}`. Raises ValueError, also when no amount is within."""
        numbers = given if isinstance(given, dict) else dict.fromkeys(("gte", "lte"), 0 if given == "never" else given)
        what = "a whole number from 0" if whole else "a number from 0"
        if not numbers or not set(numbers) <= set(WORDS):
            raise ValueError(f"{given!r} is no bound; expected {what}, or some of: {', '.join(WORDS)}")
        for number in numbers.values():
            wrong = isinstance(number, bool) or not isinstance(number, int if whole else (int, float))
            if wrong or not 0 <= number < inf:
                raise ValueError(f"{number!r} is not {what}")
        bounds = cls(numbers, not isinstance(given, dict))
        if bounds._empty(whole):
            raise ValueError(f"nothing is {bounds}")
        return bounds

    @property
    def most(self) -> float:
        """The largest whole number within, or infinity."""
        return min(self.limits.get("lte", inf), self.limits.get("lt", inf) - 1)

    def holds(self, amount: float) -> bool:
        """Whether an amount is within."""
        return not self.exceeded(amount) and not self.missing(amount)

    def exceeded(self, amount: float) -> bool:
        """Whether an amount is too large, and so will stay."""
        return amount > self.limits.get("lte", inf) or amount >= self.limits.get("lt", inf)

    def missing(self, amount: float) -> bool:
        """Whether an amount is still too small."""
        return amount < self.limits.get("gte", 0) or amount <= self.limits.get("gt", -1)

    def _empty(self, whole: bool) -> bool:
        step = 1 if whole else 0
        low = max(self.limits.get("gte", 0), self.limits.get("gt", -step) + step)
        high = min(self.limits.get("lte", inf), self.limits.get("lt", inf) - step)
        return low > high or (low == high and low in (self.limits.get("gt"), self.limits.get("lt")))

    @property
    def as_times(self) -> str:
        """How often something is to come: `never`, `exactly once`, `at least 3 times`."""
        if not self.most:
            return "never"
        *_, last = self.limits.values()
        return f"{self} times" if last != 1 else f"{self} time".replace(" 1 time", " once")

    def __str__(self) -> str:
        if self.exact:
            return f"exactly {amount_text(self.limits['gte'])}"
        return " and ".join(f"{WORDS[name]} {amount_text(number)}" for name, number in self.limits.items())


def amount_text(amount: float) -> str:
    """Formats an amount without an exponent and without trailing zeros."""
    return f"{amount:,.9f}".rstrip("0").rstrip(".")


class Selection(Struct, frozen=True):
    """Which exchanges are meant; `operations` is None for those of all operations, and of none."""

    text: str
    operations: frozenset[tuple[str, str]] | None = None
    condition: Condition | None = None

    def concerns(self, exchange: Exchange) -> bool:
        """Whether an exchange is of one of the operations."""
        return self.operations is None or (exchange.api, exchange.operation) in self.operations

    def fits(self, exchange: Exchange) -> bool:
        """Whether an exchange is meant."""
        return self.concerns(exchange) and (self.condition is None or self.condition.fits(exchange))


class ListedFault(Struct, frozen=True):
    """A fault of a rule; `id` is what an exchange counts it by."""

    name: str
    id: str


class ListedRule(Struct, frozen=True):
    """A rule of a scenario; or one of its `answers`, where `canned`.

    `replies` are the ids of its replies in order, none if it only adds faults; `operations` are those that it is for,
    each after its API.
    """

    place: Location
    name: str
    operations: frozenset[tuple[str, str]]
    replies: tuple[str, ...] = ()
    faults: tuple[ListedFault, ...] = ()
    canned: bool = False

    @property
    def ids(self) -> tuple[str, ...]:
        """The ids by which it answers; of a rule that only adds faults, those of its faults."""
        return self.replies or tuple(each.id for each in self.faults)


class Expectation(Struct, frozen=True):
    """One entry of `expect`: `asked` has several members only if they are to come in order; `spent` are bounds by unit.

    `key` is what it says, by which it is known again after a reload.
    """

    place: Location
    kind: Kind
    key: str
    asked: tuple[Selection, ...] = ()
    times: AmountRange | None = None
    spent: Mapping[str, AmountRange] = {}
    rules: tuple[ListedRule, ...] = ()

    def __str__(self) -> str:
        """What is expected, in words."""
        if self.kind == "in_order":
            return ", then ".join(each.text for each in self.asked)
        if self.kind == "rules":
            return f"an answer by {', '.join(repr(each.name) for each in self.rules)}"
        (asked,) = self.asked
        if self.kind == "spent":
            amounts = ", ".join(f"{bounds} {unit}" for unit, bounds in self.spent.items())
            return f"{asked.text} to spend {amounts} in all"
        assert self.times is not None
        return f"{asked.text} {self.times.as_times}"
