"""The shape of a body is read from the template that makes it."""

from __future__ import annotations

from typing import Any

import pytest

from emulator.openapi.shapes import either, shape


@pytest.mark.parametrize(
    ("tree", "wanted"),
    [
        ("message", {"const": "message"}),
        (7, {"type": "integer", "const": 7}),
        (True, {"type": "boolean", "const": True}),
        (None, {"type": "null"}),
        ([], {"type": "array"}),
        (["a", "a"], {"type": "array", "items": {"const": "a"}}),
        ({"$literal": "{{ x }}"}, {"const": "{{ x }}"}),
        ({"$each": "{{ body.a }}", "value": "{{ path.b }}"}, {"type": "array", "items": {"type": "string"}}),
        ({"$each": "{{ body.a }}", "as": "piece"}, {"type": "array", "items": {}}),
        ({"$if": "{{ body.a }}", "then": "a", "else": 1}, {"anyOf": [{"const": "a"}, {"type": "integer", "const": 1}]}),
        ({"{{ body.a }}": 1}, {}),
    ],
)
def test_the_shape_of_a_tree(tree: Any, wanted: Any) -> None:
    assert shape(tree, {}) == wanted


def test_a_key_that_may_be_left_out_is_not_required() -> None:
    tree = {"id": "{{ new_id('a') }}", "hint": {"$if": "{{ body.a }}", "then": "look"}}
    assert shape(tree, {}) == {
        "type": "object",
        "properties": {"id": {"type": "string"}, "hint": {"const": "look"}},
        "required": ["id"],
    }


def test_a_mapping_laid_over_another_may_have_the_key_of_either() -> None:
    found = shape({"$merge": [{"a": 1, "b": "x"}, {"a": {"$if": "{{ body.a }}", "then": 2}}]}, {})
    ones = {"anyOf": [{"type": "integer", "const": 1}, {"type": "integer", "const": 2}]}
    assert found == {"type": "object", "properties": {"a": ones, "b": {"const": "x"}}, "required": ["a", "b"]}


def test_what_may_be_anything_swallows_the_others() -> None:
    assert either([{"const": "a"}, {}]) == {}
    assert either([]) == {}
