"""The checks of an operation, asked as one: which of them refuses a request?"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from emulator.scenario.quick import Quick, compile_quick, joined, named

if TYPE_CHECKING:
    from emulator.scenario.plans import CheckPlan


class Checks:
    """Checks in order. `first(scope)` is the one that matches first, or None; call it rather than keep it."""

    def __init__(self, plans: Sequence[CheckPlan] = ()) -> None:
        self._plans = tuple(plans)
        self.first: Callable[[Mapping[str, Any]], CheckPlan | None] = self._prepare

    def __reduce__(self) -> tuple[type[Checks], tuple[Sequence[CheckPlan]]]:
        return Checks, (self._plans,)

    def __iter__(self) -> Iterator[CheckPlan]:
        return iter(self._plans)

    def __len__(self) -> int:
        return len(self._plans)

    def _prepare(self, scope: Mapping[str, Any]) -> CheckPlan | None:
        self.first = compile_quick(self._quick(), self._careful)
        found: CheckPlan | None = self.first(scope)
        return found

    def _careful(self, scope: Mapping[str, Any]) -> CheckPlan | None:
        return next((plan for plan in self._plans if plan.matcher.matches(scope)), None)

    def _quick(self) -> Quick | None:
        """`plan if it matches else plan if it matches else … None`."""
        parts = [part for plan in self._plans for part in (named(plan), plan.matcher.quick)]
        return joined("% if % else " * len(self._plans) + "None", *parts)
