"""Operators: what a field may be compared with, compiled to a test of the value that is found."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import regex

from emulator.scenario.absent import Absent
from emulator.scenario.suggest import did_you_mean

REGEX_SECONDS = 0.05
Test = Callable[[Any], bool]


def same(found: Any, wanted: Any) -> bool:
    """Equality as JSON means it: true is not 1."""
    return found is wanted or (found == wanted and isinstance(found, bool) == isinstance(wanted, bool))


def _matches(wanted: Any) -> Test:
    pattern = regex.compile(str(wanted))

    def test(found: Any) -> bool:
        try:
            return isinstance(found, str) and pattern.search(found, timeout=REGEX_SECONDS) is not None
        except TimeoutError:
            return False

    return test


def _contains(wanted: Any) -> Test:
    def test(found: Any) -> bool:
        if isinstance(found, str):
            return str(wanted) in found
        return isinstance(found, (list, dict)) and wanted in found

    return test


def _ordered(compare: Callable[[Any, Any], bool]) -> Callable[[Any], Test]:
    def operator(wanted: Any) -> Test:
        if not isinstance(wanted, (int, float, str)) or isinstance(wanted, bool):
            raise ValueError(f"{wanted!r} has no order; expected a number or a text")
        kinds: tuple[type, ...] = (str,) if isinstance(wanted, str) else (int, float)
        return lambda found: isinstance(found, kinds) and not isinstance(found, bool) and compare(found, wanted)

    return operator


def _negated(wanted: Any) -> Test:
    unwanted = wanted if isinstance(wanted, list) else [wanted]
    return lambda found: not any(same(found, value) for value in unwanted)


def _length(wanted: Any) -> Test:
    test = field_test(wanted)
    return lambda found: isinstance(found, (str, list, dict)) and test(len(found))


OPERATORS: dict[str, Callable[[Any], Test]] = {
    "matches": _matches,
    "contains": _contains,
    "gt": _ordered(lambda found, wanted: found > wanted),
    "gte": _ordered(lambda found, wanted: found >= wanted),
    "lt": _ordered(lambda found, wanted: found < wanted),
    "lte": _ordered(lambda found, wanted: found <= wanted),
    "not": _negated,
    "present": lambda wanted: lambda found: isinstance(found, Absent) != bool(wanted),
    "length": _length,
}


def field_test(wanted: Any) -> Test:
    """The test that a constant stands for: equality, any of a list, or operators."""
    if isinstance(wanted, list):
        return lambda found: any(same(found, value) for value in wanted)
    if isinstance(wanted, dict):
        tests = []
        for name, operand in wanted.items():
            if name not in OPERATORS:
                raise ValueError(f"unknown operator {name!r}; {did_you_mean(str(name), OPERATORS)}")
            try:
                tests.append(OPERATORS[name](operand))
            except regex.error as error:
                raise ValueError(f"{operand!r} is not a regular expression: {error}") from error
        return tests[0] if len(tests) == 1 else lambda found: all(test(found) for test in tests)
    if isinstance(wanted, bool) or wanted is None:
        return lambda found: found is wanted
    return lambda found: found == wanted and found is not True and found is not False
