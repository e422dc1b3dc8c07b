"""Matching: `when` becomes checks at load; a check explains how a request differs from what it wants.

That a rule matches follows from its having no differences, so near misses and matching can't disagree.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from emulator.errors import Complaint, DocumentError, Place
from emulator.scenario.absent import ABSENT, Absent, lookup
from emulator.scenario.expression import Language
from emulator.scenario.operators import Test, field_test, same
from emulator.scenario.template import Template, compile_tree

COUNTERS = ("times", "nth", "every")
Values = Mapping[str, Any]
PlaceOf = Callable[[tuple[str | int, ...]], Place]


@dataclass(frozen=True, slots=True)
class Difference:
    """One field that is not as a rule wants it."""

    field: str
    wanted: str
    found: Any

    def __str__(self) -> str:
        found = "nothing" if isinstance(self.found, Absent) else repr(self.found)
        return f"{self.field}: wanted {self.wanted}, found {found}"


class Check(Protocol):
    """One condition of a rule."""

    def holds(self, scope: Values) -> bool: ...
    def difference(self, scope: Values) -> Difference: ...


@dataclass(frozen=True, slots=True)
class FieldCheck:
    """A field, found by its dotted path, passes a test."""

    field: str
    find: Callable[[Values], Any]
    test: Test
    wanted: str
    values: tuple[Any, ...] = ()

    def holds(self, scope: Values) -> bool:
        return self.test(self.find(scope))

    def difference(self, scope: Values) -> Difference:
        return Difference(self.field, self.wanted, self.find(scope))


@dataclass(frozen=True, slots=True)
class TemplateCheck:
    """A field equals what a template gives for this request."""

    field: str
    find: Callable[[Values], Any]
    template: Template

    def holds(self, scope: Values) -> bool:
        return same(self.find(scope), self.template.maybe(scope))

    def difference(self, scope: Values) -> Difference:
        return Difference(self.field, repr(self.template.maybe(scope)), self.find(scope))


@dataclass(frozen=True, slots=True)
class ExpressionCheck:
    """An expression is true."""

    source: str
    template: Template

    def holds(self, scope: Values) -> bool:
        return self.template.true(scope)

    def difference(self, scope: Values) -> Difference:
        return Difference(self.source, "true", self.template.maybe(scope))


@dataclass(frozen=True, slots=True)
class Matcher:
    """All checks of one `when`, and the counters that decide among its matches."""

    checks: tuple[Check, ...] = ()
    counters: tuple[tuple[str, int], ...] = ()

    def matches(self, scope: Values) -> bool:
        """Whether every check holds; counters are not asked here, because asking them counts."""
        for check in self.checks:  # noqa: SIM110 (on the path of every request, and faster than all())
            if not check.holds(scope):
                return False
        return True

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
    """Compile a dotted path such as `body.messages.0.role` (`last` is the last item of a list)."""
    root, *keys = path.split(".")

    def find(scope: Values) -> Any:
        try:
            value = scope[root]
        except KeyError:
            return ABSENT
        for key in keys:
            value = value.get(key, ABSENT) if type(value) is dict else step_into(value, key)
        return value

    return find


def _jsonpath(queries: Mapping[str, Any]) -> Iterator[Check]:
    from jsonpath import compile as compile_path  # its import is paid by those who use it

    for query, wanted in queries.items():
        compiled = compile_path(query)
        test = field_test(wanted)

        def find(scope: Values, compiled: Any = compiled) -> Any:
            found = compiled.findall(scope["body"]) if "body" in scope else []
            return ABSENT if not found else found[0] if len(found) == 1 else found

        yield FieldCheck(f"jsonpath {query}", find, test, repr(wanted))


def _templated(wanted: Any) -> bool:
    return isinstance(wanted, str) and ("{{" in wanted or "{%" in wanted)


@dataclass(frozen=True, slots=True)
class WhenCompiler:
    """Turns `when` values into matchers; complaints carry the place of the field they are about."""

    language: Language
    place_of: PlaceOf
    roots: frozenset[str] | None = None

    def compile(self, when: Any, path: tuple[str | int, ...]) -> Matcher:
        if when is None:
            return Matcher()
        if isinstance(when, str):
            return Matcher((self._expression(when, path),))
        if not isinstance(when, dict):
            raise DocumentError(
                [Complaint(self.place_of(path), "`when` is a mapping of fields, or one {{ expression }}")]
            )
        checks: list[Check] = []
        counters: list[tuple[str, int]] = []
        for key, wanted in when.items():
            where = (*path, key)
            if key in COUNTERS:
                counters.append((key, self._count(wanted, where)))
            elif key == "expr":
                checks.append(self._expression(wanted, where))
            else:
                checks.extend(self._field(str(key), wanted, where))
        return Matcher(tuple(checks), tuple(counters))

    def _count(self, wanted: Any, where: tuple[str | int, ...]) -> int:
        if isinstance(wanted, bool) or not isinstance(wanted, int) or wanted < 1:
            raise DocumentError(
                [Complaint(self.place_of(where), f"{wanted!r} is not a count; expected a whole number from 1")]
            )
        return wanted

    def _expression(self, source: Any, where: tuple[str | int, ...]) -> Check:
        if not _templated(source):
            raise DocumentError(
                [Complaint(self.place_of(where), f"{source!r} is not an expression; expected {{{{ … }}}}")]
            )
        return ExpressionCheck(source, compile_tree(source, self.language, self.place_of, where))

    def _field(self, field: str, wanted: Any, where: tuple[str | int, ...]) -> Sequence[Check]:
        try:
            if field == "jsonpath":
                return list(_jsonpath(wanted))
            if _templated(wanted):
                return [TemplateCheck(field, finder(field), compile_tree(wanted, self.language, self.place_of, where))]
            values = tuple(wanted) if isinstance(wanted, list) else () if isinstance(wanted, dict) else (wanted,)
            return [FieldCheck(field, finder(field), field_test(wanted), _words(wanted), values)]
        except DocumentError:
            raise
        except Exception as error:  # each library has its own error for a wrong pattern or path
            raise DocumentError([Complaint(self.place_of(where), f"{field}: {error}")]) from error


def _words(wanted: Any) -> str:
    if isinstance(wanted, list):
        return "one of " + ", ".join(map(repr, wanted))
    if isinstance(wanted, dict):
        return " and ".join(f"{name} {operand!r}" for name, operand in wanted.items())
    return repr(wanted)
