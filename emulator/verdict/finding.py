"""A finding: one thing that a client did wrong, in words and figures, with the exchanges that show it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from msgspec import Struct

from emulator.http.exchange import Exchange

MAX_EXCHANGES = 20  # exchanges that a finding names
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
        return f"{self.rule}: {self.message} (expected {self.wanted}; found {self.found}; exchanges {numbers})"


def finding(
    rule: str, shown: Sequence[Exchange], message: str, wanted: str, found: str, severity: Severity = "error"
) -> Finding:
    """A finding about these exchanges, which are of one operation."""
    numbers = tuple(each.number for each in shown)
    first = shown[0]
    return Finding(
        rule, severity, message, wanted, found, first.api, first.operation, len(numbers), numbers[:MAX_EXCHANGES]
    )


def seconds(value: float) -> str:
    """`1.25 s`, `340 ms`, `3,600 s`."""
    if 0 < value < 1:
        return f"{value * 1_000:.3g} ms"
    return f"{value:,.2f}".rstrip("0").rstrip(".") + " s"


def waits(values: Sequence[float]) -> str:
    """A few waits in words."""
    return ", ".join(seconds(each) for each in values[:10]) + (", …" if len(values) > 10 else "")


class Thresholds(Struct, frozen=True, forbid_unknown_fields=True):
    """Seconds are seconds of the world's clock. All are the emulator's own judgement: no API document gives any.

    `slack` is forgiven to a wait for its timers and rounding. Two requests less than `elsewhere` apart that came over
    two connections may be those of two workers, so neither follows from the other. Within `again`, what follows a
    refusal is a retry. `few_waits` waits are needed to see a back-off: the last of them take less than `quick` in all
    when nobody waits, `steady_waits` of less than `patient` and within `jitter` of each other are a fixed pause.
    `storm` attempts within `storm_within` are a storm. Polls of one job are `polls_apart`, but for fewer than
    `quick_polls` in a row, and at most `last_polls` follow the one that tells its end, each within `again`.
    `last_calls` calls may follow the response that says that a token has expired. `tokens` tokens in a row for one call
    each are a token for every call.
    """

    slack: float = 0.1
    elsewhere: float = 1.0
    again: float = 60.0
    few_waits: int = 3
    quick: float = 0.02
    steady_waits: int = 4
    patient: float = 0.9
    jitter: float = 1.25
    storm: int = 20
    storm_within: float = 10.0
    polls_apart: float = 0.25
    quick_polls: int = 3
    last_polls: int = 4
    last_calls: int = 1
    tokens: int = 4
