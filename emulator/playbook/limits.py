"""Limits: how much of a counter a window of time allows, read from `60/minute`."""

from __future__ import annotations

import re

from msgspec import Struct

from emulator.errors import ConfigError

PERIODS = {"second": 1.0, "minute": 60.0, "hour": 3_600.0, "day": 86_400.0}
TEXT = re.compile(r"\s*(\d{1,15})\s*/\s*(second|minute|hour|day)\s*")


class Limit(Struct, frozen=True):
    """A counter's name, and how much of it a window of so many seconds allows."""

    name: str
    amount: int
    seconds: float

    @property
    def period(self) -> str:
        """`minute`, or `90 s` when the seconds are no unit of their own."""
        return next((unit for unit, seconds in PERIODS.items() if seconds == self.seconds), f"{self.seconds:g} s")


def parse_limit(name: str, text: str) -> Limit | None:
    """Reads `60/minute` as a Limit, `unlimited` as None. Raises ConfigError for anything else."""
    if text.strip() == "unlimited":
        return None
    if (found := TEXT.fullmatch(text)) is None:
        raise ConfigError(
            f"limit {text!r} of {name!r} is not like '60/minute' or '100000/day'; expected a whole number, "
            f"'/' and one of: {', '.join(PERIODS)}; or 'unlimited'"
        )
    return Limit(name, int(found[1]), PERIODS[found[2]])
