"""What is wrong with an expression is said in plain words, with the cure."""

from __future__ import annotations

import pytest

from emulator.app import LANGUAGE
from emulator.errors import DocumentError, Location
from emulator.language.expressions.wording import plain_words


@pytest.mark.finding("F8")
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{{ body.a", "the expression ends too early; is a bracket or '}}' missing?"),
        ("{{ 'a }}", "a quote is never closed"),
        ("{{ (1 }}", "expected ')' before the expression ends"),
        ("{{ a b }}", "expected the end of the expression, found 'b'; is an operator"),
        ("{{ a = b }}", "'=' can't stand here; to compare, write '==' instead of '='"),
        ("{{ 1 + }}", "a value is missing at the end of the expression"),
        ("{{ a && b }}", "'&' is no operator; write 'and', 'or', 'not'"),
        ("{{ a. }}", "expected a name after the '.'"),
        ("{{ }}", "the expression is empty"),
        ("{{ a | }}", "a name is missing at the end of the expression"),
        ("{{ a + * b }}", "'*' can't stand here; is a value or an operator missing before it?"),
        ("{% if a %}x", "'{% if … %}' is never closed; expected '{% endif %}'"),
        ("{% endif %}", "'{% endif %}' belongs to nothing before it"),
        ("{% foo %}", "unknown statement '{% foo %}'; expected one of: for, if"),
        ("{% %}", "expected a statement after '{%', such as 'if' or 'for'"),
        ("{# x", "a '{#' begins a comment, and no '#}' ends it"),
    ],
)
def test_a_mistake_is_named_with_its_cure(text: str, expected: str) -> None:
    with pytest.raises(DocumentError) as caught:
        LANGUAGE.scalar(text, lambda: Location("x.yaml", 1, 1))
    assert caught.value.diagnostics[0].message.startswith(expected)


def test_other_words_stay_as_they_are() -> None:
    assert plain_words("unknown function 'x'; there are none") == "unknown function 'x'; there are none"
