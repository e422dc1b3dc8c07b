"""Compiling `when`: a mapping of fields, or one expression, becomes the checks of a matcher."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import PurePath
from typing import Any

from msgspec import Struct, field

from emulator.errors import Diagnostic, DocumentError, Location
from emulator.language.document.diagnostics import Diagnostics, did_you_mean
from emulator.language.document.durations import parse_duration
from emulator.language.expressions import Language
from emulator.language.expressions.template import compile_tree
from emulator.playbook.matching import (
    COUNTER_TESTS,
    AnyCheck,
    Check,
    ExpressionCheck,
    FieldCheck,
    Matcher,
    ProbabilityCheck,
    TemplateCheck,
    WindowCheck,
)
from emulator.playbook.operators import field_test
from emulator.playbook.paths import Query

# What every request has, whatever its API; the API's collections and the operation's `let` come beside it.
REQUEST_NAMES = (
    "body",
    "query",
    "header",
    "path",
    "caller",
    "request",
    "now",
    "limits",
    "switches",
    "prompt",
    "answer",
)
CALLER_FIELDS = ("key", "masked", "workspace", "tier", "name", "data", "plan")
CONDITIONS = ("probability", "after", "for")
NO_FIELDS = frozenset({*COUNTER_TESTS, *CONDITIONS, "expr", "jsonpath", "any"})
MAX_ALTERNATIVES = 100
Path = tuple[str | int, ...]
_STEPS = {"-1": "last"}
_QUOTES = "'\""


class FieldNames(Struct, frozen=True):
    """The names that a dotted path may begin with, and for some of them all that may follow."""

    roots: Collection[str] = REQUEST_NAMES
    below: Mapping[str, Collection[str]] = field(default_factory=dict)

    def __or__(self, other: FieldNames) -> FieldNames:
        """What either of two operations knows."""
        below = {name: (*known, *other.below.get(name, ())) for name, known in self.below.items()}
        return FieldNames(tuple(dict.fromkeys((*self.roots, *other.roots))), {**other.below, **below})

    def diagnose(self, dotted: str) -> str | None:
        """What is wrong with a dotted path, if anything."""
        if "[" in dotted:
            return f"brackets can't stand in a path; write {_dotted(dotted)!r}"
        root, _, rest = dotted.partition(".")
        if root not in self.roots:
            return f"unknown name {root!r}; {did_you_mean(root, self.roots)}"
        known, name = self.below.get(root), rest.partition(".")[0]
        if known is None or not name or name in known:
            return None
        return f"{root} has no {name!r}; {did_you_mean(name, known)}"


def _dotted(path: str) -> str:
    """`a[2]['b'][-1]` as `a.2.b.last`."""
    return re.sub(r"\[\s*(-1|[^\]]*?)\s*\]", lambda found: f".{_STEPS.get(found[1], found[1]).strip(_QUOTES)}", path)


class WhenCompiler(Struct, frozen=True):
    """Turns `when` values into matchers; diagnostics carry the place of the field they are about."""

    language: Language
    place_of: Callable[[Path], Location]

    def compile(self, when: Any, path: Path, names: FieldNames | None = None) -> Matcher:
        """The matcher of a `when`; raises DocumentError with everything wrong in it. Without `names` any will do."""
        if when is None:
            return Matcher()
        if isinstance(when, str):
            return Matcher((self._expression(when, path),))
        if not isinstance(when, dict):
            raise self._wrong(path, "`when` is a mapping of fields, or one {{ expression }}")
        checks: list[Check] = []
        counters: list[tuple[str, int]] = []
        conditions: dict[str, float] = {}
        diagnostics = Diagnostics()
        for key, expected in when.items():
            with diagnostics.catching():
                if key in COUNTER_TESTS:
                    counters.append((key, self._count(expected, (*path, key))))
                elif key in CONDITIONS:
                    conditions[key] = self._condition(key, expected, (*path, key))
                elif key == "expr":
                    checks.append(self._expression(expected, (*path, key)))
                elif key == "any":
                    checks.append(self._any(expected, (*path, key), names))
                elif key == "jsonpath":
                    checks.extend(self._jsonpaths(expected, (*path, key), diagnostics))
                else:
                    checks.append(self._field(str(key), expected, (*path, key), names))
        diagnostics.raise_any()
        return Matcher((*checks, *_condition_checks(conditions, self.place_of(path))), tuple(counters))

    def unknown(self, when: Any, path: Path, names: FieldNames) -> list[Diagnostic]:
        """What a `when` speaks of that is not among the names."""
        return [
            Diagnostic(self.place_of((*path, *steps)), message)
            for steps in fields_of(when)
            if (message := names.diagnose(str(steps[-1]))) is not None
        ]

    def _wrong(self, path: Path, message: str) -> DocumentError:
        return DocumentError([Diagnostic(self.place_of(path), message)])

    def _count(self, expected: Any, path: Path) -> int:
        if isinstance(expected, bool) or not isinstance(expected, int) or expected < 1:
            raise self._wrong(path, f"{expected!r} is not a count; expected a whole number from 1")
        return expected

    def _condition(self, key: str, expected: Any, path: Path) -> float:
        if key != "probability":
            duration = parse_duration(expected, self.place_of(path))
            if duration.each:
                raise self._wrong(path, f"`{key}` counts no items, so 'each' can't be used in {expected!r}")
            return duration.fixed
        if isinstance(expected, bool) or not isinstance(expected, (int, float)) or not 0 <= expected <= 1:
            raise self._wrong(path, f"{expected!r} is not a probability; expected a number from 0 to 1")
        return float(expected)

    def _expression(self, source: Any, path: Path) -> Check:
        if not _templated(source):
            raise self._wrong(path, f"{source!r} is not an expression; expected {{{{ … }}}}")
        return ExpressionCheck(source, compile_tree(source, self.language, self.place_of, path))

    def _field(self, dotted: str, expected: Any, path: Path, names: FieldNames | None) -> Check:
        wrong = None if names is None else names.diagnose(dotted)
        if wrong is not None:
            raise self._wrong(path, wrong)
        if isinstance(expected, str) and _templated(expected):
            return TemplateCheck(dotted, compile_tree(expected, self.language, self.place_of, path))
        self._require_test(dotted, expected, path)
        return FieldCheck(dotted, expected)

    def _any(self, alternatives: Any, path: Path, names: FieldNames | None) -> Check:
        """One of several `when`; none of them counts, as no rule answers by it alone."""
        if not isinstance(alternatives, list) or not 1 <= len(alternatives) <= MAX_ALTERNATIVES:
            raise self._wrong(path, f"any: expected a list of 1 to {MAX_ALTERNATIVES} mappings of fields")
        diagnostics = Diagnostics()
        matchers = []
        for at, each in enumerate(alternatives):
            where = (*path, at)
            for key in each if isinstance(each, dict) else ():
                if key in COUNTER_TESTS:
                    text = f"`{key}` counts what the rule answers; write it beside `any`, not in it"
                    diagnostics.add(self.place_of((*where, key)), text)
            if not each:
                diagnostics.add(self.place_of(where), "an empty mapping holds for every request; name a field")
            matchers.append(diagnostics.attempt(self.compile, each, where, names) or Matcher())
        diagnostics.raise_any()
        return AnyCheck(tuple(matchers))

    def _jsonpaths(self, queries: Any, path: Path, diagnostics: Diagnostics) -> list[Check]:
        if not isinstance(queries, dict):
            raise self._wrong(path, "jsonpath: expected a mapping of queries, as in {'$.a.b': value}")
        checks = [
            diagnostics.attempt(self._jsonpath, str(query), value, (*path, query)) for query, value in queries.items()
        ]
        return [check for check in checks if check is not None]

    def _jsonpath(self, query: str, expected: Any, path: Path) -> Check:
        try:
            Query(query).require()
        except ValueError as error:
            raise self._wrong(path, str(error)) from error
        self._require_test(query, expected, path)
        return FieldCheck(f"jsonpath {query}", expected, query)

    def _require_test(self, what: str, expected: Any, path: Path) -> None:
        """Reports what no field can be compared with."""
        if _holds_template(expected):
            raise self._wrong(path, f"{what}: a template can't stand in a list or an operator; use expr: '{{{{ … }}}}'")
        try:
            field_test(expected)
        except ValueError as error:
            raise self._wrong(path, f"{what}: {error}") from error


def fields_of(when: Any) -> Iterator[Path]:
    """Where the fields stand that a `when` speaks of, those of its `any` included; the last step is the field."""
    for key, expected in when.items() if isinstance(when, dict) else ():
        if key not in NO_FIELDS:
            yield (key,)
        elif key == "any" and isinstance(expected, list):
            yield from (("any", at, *steps) for at, each in enumerate(expected) for steps in fields_of(each))


def salt_of(place: Location) -> str:
    """What tells the lots of one place from those of others: without its folder, so that a file may be moved."""
    return f"{PurePath(place.file).name}:{place.line}:{place.column}"


def _condition_checks(given: Mapping[str, float], place: Location) -> Iterator[Check]:
    """The checks of the moment and, last because it costs most, of chance."""
    if "after" in given or "for" in given:
        yield WindowCheck(given.get("after", 0.0), given.get("for"))
    if "probability" in given:
        yield ProbabilityCheck(given["probability"], salt_of(place))


def _templated(expected: Any) -> bool:
    return isinstance(expected, str) and ("{{" in expected or "{%" in expected)


def _holds_template(expected: Any) -> bool:
    if isinstance(expected, (list, dict)):
        return any(_holds_template(each) for each in (expected.values() if isinstance(expected, dict) else expected))
    return _templated(expected)
