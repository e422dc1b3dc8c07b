"""Matching: the checks that a `when` stands for; a check explains how a request differs from what it wants.

That a rule matches follows from its having no differences, so near misses and matching can't disagree.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any, Protocol

from msgspec import Struct

from emulator.errors import TemplateError
from emulator.scenario.absent import Absent
from emulator.scenario.dotted import Holds, Values, finder, holder, steps
from emulator.scenario.operators import field_test, same
from emulator.scenario.query import Query
from emulator.scenario.quick import Quick, joined, literal, looked_up, named
from emulator.scenario.template import Template


class Failed(Struct, frozen=True):
    """What is found where a template fails."""

    message: str


class Difference(Struct, frozen=True):
    """One field that is not as a rule wants it."""

    field: str
    wanted: str
    found: Any

    def __str__(self) -> str:
        return f"{self.field}: wanted {self.wanted}, found {in_words(self.found)}"


class Held(Struct, frozen=True):
    """A counter that does not let a match through, and how it stands."""

    counter: str
    wanted: int
    state: str

    def __str__(self) -> str:
        return f"{self.counter}: {self.wanted}, {self.state}"


class Check(Protocol):
    """One condition of a rule; `holds` is a closure, made once, because every request asks it."""

    @property
    def holds(self) -> Holds: ...
    @property
    def quick(self) -> Quick | None: ...
    @property
    def subject(self) -> str: ...
    def difference(self, scope: Values) -> Difference: ...


class FieldCheck(Struct, frozen=True, dict=True):
    """A field passes the test that `operand` stands for. A dotted path leads to it, or a JSONPath `query`."""

    field: str
    operand: Any
    query: str | None = None

    @cached_property
    def find(self) -> Callable[[Values], Any]:
        return finder(self.field) if self.query is None else Query(self.query)

    @cached_property
    def values(self) -> tuple[Any, ...]:
        """The constants the field may equal, for the index; none when operators decide."""
        if self.query is not None or isinstance(self.operand, dict):
            return ()
        return tuple(self.operand) if isinstance(self.operand, list) else (self.operand,)

    @cached_property
    def holds(self) -> Holds:
        test = field_test(self.operand)
        if self.query is None:
            return holder(self.field, test, self.values)
        find = self.find
        return lambda scope: test(find(scope))

    @property
    def subject(self) -> str:
        return self.field

    @property
    def quick(self) -> Quick | None:
        """The quick way for the commonest: one field of one name is true, or is false."""
        root, *keys = steps(self.field) if self.query is None else ["", ""]
        if len(keys) != 1 or len(self.values) != 1 or not isinstance(self.values[0], bool):
            return joined("%(s)", named(self.holds))
        return joined("(%.get(%) is %)", looked_up(root, ()), literal(keys[0]), literal(self.values[0]))

    def difference(self, scope: Values) -> Difference:
        return Difference(self.field, _words(self.operand), self.find(scope))


class TemplateCheck(Struct, frozen=True, dict=True):
    """A field equals what a template gives for this request."""

    field: str
    template: Template

    @cached_property
    def find(self) -> Callable[[Values], Any]:
        return finder(self.field)

    @cached_property
    def holds(self) -> Holds:
        find, template = self.find, self.template
        return lambda scope: same(find(scope), template.maybe(scope))

    @property
    def subject(self) -> str:
        return self.field

    @property
    def quick(self) -> Quick | None:
        return joined("%(s)", named(self.holds))

    def difference(self, scope: Values) -> Difference:
        return Difference(self.field, repr(self.template.maybe(scope)), self.find(scope))


class ExpressionCheck(Struct, frozen=True, dict=True):
    """An expression is true."""

    source: str
    template: Template

    @cached_property
    def holds(self) -> Holds:
        template = self.template
        return lambda scope: bool(template.maybe(scope))

    @property
    def subject(self) -> str:
        return self.source

    @property
    def quick(self) -> Quick | None:
        return self.template.way or joined("%(s)", named(self.holds))

    def difference(self, scope: Values) -> Difference:
        return Difference(self.source, "true", self.template.maybe(scope))


class Matcher(Struct, frozen=True, dict=True):
    """All checks of one `when`, and the counters that decide among its matches."""

    checks: tuple[Check, ...] = ()
    counters: tuple[tuple[str, int], ...] = ()

    @cached_property
    def matches(self) -> Holds:
        """Whether every check holds; counters are not asked here, because asking them counts."""
        tests = tuple(check.holds for check in self.checks)
        if len(tests) == 1:
            return tests[0]

        def matches(scope: Values) -> bool:
            for holds in tests:  # noqa: SIM110 (faster than all())
                if not holds(scope):
                    return False
            return True

        return matches

    @property
    def quick(self) -> Quick | None:
        """The quick way to what `matches` says; without checks everything matches."""
        form = " and ".join("%" for _ in self.checks) or "True"
        return joined(f"({form})", *(check.quick for check in self.checks))

    def differences(self, scope: Values) -> list[Difference]:
        """All that is not as wanted. A check that fails, which `matches` may never have come to, is a difference."""
        found = [_compare(check, scope) for check in self.checks]
        return [difference for difference in found if difference is not None]

    def admits(self, match: int) -> bool:
        """Whether the counters let the match with this number (from 1) through."""
        return all(COUNTER_TESTS[name](match, wanted) for name, wanted in self.counters)

    def holding(self, match: int) -> list[Held]:
        """The counters that hold the match with this number back, each with how it stands."""
        return [
            Held(name, wanted, self._state(name, match))
            for name, wanted in self.counters
            if not COUNTER_TESTS[name](match, wanted)
        ]

    def _state(self, counter: str, match: int) -> str:
        return f"already answered {self._admitted(match - 1)}" if counter == "times" else f"this is match {match}"

    def _admitted(self, matches: int) -> int:
        """How many of the first so many matches the counters have let through."""
        wanted = dict(self.counters)
        upto = min(matches, wanted.get("times", matches))
        return (
            int(self.admits(wanted["nth"]) and wanted["nth"] <= upto)
            if "nth" in wanted
            else upto // wanted.get("every", 1)
        )


COUNTER_TESTS: dict[str, Callable[[int, int], bool]] = {
    "times": lambda match, wanted: match <= wanted,
    "nth": lambda match, wanted: match == wanted,
    "every": lambda match, wanted: match % wanted == 0,
}


def _compare(check: Check, scope: Values) -> Difference | None:
    try:
        return None if check.holds(scope) else check.difference(scope)
    except TemplateError as error:
        return Difference(check.subject, "what can be worked out", Failed(error.message))


def in_words(found: Any) -> str:
    """What was found, as people read it: printable, in one line, and whole."""
    if isinstance(found, Absent):
        return "nothing"
    return f"an error, {found.message!r}" if isinstance(found, Failed) else repr(found)


def _words(wanted: Any) -> str:
    if isinstance(wanted, list):
        return "one of " + ", ".join(map(repr, wanted))
    if isinstance(wanted, dict):
        return " and ".join(f"{name} {operand!r}" for name, operand in wanted.items())
    return repr(wanted)
