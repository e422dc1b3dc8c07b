"""Matching: the checks that a `when` stands for; a check explains how a request differs from what it wants.

That a rule matches follows from its having no differences, so near misses and matching can't disagree.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from functools import cached_property
from random import Random
from typing import Any, Protocol

from msgspec import Struct

from emulator.errors import TemplateError
from emulator.language.expressions.runtime import Missing
from emulator.language.expressions.template import Template
from emulator.language.expressions.writer import Writer
from emulator.playbook.operators import field_test, same
from emulator.playbook.paths import Holds, Query, Values, finder, holder, write_path


class Failed(Struct, frozen=True):
    """What is found where a template fails."""

    message: str


class Nearest(Struct, frozen=True):
    """What kept the nearest of several from holding."""

    message: str


class Difference(Struct, frozen=True):
    """One field that is not as a rule wants it."""

    field: str
    wanted: str
    found: Any

    def __str__(self) -> str:
        return f"{self.field}: expected {self.wanted}, found {in_words(self.found)}"


class Held(Struct, frozen=True):
    """A counter that does not let a match through, and how it stands."""

    counter: str
    wanted: int
    state: str

    def __str__(self) -> str:
        return f"{self.counter}: {self.wanted}, {self.state}"


class Check(Protocol):
    """One condition of a rule. `holds` is a closure, made once, and `write` gives the source of code that does the same
    where many conditions become one function."""

    @property
    def holds(self) -> Holds: ...
    @property
    def subject(self) -> str: ...
    def write(self, writer: Writer) -> str: ...
    def difference(self, context: Values) -> Difference: ...


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
        return lambda context: test(find(context))

    @property
    def subject(self) -> str:
        return self.field

    def write(self, writer: Writer) -> str:
        if self.query is not None:
            return f"{writer.bind(self.holds)}(s)"
        found = write_path(self.field, writer)
        if self.operand in ({"present": True}, {"present": False}):
            return f"({found}.__class__ is{' not' * self.operand['present']} Missing)"
        if isinstance(self.operand, bool):
            return f"({found} is {self.operand})"
        return f"{writer.bind(field_test(self.operand))}({found})"

    def difference(self, context: Values) -> Difference:
        return Difference(self.field, _words(self.operand), self.find(context))


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
        return lambda context: same(find(context), template.maybe(context))

    @property
    def subject(self) -> str:
        return self.field

    def write(self, writer: Writer) -> str:
        return f"{writer.bind(self.holds)}(s)"

    def difference(self, context: Values) -> Difference:
        return Difference(self.field, repr(self.template.maybe(context)), self.find(context))


class ExpressionCheck(Struct, frozen=True, dict=True):
    """An expression is true."""

    source: str
    template: Template

    @cached_property
    def holds(self) -> Holds:
        template = self.template
        return lambda context: bool(template.maybe(context))

    @property
    def subject(self) -> str:
        return self.source

    def write(self, writer: Writer) -> str:
        return self.template.node.maybe(writer)

    def difference(self, context: Values) -> Difference:
        return Difference(self.source, "true", self.template.maybe(context))


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

        def matches(context: Values) -> bool:
            for holds in tests:  # noqa: SIM110 (faster than all())
                if not holds(context):
                    return False
            return True

        return matches

    def write_test(self, writer: Writer) -> str:
        """Returns the source of an expression that is true if every check holds."""
        return " and ".join(f"({check.write(writer)})" for check in self.checks) or "True"

    def write(self, writer: Writer, match: str) -> None:
        """Writes code that executes the statement `match` if every check holds."""
        with ExitStack() as blocks:
            for check in self.checks:
                blocks.enter_context(writer.block(f"if {check.write(writer)}:"))
            writer.line(match)

    def differences(self, context: Values) -> list[Difference]:
        """All that is not as wanted. A check that fails, which `matches` may never have come to, is a difference."""
        found = [_compare(check, context) for check in self.checks]
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


class AnyCheck(Struct, frozen=True, dict=True):
    """One of several mappings of fields matches."""

    matchers: tuple[Matcher, ...]

    @cached_property
    def holds(self) -> Holds:
        tests = tuple(matcher.matches for matcher in self.matchers)
        return lambda context: any(matches(context) for matches in tests)

    @property
    def subject(self) -> str:
        return "any"

    def write(self, writer: Writer) -> str:
        return " or ".join(f"({matcher.write_test(writer)})" for matcher in self.matchers)

    def difference(self, context: Values) -> Difference:
        """What the nearest of them lacks: the one with the fewest differences, the first among equals."""
        nearest = min((matcher.differences(context) for matcher in self.matchers), key=len)
        return Difference("any", f"one of {len(self.matchers)} to hold", Nearest("; ".join(map(str, nearest))))


COUNTER_TESTS: dict[str, Callable[[int, int], bool]] = {
    "times": lambda match, wanted: match <= wanted,
    "nth": lambda match, wanted: match == wanted,
    "every": lambda match, wanted: match % wanted == 0,
}


def _compare(check: Check, context: Values) -> Difference | None:
    try:
        return None if check.holds(context) else check.difference(context)
    except TemplateError as error:
        return Difference(check.subject, "what can be worked out", Failed(error.message))


def in_words(found: Any) -> str:
    """What was found, as people read it: printable, in one line, and whole."""
    if isinstance(found, Missing):
        return "nothing"
    if isinstance(found, Nearest):
        return f"none that holds (nearest: {found.message})"
    return f"an error, {found.message!r}" if isinstance(found, Failed) else repr(found)


def _words(wanted: Any) -> str:
    if isinstance(wanted, list):
        return "one of " + ", ".join(map(repr, wanted))
    if isinstance(wanted, dict):
        return " and ".join(f"{name} {operand!r}" for name, operand in wanted.items())
    return repr(wanted)


AGE = "$age"  # seconds since the world began
CHANCE = "$chance"  # the seed of what is drawn for one request


def draw(context: Values, salt: str) -> float:
    """Returns a number from 0 up to 1 that the same request draws again; it differs from salt to salt."""
    return Random(f"{context[CHANCE]}/{salt}").random()


class WindowCheck(Struct, frozen=True, dict=True):
    """The world is at least `after` seconds old and, when `lasts` is set, not older than that and `lasts` more."""

    after: float
    lasts: float | None = None

    @cached_property
    def holds(self) -> Holds:
        after = self.after
        end = float("inf") if self.lasts is None else after + self.lasts
        return lambda context: bool(after <= context[AGE] < end)

    @property
    def subject(self) -> str:
        return "age"

    def write(self, writer: Writer) -> str:
        return f"{writer.bind(self.holds)}(s)"

    def difference(self, context: Values) -> Difference:
        until = "" if self.lasts is None else f" and below {self.after + self.lasts:g} s"
        return Difference("age", f"from {self.after:g} s{until}", context[AGE])


class ProbabilityCheck(Struct, frozen=True, dict=True):
    """What is drawn for the request and this rule (`salt`) is below `probability`; asked again, it is the same."""

    probability: float
    salt: str

    @cached_property
    def holds(self) -> Holds:
        probability = self.probability
        return lambda context: self.drawn(context) < probability

    def drawn(self, context: Values) -> float:
        """A number from 0 up to 1 that differs from rule to rule, though a request has one `chance`."""
        return draw(context, self.salt)

    @property
    def subject(self) -> str:
        return "probability"

    def write(self, writer: Writer) -> str:
        return f"{writer.bind(self.holds)}(s)"

    def difference(self, context: Values) -> Difference:
        return Difference("probability", f"a draw below {self.probability:g}", round(self.drawn(context), 3))
