"""What a request can have follows from its schemas, `$ref` and the words that combine schemas included."""

from __future__ import annotations

from typing import Any

import pytest

from emulator.check.fields import VIEWS, Fields, query_steps, shape
from emulator.generate.text import GeneratedText
from tests.library import Library, api

SCHEMAS: dict[str, Any] = {
    "Base": {"properties": {"model": {"type": "string"}}},
    "Item": {"type": "object", "properties": {"role": {"type": "string"}}, "additionalProperties": False},
    "Loop": {"$ref": "#/schemas/Loop"},
}


@pytest.mark.parametrize(
    ("schema", "fields", "closed"),
    [
        ({"properties": {"a": {}}}, ["a"], False),
        ({"$ref": "#/schemas/Item"}, ["role"], True),
        ({"allOf": [{"$ref": "#/schemas/Base"}], "properties": {"n": {}}}, ["model", "n"], False),
        ({"anyOf": [{"properties": {"a": {}}}, {"properties": {"b": {}}}]}, ["a", "b"], False),
        ({"oneOf": [{"type": "string"}, {"properties": {"b": {}}}], "unevaluatedProperties": False}, ["b"], True),
        ({"$ref": "#/schemas/Loop"}, [], False),
        ({"$ref": "#/schemas/None"}, [], False),
        (True, [], False),
    ],
)
def test_a_schema_names_fields_and_says_whether_there_can_be_others(
    schema: Any, fields: list[str], closed: bool
) -> None:
    found = shape(schema, SCHEMAS)
    assert (sorted(found.fields), found.closed) == (fields, closed)


def test_a_field_is_followed_through_lists_and_references(library: Library) -> None:
    more = "schemas: {Item: {type: object, properties: {role: {type: string}}, additionalProperties: false}}\n"
    request = "request: {type: object, properties: {items: {type: array, items: {$ref: '#/schemas/Item'}}}}"
    found = library.demo(api(more, f"echo.create:\n  route: POST /echo\n  {request}\n  rules: []\n"))
    fields = Fields(found, found.file.operations["echo.create"])
    assert fields.schema_of(("body", "items", "last", "role")) == {"type": "string"}
    assert fields.unknown(("body", "items", 0, "role")) is None
    assert fields.unknown(("body", "items", "0", "roles")) == (
        "body.items.0 has no 'roles'; expected one of: role; did you mean 'role'?"
    )
    assert fields.unknown(("body", "items[0]", "role")) is None, "brackets are refused where paths are read"
    assert fields.unknown(("body", "other", "thing")) is None
    assert fields.unknown(("query", "anything")) is None
    assert fields.schema_of(("query", "anything")) is None


def test_a_json_path_leads_to_a_field_as_far_as_it_is_plain() -> None:
    assert query_steps("$.a[*].b") == ("body", "a", 0, "b")
    assert query_steps("$['a'][3]") == ("body", "a", 0)
    assert query_steps("$.a[?@.b == 1].c") == ("body", "a")
    assert query_steps("$..a") == ("body",)


def test_an_answer_has_what_templates_are_given() -> None:
    values = GeneratedText("{}", ["{}"], "stop", 1, 1, "", data={}).values()
    assert sorted(VIEWS["answer"]) == sorted(values)
