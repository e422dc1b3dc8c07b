"""What a field may be compared with."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.language.expressions.runtime import MISSING
from emulator.playbook.operators import OPERATORS, field_test, same

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.sampled_from([0.0, 1.0, 2.5]) | st.sampled_from(["", "a", "1"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("ab"), inner, max_size=2),
    max_leaves=6,
)


@pytest.mark.parametrize(
    ("wanted", "equal", "other"),
    [
        ("a", ["a"], ["A", "", None, 0, MISSING, ["a"]]),
        (1, [1, 1.0], [True, "1", 2, None, MISSING]),
        (0, [0, 0.0, -0.0], [False, "", None, MISSING]),
        (1.5, [1.5], [1, "1.5"]),
        (True, [True], [1, "true", False, MISSING]),
        (False, [False], [0, "", None, MISSING]),
        (None, [None], [0, "", False, MISSING]),
        ([1, "a"], [1, "a"], [True, "b", [1, "a"], MISSING]),
        ([[1]], [[1]], [1, [True]]),
        ([], [], [None, 1, [], MISSING]),
    ],
)
def test_a_constant_means_equality_and_a_list_any_of_its_items(wanted: Any, equal: Any, other: Any) -> None:
    test = field_test(wanted)
    assert [value for value in [*equal, *other] if test(value)] == list(equal)


@pytest.mark.parametrize(
    ("operator", "operand", "holds", "fails"),
    [
        ("matches", "^ab+$", ["abb"], ["xab", 5, None, MISSING, ["abb"]]),
        ("matches", "b", ["abc"], ["ac"]),
        ("contains", "b", ["abc", ["a", "b"], {"b": 1}], ["ac", ["abc"], {"a": "b"}, 5, None, MISSING]),
        ("contains", 1, [[1], [0, 1.0]], [[True], "1", {"1": 1}, 1]),
        ("contains", {"a": 1}, [[{"a": 1}], [0, {"a": 1}]], [{"a": 1}, [{"a": True}], "a", [[{"a": 1}]]]),
        ("contains", ["a"], [[["a"]]], [["a"], {"a": 1}]),
        ("gt", 1, [2, 1.5], [1, True, "2", None, MISSING, [2]]),
        ("gte", 1, [1, 2], [0.5, True]),
        ("lt", 1, [0, -1.5], [1, False, "0"]),
        ("lte", 1, [1, 0], [2, False]),
        ("gt", "b", ["c"], ["b", "a", 5]),
        ("not", "a", ["b", 1, None, MISSING], ["a"]),
        ("not", 1, [True, "1"], [1, 1.0]),
        ("not", ["a", 1], ["b", True], ["a", 1]),
        ("not", {"gt": 3}, [3, "4", MISSING], [4]),
        ("present", True, [None, 0, "", "a"], [MISSING]),
        ("present", False, [MISSING], [None, 0, ""]),
        ("length", 2, ["ab", [0, 0], {"a": 1, "b": 2}], ["a", [0], 2, None, MISSING]),
        ("length", {"gte": 1, "lt": 3}, ["a", [0, 0]], ["", "abc", []]),
    ],
)
def test_an_operator_holds_for_what_it_means_and_never_fails(
    operator: str, operand: Any, holds: Any, fails: Any
) -> None:
    test = field_test({operator: operand})
    assert [value for value in [*holds, *fails] if test(value)] == list(holds)


def test_every_operator_of_a_mapping_must_hold() -> None:
    test = field_test({"gte": 2, "lt": 5, "not": [3]})
    assert [value for value in range(7) if test(value)] == [2, 4]


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        ({"mathces": "a"}, "unknown operator 'mathces'; expected one of: matches, contains"),
        ({"mathces": "a"}, "did you mean 'matches'?"),
        ({}, "an operator is missing; expected one of: matches, contains"),
        ({"matches": "(a"}, "'(a' is not a regular expression: missing ) at position 2; to look for a text as "),
        ({"matches": ["a"]}, "`matches` takes a regular expression, which is a text; found ['a']"),
        ({"matches": 5}, "`matches` takes a regular expression, which is a text; found 5"),
        ({"gt": True}, "True has no order; expected a number or a text"),
        ({"lte": [1]}, "[1] has no order; expected a number or a text"),
        ({"present": "no"}, "expected present: true or present: false; found 'no'"),
        ({"length": {"gtt": 3}}, "unknown operator 'gtt'"),
        ({"not": {"lengthh": 3}}, "unknown operator 'lengthh'"),
    ],
)
def test_an_operator_that_can_not_work_is_refused_at_load(wanted: Any, message: str) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        field_test(wanted)


@pytest.mark.bound("time of one regular expression on one text")
def test_a_pattern_that_takes_too_long_does_not_match() -> None:
    assert not field_test({"matches": "^(a|a)*$"})("a" * 40 + "b")


@given(JSON, JSON)
def test_equality_is_that_of_json(one: Any, other: Any) -> None:
    assert same(one, other) == (canonical(one) == canonical(other))
    assert same(one, one)


def canonical(value: Any) -> Any:
    """A form in which Python's equality is JSON's."""
    if isinstance(value, bool):
        return ("truth", value)
    if isinstance(value, list):
        return ("list", [canonical(each) for each in value])
    if isinstance(value, dict):
        return ("mapping", {key: canonical(each) for key, each in value.items()})
    return value


@given(st.sampled_from(sorted(OPERATORS)), JSON, JSON | st.just(MISSING))
def test_no_value_makes_an_operator_fail(operator: str, operand: Any, found: Any) -> None:
    try:
        test = field_test({operator: operand})
    except ValueError:
        return
    assert test(found) in (True, False)
