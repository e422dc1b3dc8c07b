"""A finding: one thing that a client did wrong, in words and figures, with the exchanges that show it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Literal

from msgspec import Struct

from emulator.exchange import Exchange

if TYPE_CHECKING:
    from emulator.verdict.evidence import Evidence

MOST_NUMBERS = 20  # exchanges that a finding names
Severity = Literal["error", "warning"]


class Finding(Struct, frozen=True):
    """What a rule found. `wanted` and `found` are in words; `exchanges` are numbers, of `count` exchanges the first.

    An `error` loses answers, money or the client's access; a `warning` is waste.
    """

    rule: str
    severity: Severity
    message: str
    wanted: str
    found: str
    api: str
    operation: str
    count: int
    exchanges: tuple[int, ...]

    def __str__(self) -> str:
        numbers = ", ".join(map(str, self.exchanges)) + (", …" if self.count > len(self.exchanges) else "")
        return f"{self.rule}: {self.message} (wanted {self.wanted}; found {self.found}; exchanges {numbers})"


Rule = Callable[["Evidence"], "Iterator[Finding | None]"]
"""Gives a finding, or None, for each case that it could judge."""


def finding(
    rule: str, shown: Sequence[Exchange], message: str, wanted: str, found: str, severity: Severity = "error"
) -> Finding:
    """A finding about these exchanges, which are of one operation."""
    numbers = tuple(each.number for each in shown)
    first = shown[0]
    return Finding(
        rule, severity, message, wanted, found, first.api, first.operation, len(numbers), numbers[:MOST_NUMBERS]
    )


def seconds(value: float) -> str:
    """`1.25 s`, `340 ms`, `3,600 s`."""
    if 0 < value < 1:
        return f"{value * 1_000:.3g} ms"
    return f"{value:,.2f}".rstrip("0").rstrip(".") + " s"


def waits(values: Sequence[float]) -> str:
    """A few waits in words."""
    return ", ".join(seconds(each) for each in values[:10]) + (", …" if len(values) > 10 else "")
