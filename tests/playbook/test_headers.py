"""Header lines: what is known at load, what each answer computes, and what can't stand in a header."""

from __future__ import annotations

from typing import Any

import pytest

from emulator.app import LANGUAGE
from emulator.errors import Location, TemplateError
from emulator.language.expressions.runtime import MISSING
from emulator.language.expressions.template import compile_tree
from emulator.playbook.headers import Headers

HERE = Location("headers.yaml", 3, 5)
FIXED = ((b"Content-Type", b"text/plain"),)


def headers(*sources: str) -> Headers:
    computed = [
        (f"X-{at}".encode(), compile_tree(source, LANGUAGE, lambda path: HERE)) for at, source in enumerate(sources)
    ]
    return Headers(FIXED, computed)


def test_fixed_lines_come_first_and_computed_ones_follow() -> None:
    made = headers("{{ n }}", "n is {{ n }}")
    for _ in range(2):  # the first time the function is made
        assert made.lines({"n": 7}) == [*FIXED, (b"X-0", b"7"), (b"X-1", b"n is 7")]


@pytest.mark.parametrize("missing", [None, MISSING])
def test_a_line_that_is_null_or_absent_is_left_out(missing: Any) -> None:
    assert headers("{{ a }}", "{{ b }}").lines({"a": missing, "b": "there"}) == [*FIXED, (b"X-1", b"there")]
    assert headers("{{ a }}").lines({}) == [*FIXED]


@pytest.mark.parametrize("value", ["a\r\nSet-Cookie: b", "a\nb", "tab\there", "ü", "\x00"])
def test_what_cannot_stand_in_a_header_is_an_error_with_its_place(value: str) -> None:
    with pytest.raises(TemplateError, match=r"headers\.yaml:3:5: the header X-0 can't hold"):
        headers("{{ a }}").lines({"a": value})


def test_every_answer_gets_lines_of_its_own() -> None:
    made = headers("{{ n }}")
    made.lines({"n": 1}).append((b"More", b"1"))
    assert made.lines({"n": 2}) == [*FIXED, (b"X-0", b"2")]
    assert Headers(FIXED).lines({}) == [*FIXED]
