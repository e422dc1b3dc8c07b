"""Limits: how much of a counter is allowed in which time, read from `60/minute`, `10/30s sliding` or a bucket."""

from __future__ import annotations

import re
from typing import Protocol

from msgspec import Struct

from emulator.errors import ConfigError

PERIODS = {"second": 1.0, "minute": 60.0, "hour": 3_600.0, "day": 86_400.0, "month": 2_592_000.0}
UNITS = {"s": 1.0, "m": 60.0, "h": 3_600.0, "d": 86_400.0}
KINDS = ("first", "aligned", "sliding", "bucket")
RATE = rf"(?P<amount>\d{{1,15}})\s*/\s*(?:(?P<period>{'|'.join(PERIODS)})|(?P<number>\d{{1,4}})\s*(?P<unit>[smhd]))"
TEXT = re.compile(rf"\s*{RATE}(?:\s+(?P<kind>{'|'.join(KINDS)}))?\s*")
AT_ONCE = re.compile(r"\s*(\d{1,15})\s+at\s+once\s*")
REFILL = re.compile(rf"\s*{RATE}\s*")
MONTH_DAYS = 31  # at most


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
    """No time: so many responses may be under way at once, each from its request until it has ended."""


Rolls = Sliding | Refill | AtOnce
Pace = Aligned | Rolls


class Limit(Struct, frozen=True):
    """A counter's name, and how much of it a window of so many seconds allows.

    Windows begin with the first charge unless `pace` says otherwise; for a bucket, `amount` is what it holds and
    `seconds` how long it takes to fill.
    """

    name: str
    amount: int
    seconds: float
    pace: Pace | None = None

    @property
    def cost(self) -> int:
        """What a request costs whose operation says nothing of the counter."""
        return 1 if isinstance(self.pace, AtOnce) else 0

    @property
    def said(self) -> str:
        """`60 per minute`, `60 per 90 s` when the seconds are no unit of their own, `a bucket of 60`, `5 at once`."""
        if isinstance(self.pace, AtOnce):
            return f"{self.amount:,} at once"
        if isinstance(self.pace, Refill):
            return f"a bucket of {self.amount:,}"
        seconds = PERIODS["month"] if isinstance(self.pace, Aligned) and self.pace.month else self.seconds
        period = next((unit for unit, each in PERIODS.items() if each == seconds), f"{seconds:g} s")
        return f"{self.amount:,} per {period}"


class Bucket(Protocol):
    """A bucket as a file says it."""

    @property
    def bucket(self) -> int: ...

    @property
    def refill(self) -> str: ...


def parse_limit(name: str, value: str | Bucket, windows: str = "first") -> Limit | None:
    """Reads a limit, `unlimited` as None; `windows` is the kind of one that doesn't say its own.

    Raises ConfigError for anything else.
    """
    if not isinstance(value, str):
        return _bucket(name, value)
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


def _bucket(name: str, value: Bucket) -> Limit:
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
