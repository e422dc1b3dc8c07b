"""Counting and cutting text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.generate.tokens import count_tokens, pieces


@pytest.mark.parametrize(("text", "tokens"), [("", 0), ("a", 1), ("abcd", 1), ("abcde", 2), ("x" * 96, 24)])
def test_a_token_is_four_characters_rounded_up(text: str, tokens: int) -> None:
    assert count_tokens(text) == tokens


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("Hello", ["Hello"]),
        ("Hello, big world", ["Hello,", " big", " world"]),
        ("two  spaces", ["two", "  spaces"]),
        ("a line\n\n  and another", ["a", " line", "\n\n  and", " another"]),
        (" before and after ", [" before", " and", " after", " "]),
        ("   ", ["   "]),
    ],
)
def test_white_space_stays_with_the_word_after_it(text: str, expected: list[str]) -> None:
    assert list(pieces(text)) == expected


@given(st.text(st.sampled_from("ab \n\t\x1f\u3000é")))
def test_the_pieces_are_never_empty_and_joined_are_the_text(text: str) -> None:
    cut = pieces(text)
    assert all(cut)
    assert "".join(cut) == text
