"""What is wrong with a value is told in plain words."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
import pytest
from msgspec import Meta

from emulator.control.parsing import in_words


@pytest.mark.parametrize(
    ("value", "shape", "told"),
    [
        ("x", int | None, "expected a whole number or null; found text"),
        ("x", float, "expected a number; found text"),
        (1, bool | None, "expected true, false or null; found a whole number"),
        (1, bool, "expected true or false; found a whole number"),
        (True, str, "expected text; found true or false"),
        ([], dict[str, Any], "expected an object; found a list"),
        ({}, list[str], "expected a list; found an object"),
        (None, str, "expected text; found null"),
        ([], Annotated[list[str], Meta(min_length=1)], "expected a list with at least one item"),
        (["a"] * 3, Annotated[list[str], Meta(max_length=2)], "expected a list with at most 2 items"),
        ("", Annotated[str, Meta(min_length=1)], "expected text with at least one character"),
        (0, Annotated[int, Meta(ge=1)], "expected a whole number from 1"),
        (3, Annotated[int, Meta(le=2)], "expected a whole number up to 2"),
        ("a b", Annotated[str, Meta(pattern="^[!-~]+$")], "expected text of printable ASCII characters without spaces"),
        ("a'b", Annotated[str, Meta(pattern="^[a-z']\\d$")], "expected text in another form"),
        ([1], str | float, None),
    ],
)
def test_it_is_told_in_the_words_of_the_documentation(value: Any, shape: Any, told: str | None) -> None:
    with pytest.raises(msgspec.ValidationError) as refused:
        msgspec.convert(value, shape)
    said = in_words(str(refused.value))
    assert said in (
        (told,) if told else ("expected text or a number; found a list", "expected a number or text; found a list")
    )


@pytest.mark.parametrize("message", ["Object missing required field `a`", "Invalid value 'x'"])
def test_another_message_stays_without_its_marks(message: str) -> None:
    assert in_words(message) == message.replace("`", "")
