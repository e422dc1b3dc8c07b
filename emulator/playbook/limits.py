"""Limits: how much of a counter is allowed in which time, read from `60/minute`, `10/30s sliding` or a bucket; and
budgets, which no time gives back."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, Protocol, runtime_checkable

from msgspec import Struct

from emulator.errors import ConfigError
from emulator.language.document.diagnostics import did_you_mean

PERIODS = {"second": 1.0, "minute": 60.0, "hour": 3_600.0, "day": 86_400.0, "month": 2_592_000.0}
UNITS = {"s": 1.0, "m": 60.0, "h": 3_600.0, "d": 86_400.0}
KINDS = ("first", "aligned", "sliding", "bucket")
RATE = rf"(?P<amount>\d{{1,15}})\s*/\s*(?:(?P<period>{'|'.join(PERIODS)})|(?P<number>\d{{1,4}})\s*(?P<unit>[smhd]))"
TEXT = re.compile(rf"\s*{RATE}(?:\s+(?P<kind>{'|'.join(KINDS)}))?\s*")
AT_ONCE = re.compile(r"\s*(\d{1,15})\s+at\s+once\s*")
REFILL = re.compile(rf"\s*{RATE}\s*")
MONTH_DAYS = 31  # at most
PARTS = 10**9  # of one credit, dollar or whatever a budget is of: it is counted in whole ones
MAX_COUNTED = 2**53  # of a counter, in its parts: more can't be saved


class Aligned(Struct, frozen=True):
    """Windows that begin with the clock's own, in UTC: on the whole minute, at midnight, or with the month."""

    seconds: float
    month: bool = False


class Sliding(Struct, frozen=True):
    """No window begins or ends: what was taken comes back when it is so many seconds old."""

    seconds: float


class Refill(Struct, frozen=True):
    """A bucket, which so much flows back into in so many seconds, steadily."""

    amount: int
    seconds: float


class AtOnce(Struct, frozen=True):
    """No time: so many responses may be under way at once, each from its request until it has ended; or so many jobs
    of a kind, each until it is done."""

    of: str = ""


class Spends(Struct, frozen=True):
    """No time: what is spent of a budget never comes back."""


Rolls = Sliding | Refill | AtOnce | Spends
Pace = Aligned | Rolls


class Limit(Struct, frozen=True):
    """A counter's name, and how much of it a window of so many seconds allows.

    Windows begin with the first charge unless `pace` says otherwise; for a bucket, `amount` is what it holds and
    `seconds` how long it takes to fill. Of a budget, `amount` counts the `parts` of one, and `owner` is the key whose
    own it is.
    """

    name: str
    amount: int
    seconds: float
    pace: Pace | None = None
    parts: int = 1
    owner: str = ""

    def cost(self, starts: Collection[str]) -> int:
        """What a request costs whose operation says nothing of the counter, and starts jobs of these kinds."""
        return int(isinstance(self.pace, AtOnce) and (not self.pace.of or self.pace.of in starts))

    def shown(self, amount: int) -> float:
        """An amount as people read it: a whole number, but of a budget."""
        return amount if self.parts == 1 else amount / self.parts

    @property
    def said(self) -> str:
        """`60 per minute`, `60 per 90 s` when the seconds are no unit of their own, `a bucket of 60`, `5 at once`."""
        if isinstance(self.pace, AtOnce):
            return f"{self.amount:,} at once"
        if isinstance(self.pace, Spends):
            return f"a budget of {written(self.shown(self.amount))}"
        if isinstance(self.pace, Refill):
            return f"a bucket of {self.amount:,}"
        seconds = PERIODS["month"] if isinstance(self.pace, Aligned) and self.pace.month else self.seconds
        period = next((unit for unit, each in PERIODS.items() if each == seconds), f"{seconds:g} s")
        return f"{self.amount:,} per {period}"


def written(amount: float) -> str:
    """Writes an amount for people: 1,000 or 0.000024."""
    return f"{amount:,}" if isinstance(amount, int) else f"{amount:,.9f}".rstrip("0").rstrip(".")


@runtime_checkable
class JobsLimit(Protocol):
    """How many jobs may be under way at once, as a file says it."""

    @property
    def at_once(self) -> int: ...

    @property
    def of(self) -> str: ...


class BucketLimit(Protocol):
    """A bucket as a file says it."""

    @property
    def bucket(self) -> int: ...

    @property
    def refill(self) -> str: ...


def parse_limit(name: str, value: str | BucketLimit | JobsLimit, windows: str = "first") -> Limit | None:
    """Reads a limit, `unlimited` as None; `windows` is the kind of one that doesn't say its own.

    Raises ConfigError for anything else.
    """
    if not isinstance(value, str):
        return _jobs(name, value) if isinstance(value, JobsLimit) else _bucket(name, value)
    if value.strip() == "unlimited":
        return None
    if (found := AT_ONCE.fullmatch(value)) is not None:
        return Limit(name, int(found[1]), 1.0, AtOnce())
    if (found := TEXT.fullmatch(value)) is None:
        raise ConfigError(
            f"limit {value!r} of {name!r} is not like '60/minute', '10/30s' or '100000/day sliding'; expected a whole "
            f"number, '/', one of {', '.join(PERIODS)} or a time such as 30s, and perhaps one of {', '.join(KINDS)}; "
            "or '5 at once', or 'unlimited'"
        )
    return _limit(name, int(found["amount"]), found, found["kind"] or windows)


def _limit(name: str, amount: int, found: re.Match[str], kind: str) -> Limit:
    """Returns a limit of a kind."""
    seconds, month = _seconds(name, found), found["period"] == "month"
    if kind == "sliding":
        return Limit(name, amount, seconds, Sliding(seconds))
    if kind == "aligned":
        longest = MONTH_DAYS * UNITS["d"] if month else seconds
        return Limit(name, amount, longest, Aligned(seconds, month))
    if kind == "bucket" and amount:
        return Limit(name, amount, seconds, Refill(amount, seconds))
    return Limit(name, amount, seconds)


def _bucket(name: str, value: BucketLimit) -> Limit:
    """Returns the limit of a bucket. Raises ConfigError when nothing flows back into it."""
    found = REFILL.fullmatch(value.refill)
    if found is None or not int(found["amount"]):
        raise ConfigError(
            f"refill {value.refill!r} of {name!r} is not like '1/second' or '10/30s'; expected a whole number from 1, "
            "'/', and a time"
        )
    refill = Refill(int(found["amount"]), _seconds(name, found))
    return Limit(name, value.bucket, value.bucket * refill.seconds / refill.amount, refill)


def _seconds(name: str, found: re.Match[str]) -> float:
    """Returns the length of a period. Raises ConfigError for none at all."""
    if found["period"]:
        return PERIODS[found["period"]]
    if not int(found["number"]):
        raise ConfigError(f"limit {found[0].strip()!r} of {name!r} has no time: expected one such as 30s")
    return int(found["number"]) * UNITS[found["unit"]]


def _jobs(name: str, value: JobsLimit) -> Limit:
    return Limit(name, value.at_once, 1.0, AtOnce(value.of))


def budget_limits(budget: Mapping[str, float], owner: str = "") -> Iterator[Limit]:
    """Yields the limits of a budget, by unit."""
    for unit, amount in budget.items():
        yield Limit(unit, round(amount * PARTS), 1.0, Spends(), PARTS, owner)


def require_budget(unit: str, units: Collection[str], limits: Collection[Limit], cure: str = "") -> None:
    """Raises ConfigError for a budget in a unit that nothing is charged in, or that limits of its plan count; `cure`
    says what helps against the latter, where no file can be changed."""
    beside = next((limit for limit in limits if limit.name == unit), None)
    if beside is not None and isinstance(beside.pace, Spends):
        raise ConfigError(f"the key's tier has a budget of {unit} already; {cure or 'take one of the two out'}")
    if beside is not None:
        cure = cure or "take one of the two out, or spend another unit"
        raise ConfigError(f"a limit of {beside.said} counts {unit} already; {cure}")
    if unit not in units:
        hint = did_you_mean(unit, sorted(units))
        raise ConfigError(f"nothing is charged in {unit!r}: no operation's `cost` names it; {hint}")


class TierPlan(Struct, frozen=True):
    """A plan: its limits, and its free data. `holds`: a limit counts what is under way; `jobs` are those limits that
    count jobs, by the kind; `spends`: a budget is among the limits."""

    name: str
    limits: tuple[Limit, ...]
    data: Mapping[str, Any]
    claims: tuple[str, ...] = ()
    holds: bool = False
    jobs: tuple[tuple[str, str], ...] = ()
    spends: bool = False

    @classmethod
    def of(cls, name: str, limits: Sequence[Limit], data: Mapping[str, Any], claims: tuple[str, ...] = ()) -> TierPlan:
        """Returns a plan with these limits."""
        under_way = [(limit.name, limit.pace.of) for limit in limits if isinstance(limit.pace, AtOnce)]
        jobs = tuple((counter, kind) for counter, kind in under_way if kind)
        spends = any(isinstance(limit.pace, Spends) for limit in limits)
        return cls(name, tuple(limits), data, claims, bool(under_way), jobs, spends)

    def with_budget(self, budget: Mapping[str, float], owner: str) -> TierPlan:
        """Returns the plan of a key that has a budget of its own: it replaces what the plan limits by the same name,
        as the plan may have changed since the key was given its budget."""
        limits = [limit for limit in self.limits if limit.name not in budget]
        return TierPlan.of(self.name, (*limits, *budget_limits(budget, owner)), self.data, self.claims)
