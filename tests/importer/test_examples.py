"""Examples: those of the document go before what is made."""

from __future__ import annotations

from typing import Any

import pytest

from emulator.importer.examples import examples_of, literal
from emulator.importer.guess import Guesses
from tests.importer.conftest import Imports


@pytest.mark.parametrize(
    ("text", "values", "guessed"),
    [
        ("{example: 1, examples: {a: {value: 2}}}", [1, 2], False),
        ("{schema: {type: integer, example: 3}}", [3], False),
        ("{schema: {examples: [4, 5]}}", [4], False),
        ("{schema: {type: integer}}", [1], True),
        ("{schema: {properties: {a: {example: 6}}}}", [{"a": 6}], True),
        ("{}", [{}], True),
        ("{schema: {type: array}, example: '[7]'}", [[7]], False),
        ("{schema: {type: array}, example: '[7'}", ["[7"], False),
        ("{schema: {type: string}, example: '[7]'}", ["[7]"], False),
    ],
)
def test_the_first_is_the_one_to_give(text: str, values: list[Any], guessed: bool, imports: Imports) -> None:
    part, sources = imports.part(text)
    found = examples_of(part, sources, Guesses(sources, of_request=False))
    assert [each.value for each in found] == values
    assert found[0].guessed is guessed


@pytest.mark.parametrize("value", [{"a": 1}, ["b"], 7, "plain", True])
def test_what_means_itself_is_written_as_it_is(value: Any) -> None:
    assert literal(value) == value


@pytest.mark.parametrize("value", [{"a": ["{{ b }}"]}, {"$each": 1}, {"{a}": 1}, "{% if %}", "${A}", None])
def test_what_a_template_would_work_out_is_marked(value: Any) -> None:
    assert literal(value) == {"$literal": value}
