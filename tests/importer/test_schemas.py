"""Schemas become JSON Schemas of the API file: those of requests, with what OpenAPI says in its own way."""

from __future__ import annotations

from typing import Any

import pytest

from tests.importer.conftest import Imports, operation


def taken(imports: Imports, schema: str, version: str = "3.1.0") -> Any:
    text = f"requestBody: {{required: true, content: {{application/json: {{schema: {schema}}}}}}}\nresponses: {{}}\n"
    return imports.only(operation(text, method="post").replace("3.1.0", version))["request"]


@pytest.mark.parametrize(
    ("schema", "wanted"),
    [
        ("{type: string, nullable: true}", {"type": ["string", "null"]}),
        ("{type: string, nullable: true, enum: [a]}", {"type": ["string", "null"], "enum": ["a", None]}),
        ("{nullable: true, anyOf: [{type: string}]}", {"anyOf": [{"anyOf": [{"type": "string"}]}, {"type": "null"}]}),
        ("{minimum: 1, exclusiveMinimum: true}", {"exclusiveMinimum": 1}),
        ("{minimum: 1, exclusiveMinimum: false}", {"minimum": 1}),
        ("{type: object, additionalProperties: false}", {"type": "object", "additionalProperties": False}),
    ],
)
def test_openapi_30_has_words_of_its_own(schema: str, wanted: Any, imports: Imports) -> None:
    assert taken(imports, schema, "3.0.3") == wanted
    assert imports.notes == []


@pytest.mark.parametrize(
    ("schema", "wanted"),
    [
        ("{type: [string, 'null'], exclusiveMinimum: 1}", {"type": ["string", "null"], "exclusiveMinimum": 1}),
        ("{title: A, description: B, example: C, xml: {}, x-own: 1, deprecated: true}", {}),
        ("{properties: {x-a: {const: 1}, b: true, c: false}}", {"x-a": {"const": 1}, "b": {}, "c": {"not": {}}}),
        ("{pattern: '^a'}", {"pattern": "^a", "must": "match ^a"}),
        ("{not: {items: {if: {}, then: {}}}}", {"not": {"items": {"if": {}, "then": {}}}}),
    ],
)
def test_what_requests_are_checked_by_stays(schema: str, wanted: Any, imports: Imports) -> None:
    found = taken(imports, schema)
    assert found.get("properties", found) == wanted


def test_a_field_that_only_responses_have_is_not_required(imports: Imports) -> None:
    properties = "id: {readOnly: true}, name: {}"
    assert taken(imports, f"{{required: [id, name], properties: {{{properties}}}}}")["required"] == ["name"]
    assert "required" not in taken(imports, f"{{required: [id], properties: {{{properties}}}}}")


def test_what_can_not_be_expressed_is_noted(imports: Imports) -> None:
    assert taken(imports, "{$anchor: a, pattern: '(?<!', properties: {a: {required: true}}}") == {
        "properties": {"a": {}}
    }
    assert imports.notes == [
        "'$anchor' of a schema is left out",
        "a pattern that is no regular expression here is left out",
        "`required` is no list of names here, and is left out",
    ]


def test_what_is_no_json_schema_is_refused_at_its_place(imports: Imports) -> None:
    text = "requestBody: {content: {application/json: {schema: {properties: {a: {«type: texts}}}}}}\nresponses: {}\n"
    (message,) = imports.refused(operation(text, method="post"))
    assert message.startswith("not a JSON Schema: ")


def test_what_is_referred_to_is_looked_at_too(imports: Imports) -> None:
    more = "components: {schemas: {Pet: {properties: {a: {«type: []}}}}}\n"
    schema = "{$ref: '#/components/schemas/Pet'}"
    text = f"requestBody: {{content: {{application/json: {{schema: {schema}}}}}}}\nresponses: {{}}\n"
    (message,) = imports.refused(operation(text, method="post", more=more))
    assert message.startswith("not a JSON Schema: ")


def test_two_schemas_of_one_name_are_told_apart(imports: Imports) -> None:
    imports.write("other.yaml", "Pet: {const: 2}\n")
    more = "components: {schemas: {Pet: {const: 1}}}\n"
    schema = "{allOf: [{$ref: '#/components/schemas/Pet'}, {$ref: 'other.yaml#/Pet'}]}"
    text = f"requestBody: {{content: {{application/json: {{schema: {schema}}}}}}}\nresponses: {{}}\n"
    found = imports.file(operation(text, method="post", more=more))
    assert found["schemas"] == {"Pet": {"const": 1}, "Pet_2": {"const": 2}}


def test_choices_that_are_no_list_are_refused(imports: Imports) -> None:
    text = "requestBody: {content: {application/json: {schema: {nullable: true, «enum: 5}}}}\nresponses: {}\n"
    (message,) = imports.refused(operation(text, method="post").replace("3.1.0", "3.0.3"))
    assert message.startswith("not a JSON Schema: ")
