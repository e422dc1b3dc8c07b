"""The text index finds every rule that can match a text, and few others."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emulator.playbook.operators import Test, field_test
from emulator.playbook.text_index import KEY_LENGTH, KeyFinder, TextIndex, TextWant, wanted_by

TEXTS = st.text(alphabet="abİıKks. ", max_size=40)
# Parts of expressions, those that are no literals too, put together at random: many make no valid expression.
PARTS = r"a b k K \. [ab] [^k] . \b \w ( ) (?: | * + ? {2} {0,1} {1,} *? ++ ^ $ {e<=1} (?i) (?= [[:alpha:]] \p{L} ſ s i"
PATTERNS = st.lists(st.sampled_from([*PARTS.split(), " "]), max_size=8).map("".join)


OPERANDS = st.one_of(
    TEXTS.map(lambda text: {"contains": text}),
    PATTERNS.map(lambda pattern: {"matches": pattern}),
    PATTERNS.map(lambda pattern: {"matches": f"(?i){pattern}"}),
)


def compiled(operand: dict[str, Any]) -> Test | None:
    """The test that an operand stands for; None when its expression is invalid."""
    try:
        return field_test(operand)
    except ValueError:
        return None


@pytest.mark.finding("I7")
@settings(deadline=None)
@given(st.lists(OPERANDS, min_size=1, max_size=20), st.one_of(TEXTS, st.lists(TEXTS, max_size=2), st.none()))
def test_no_rule_that_matches_is_missed(operands: list[dict[str, Any]], found: Any) -> None:
    tests = [(operand, test) for operand in operands if (test := compiled(operand)) is not None]
    wants = [(at, want) for at, (operand, _) in enumerate(tests) if (want := wanted_by(operand)) is not None]
    positions = list(TextIndex(wants).positions(found)) if wants else []
    assert {at for at, _ in wants if tests[at][1](found)} <= set(positions)
    assert len(positions) == len(set(positions))


@pytest.mark.parametrize(
    ("operand", "texts"),
    [
        ({"contains": "refund"}, ("refund",)),
        ({"contains": "refund", "not": "x"}, ("refund",)),
        ({"contains": 5}, None),
        ({"contains": ""}, None),
        ({"gt": 5}, None),
        ("refund", None),
        ({"matches": r"\bquestion (number )?12\b"}, ("question ", "12")),
        ({"matches": "(?i)Hello+ wo?rld"}, ("hello", " w", "rld")),
        ({"matches": r"^a\.b{2}c{0}d*e+f$"}, ("a.b", "e", "f")),
        ({"matches": "a|b"}, None),
        ({"matches": "(a|b)c"}, ("c",)),
        ({"matches": r"^\d{3}-?\d+$"}, None),
        ({"matches": "abc{e<=1}"}, None),
        ({"matches": "(?P<name>a)b"}, ("b",)),
        ({"matches": "(?P=name)b"}, None),
        ({"matches": "[[:alpha:]]x"}, None),
        ({"matches": r"\p{L}x"}, None),
        ({"matches": "(?i)é"}, None),
    ],
)
def test_what_a_text_must_have(operand: Any, texts: tuple[str, ...] | None) -> None:
    want = wanted_by(operand)
    assert (None if want is None else want.texts) == texts


def test_of_a_thousand_rules_few_are_found() -> None:
    index = TextIndex([(at, TextWant((f"a long beginning, question {at:04}",))) for at in range(1_000)])
    assert list(index.positions("Hello!")) == []
    assert list(index.positions("Here is a long beginning, question 0012.")) == [12]
    assert list(index.positions(5)) == []
    assert list(index.positions(["question 0012"])) == list(range(1_000))


def test_keys_within_each_other_are_all_found() -> None:
    keys = {"a": [1], "ab": [2], "abc": [3], "b": [4], "bcd": [5]}
    assert sorted(KeyFinder(keys)("xabcx")) == [1, 2, 3, 4]
    assert KEY_LENGTH >= 8
