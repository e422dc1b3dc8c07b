"""Occasions: the checks of a `when` that are not about what was asked, but about the moment and about chance."""

from __future__ import annotations

from functools import cached_property
from random import Random

from msgspec import Struct

from emulator.scenario.dotted import Holds, Values
from emulator.scenario.match import Difference
from emulator.scenario.quick import Quick, joined, named

AGE = "$age"  # seconds since the world began
CHANCE = "$chance"  # the seed of what is drawn for one request


class WindowCheck(Struct, frozen=True, dict=True):
    """The world is at least `after` seconds old and, when `lasts` is set, not older than that and `lasts` more."""

    after: float
    lasts: float | None = None

    @cached_property
    def holds(self) -> Holds:
        after = self.after
        end = float("inf") if self.lasts is None else after + self.lasts
        return lambda scope: bool(after <= scope[AGE] < end)

    @property
    def subject(self) -> str:
        return "age"

    @property
    def quick(self) -> Quick | None:
        return joined("%(s)", named(self.holds))

    def difference(self, scope: Values) -> Difference:
        until = "" if self.lasts is None else f" and below {self.after + self.lasts:g} s"
        return Difference("age", f"from {self.after:g} s{until}", scope[AGE])


class ChanceCheck(Struct, frozen=True, dict=True):
    """What is drawn for the request and this rule (`salt`) is below `probability`; asked again, it is the same."""

    probability: float
    salt: str

    @cached_property
    def holds(self) -> Holds:
        probability = self.probability
        return lambda scope: self.drawn(scope) < probability

    def drawn(self, scope: Values) -> float:
        """A number from 0 up to 1 that differs from rule to rule, though a request has one `chance`."""
        return Random(f"{scope[CHANCE]}/{self.salt}").random()

    @property
    def subject(self) -> str:
        return "probability"

    @property
    def quick(self) -> Quick | None:
        return joined("%(s)", named(self.holds))

    def difference(self, scope: Values) -> Difference:
        return Difference("probability", f"a draw below {self.probability:g}", round(self.drawn(scope), 3))
