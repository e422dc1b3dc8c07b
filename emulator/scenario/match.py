"""Matching: the checks that a `when` stands for; a check explains how a request differs from what it wants.

That a rule matches follows from its having no differences, so near misses and matching can't disagree.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any, Protocol

from msgspec import Struct

from emulator.scenario.absent import ABSENT, Absent, lookup
from emulator.scenario.operators import Test, field_test, same
from emulator.scenario.query import Query
from emulator.scenario.quick import Quick, joined, literal, looked_up, named
from emulator.scenario.template import Template

Values = Mapping[str, Any]
Holds = Callable[[Values], bool]


class Difference(Struct, frozen=True):
    """One field that is not as a rule wants it."""

    field: str
    wanted: str
    found: Any

    def __str__(self) -> str:
        found = "nothing" if isinstance(self.found, Absent) else repr(self.found)
        return f"{self.field}: wanted {self.wanted}, found {found}"


class Check(Protocol):
    """One condition of a rule; `holds` is a closure, made once, because every request asks it."""

    @property
    def holds(self) -> Holds: ...
    @property
    def quick(self) -> Quick | None: ...
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
    def quick(self) -> Quick | None:
        """The quick way for the commonest: one field of one name is true, or is false."""
        root, *keys = _steps(self.field) if self.query is None else ["", ""]
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
        return [check.difference(scope) for check in self.checks if not check.holds(scope)]

    def admits(self, match: int) -> bool:
        """Whether the counters let the match with this number (from 1) through."""
        return all(COUNTER_TESTS[name](match, wanted) for name, wanted in self.counters)


COUNTER_TESTS: dict[str, Callable[[int, int], bool]] = {
    "times": lambda match, wanted: match <= wanted,
    "nth": lambda match, wanted: match == wanted,
    "every": lambda match, wanted: match % wanted == 0,
}


def step_into(value: Any, key: str) -> Any:
    """One step of a dotted path: a key of a mapping, or an index of a list."""
    if isinstance(value, list):
        if key == "last":
            return value[-1] if value else ABSENT
        return value[int(key)] if key.isdecimal() and len(key) < 10 and int(key) < len(value) else ABSENT
    return lookup(value, key)


def finder(path: str) -> Callable[[Values], Any]:
    """Compile a dotted path such as `body.messages.0.role` (`last` is the last item of a list).

    Names of headers may be written in any case.
    """
    root, *keys = _steps(path)

    def find(scope: Values) -> Any:
        try:
            value = scope[root]
        except KeyError:
            return ABSENT
        for key in keys:
            value = value.get(key, ABSENT) if value.__class__ is dict else step_into(value, key)
        return value

    return find


def holder(path: str, test: Test, values: tuple[Any, ...] = ()) -> Holds:
    """Compile the test of a dotted path; that of one field of one name, the commonest, is a single function."""
    root, *keys = _steps(path)
    if len(keys) == 1 and len(values) == 1 and isinstance(values[0], bool):
        return _truth_holder(root, keys[0], values[0])
    if len(keys) != 1:
        find = finder(path)
        return lambda scope: test(find(scope))
    key = keys[0]

    def holds(scope: Values) -> bool:
        try:
            value = scope[root]
        except KeyError:
            return test(ABSENT)
        return test(value.get(key, ABSENT) if value.__class__ is dict else step_into(value, key))

    return holds


def _truth_holder(root: str, key: str, wanted: bool) -> Holds:
    def holds(scope: Values) -> bool:
        try:
            value = scope[root]
        except KeyError:
            return False
        return (value.get(key) if value.__class__ is dict else step_into(value, key)) is wanted

    return holds


def _words(wanted: Any) -> str:
    if isinstance(wanted, list):
        return "one of " + ", ".join(map(repr, wanted))
    if isinstance(wanted, dict):
        return " and ".join(f"{name} {operand!r}" for name, operand in wanted.items())
    return repr(wanted)


def _steps(path: str) -> list[str]:
    return (path.lower() if path.startswith("header.") else path).split(".")
