"""What templates refer to is found, with whether they cope when it is missing."""

from __future__ import annotations

from typing import Any

import pytest

from emulator.check.references import asked_in, references
from emulator.errors import Location


def found(tree: Any) -> list[tuple[str, bool]]:
    return [(str(each), each.guarded) for each in references(tree, lambda path: Location("x"))]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain", []),
        ("{{ body.a.b }}", [("body.a.b", False)]),
        ("{{ body['a'][0].b }}", [("body.a.0.b", False)]),
        ("{{ models[body.model].name }}", [("body.model", False), ("models", True)]),
        ("{{ body.a | default(1) }}", [("body.a", True)]),
        ("{{ body.a | upper }}", [("body.a", False)]),
        ("{{ body.a is defined }}", [("body.a", True)]),
        ("{{ body.a or body.b }}", [("body.a", True), ("body.b", False)]),
        ("{{ body.a if body.a else 1 }}", [("body.a", True), ("body.a", True)]),
        ("{{ body.a if body.b else 1 }}", [("body.b", True), ("body.a", False)]),
        ("{{ body.a == 1 and not body.b }}", [("body.a", False), ("body.b", True)]),
        ("{{ tokens(body.a) }}", [("body.a", False)]),
        ("{% if body.a %}{{ body.a }}{{ body.b }}{% endif %}", [("body.a", True), ("body.a", True), ("body.b", False)]),
        ("{% for each in body.a %}{{ each.b }}{% endfor %}", [("body.a", False)]),
        ("{{ 1 + }}", []),
    ],
)
def test_an_expression_names_fields(text: str, expected: list[tuple[str, bool]]) -> None:
    assert sorted(found(text)) == sorted(expected)


def test_what_an_each_binds_is_not_a_reference_and_what_an_if_asks_is_guarded() -> None:
    tree = {
        "list": {"$each": "{{ body.a }}", "as": "one", "value": "{{ one.b }}{{ index }}"},
        "choice": {"$if": "{{ body.c }}", "then": "{{ body.c }}", "else": ["{{ body.d }}"]},
        "as it is": {"$literal": "{{ body.e }}"},
    }
    assert found(tree) == [("body.a", False), ("body.c", True), ("body.c", True), ("body.d", False)]


def test_a_condition_asks_for_its_fields() -> None:
    assert asked_in(None) == frozenset()
    assert asked_in("{{ body.a and body.b }}") == {("body", "a"), ("body", "b")}
    assert asked_in({"body.a": 1, "expr": "{{ path.b == 1 }}"}) >= {("body", "a"), ("path", "b")}
