"""Operators: what a field may be compared with, compiled to a test of the value that is found."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from emulator.language.document.diagnostics import did_you_mean
from emulator.language.expressions.runtime import Missing

REGEX_SECONDS = 0.05
Test = Callable[[Any], bool]


def same(found: Any, wanted: Any) -> bool:
    """Equality as JSON means it, however deep: true is not 1."""
    if isinstance(found, list) and isinstance(wanted, list):
        return len(found) == len(wanted) and all(map(same, found, wanted))
    if isinstance(found, dict) and isinstance(wanted, dict):
        return found.keys() == wanted.keys() and all(same(found[key], wanted[key]) for key in found)
    return found is wanted or (found == wanted and isinstance(found, bool) == isinstance(wanted, bool))


def _matches(wanted: Any) -> Test:
    import regex  # its import is paid by those who use it

    if not isinstance(wanted, str):
        raise ValueError(f"`matches` takes a regular expression, which is a text; found {wanted!r}")
    try:
        pattern = regex.compile(wanted)
    except regex.error as error:
        cure = "to look for a text as it stands, use `contains`"
        raise ValueError(f"{wanted!r} is not a regular expression: {error}; {cure}") from error

    def test(found: Any) -> bool:
        try:
            return isinstance(found, str) and pattern.search(found, timeout=REGEX_SECONDS) is not None
        except TimeoutError:
            return False

    return test


def _contains(wanted: Any) -> Test:
    def test(found: Any) -> bool:
        if isinstance(found, str):
            return isinstance(wanted, str) and wanted in found
        return isinstance(found, (list, dict)) and any(same(each, wanted) for each in found)

    return test


def _ordered(compare: Callable[[Any, Any], bool]) -> Callable[[Any], Test]:
    def operator(wanted: Any) -> Test:
        if not isinstance(wanted, (int, float, str)) or isinstance(wanted, bool):
            raise ValueError(f"{wanted!r} has no order; expected a number or a text")
        kinds: tuple[type, ...] = (str,) if isinstance(wanted, str) else (int, float)
        return lambda found: isinstance(found, kinds) and not isinstance(found, bool) and compare(found, wanted)

    return operator


def _negated(wanted: Any) -> Test:
    test = field_test(wanted)
    return lambda found: not test(found)


def _present(wanted: Any) -> Test:
    if not isinstance(wanted, bool):
        raise ValueError(f"expected present: true or present: false; found {wanted!r}")
    return lambda found: isinstance(found, Missing) != wanted


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
    "present": _present,
    "length": _length,
}


def field_test(wanted: Any) -> Test:
    """The test that a constant stands for: equality, any of a list, or operators.

    Raises ValueError for an operator that is unknown or can't work with its operand.
    """
    if isinstance(wanted, list):
        return lambda found: any(same(found, value) for value in wanted)
    if isinstance(wanted, dict):
        return _all(wanted)
    if isinstance(wanted, bool) or wanted is None:
        return lambda found: found is wanted
    return lambda found: found == wanted and found is not True and found is not False


def _all(operands: dict[Any, Any]) -> Test:
    if not operands:
        raise ValueError(f"an operator is missing; {did_you_mean('', OPERATORS)}")
    for name in operands:
        if name not in OPERATORS:
            raise ValueError(f"unknown operator {name!r}; {did_you_mean(str(name), OPERATORS)}")
    tests = [OPERATORS[name](operand) for name, operand in operands.items()]
    return tests[0] if len(tests) == 1 else lambda found: all(test(found) for test in tests)
