"""What the fields of a request rest on, as its schema says."""

from __future__ import annotations

from typing import Any

import pytest

from emulator.playbook.parameters import Marks, RequestField, claims_in, marks_of, unknown_classes

SCHEMAS: dict[str, Any] = {
    "Part": {"properties": {"kind": {}, "image": {"claims": ["VISION"]}, "of": {"$ref": "#/schemas/Part"}}},
    "Base": {"properties": {"model": {"type": "string", "claims": ["MODEL"]}}},
}
SCHEMA: dict[str, Any] = {
    "claims": ["ALL"],
    "$ref": "#/schemas/Base",
    "allOf": [{"properties": {"size": {"claims": ["SIZE"], "class": "inferred"}}}],
    "properties": {
        "top": {"type": "integer", "class": "invented"},
        "parts": {"claims": ["PARTS"], "items": {"$ref": "#/schemas/Part"}},
        "words": {"items": {"claims": ["WORD"]}},
        "plain": {"type": "string"},
        "claims": {"claims": ["NAMED"]},
    },
}
MARKS = marks_of(SCHEMA, SCHEMAS)


@pytest.mark.parametrize(
    ("value", "used"),
    [
        ({}, []),
        ({"model": "m", "plain": "p"}, [RequestField("body.model", ("MODEL",), None)]),
        (
            {"top": 1, "size": 2},
            [RequestField("body.top", (), "invented"), RequestField("body.size", ("SIZE",), "inferred")],
        ),
        ({"top": None}, []),
        ({"top": 0, "more": False}, [RequestField("body.top", (), "invented")]),
        ({"claims": ["x"]}, [RequestField("body.claims", ("NAMED",), None)]),
        ({"words": []}, []),
        ({"words": ["a"]}, [RequestField("body.words", ("WORD",), None)]),
        (
            {"parts": [{"kind": "k"}, {"image": 1, "of": {"image": 1}}]},
            [RequestField("body.parts", ("PARTS",), None), RequestField("body.parts.image", ("VISION",), None)],
        ),
        (["no", "object"], []),
        (None, []),
    ],
)
def test_the_marked_fields_that_a_value_has_are_named(value: Any, used: list[RequestField]) -> None:
    assert list(MARKS.used(value, "body")) == used


@pytest.mark.parametrize(
    ("path", "claims"),
    [
        ("", ("ALL",)),
        ("model", ("ALL", "MODEL")),
        ("plain", ("ALL",)),
        ("parts.0.image.data", ("ALL", "VISION")),
        ("parts", ("ALL", "PARTS")),
        ("nothing.at.all", ("ALL",)),
    ],
)
def test_a_refused_field_rests_on_its_own_claims_or_those_around_it(path: str, claims: tuple[str, ...]) -> None:
    assert MARKS.at(path.split(".")) == claims


def test_a_schema_without_marks_is_empty_and_one_within_itself_ends() -> None:
    assert marks_of({"properties": {"a": {"type": "string"}}}, {}).empty
    assert marks_of(5, {}) == Marks()
    assert not marks_of({"$ref": "#/schemas/Part"}, SCHEMAS).empty


def test_claims_are_cited_where_a_schema_stands_and_not_where_a_field_is_called_so() -> None:
    found = [(path, claim) for path, claim in claims_in(SCHEMA)]
    assert (("properties", "claims", "claims", 0), "NAMED") in found
    assert {claim for _, claim in found} == {"ALL", "SIZE", "PARTS", "WORD", "NAMED"}
    assert list(unknown_classes(SCHEMA)) == []
    wrong = {"items": {"class": "guess"}, "properties": {"class": {"class": None}}}
    assert list(unknown_classes(wrong)) == [(("items", "class"), "guess"), (("properties", "class", "class"), None)]
    assert list(claims_in({"default": {"claims": ["no"]}, "enum": [{"claims": ["no"]}]})) == []
