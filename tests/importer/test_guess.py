"""Values that are made from schemas."""

from __future__ import annotations

from typing import Any

import pytest

from tests.importer.conftest import Imports


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ("true", {}),
        ("{type: string}", "text"),
        ("{type: string, minLength: 6, maxLength: 7}", "textte"),
        ("{type: string, maxLength: 2}", "te"),
        ("{type: string, format: date}", "2026-01-01"),
        ("{type: integer, minimum: 3}", 3),
        ("{type: integer, exclusiveMinimum: 3}", 4),
        ("{type: integer, minimum: 3, exclusiveMinimum: true}", 4),
        ("{type: integer, maximum: -1}", -1),
        ("{type: number, multipleOf: 5}", 5),
        ("{type: boolean}", True),
        ("{type: ['null', integer]}", 1),
        ("{type: 'null'}", None),
        ("{enum: [b, a]}", "b"),
        ("{const: 7}", 7),
        ("{type: string, default: d, enum: [a, d]}", "d"),
        ("{type: string, example: shown, default: d}", "shown"),
        ("{type: string, examples: [shown, other]}", "shown"),
        ("{type: array, items: {type: integer}, minItems: 2}", [1, 1]),
        ("{type: array}", [{}]),
        ("{additionalProperties: {type: integer}}", {"key": 1}),
        ("{properties: {a: {type: integer}, b: {const: 2}}}", {"a": 1, "b": 2}),
        ("{allOf: [{properties: {a: {const: 1}}}, {properties: {b: {const: 2}}}], properties: {c: {const: 3}}}", 3),
        ("{oneOf: [{type: 'null'}, {const: 7}]}", 7),
        ("{anyOf: [{type: 'null'}]}", None),
        ("{oneOf: [{properties: {a: {const: 1}}}], properties: {b: {const: 2}}}", {"a": 1, "b": 2}),
    ],
)
def test_a_value_is_as_the_schema_says(schema: str, value: Any, imports: Imports) -> None:
    found = imports.guess(schema)
    assert found == value if not isinstance(found, dict) or isinstance(value, dict) else len(found) == value
    assert imports.notes == []


def test_requests_and_responses_have_fields_that_the_other_must_not_have(imports: Imports) -> None:
    schema = "{properties: {id: {readOnly: true, const: 1}, secret: {writeOnly: true, const: 2}}}"
    assert imports.guess(schema) == {"id": 1}
    assert imports.guess(schema, of_request=True) == {"secret": 2}


def test_a_value_ends_where_the_schema_begins_again(imports: Imports) -> None:
    tree = "{properties: {name: {const: a}, left: {$ref: '#'}, all: {type: array, items: {$ref: '#'}}}}"
    assert imports.guess(tree) == {"name": "a", "all": []}
    assert imports.guess("{oneOf: [{$ref: '#'}, {const: 1}]}") == 1


@pytest.mark.parametrize(
    "schema",
    [
        "{properties: {left: {$ref: '#'}}, required: [left]}",
        "{type: array, items: {$ref: '#'}, minItems: 1}",
        "{oneOf: [{$ref: '#'}]}",
    ],
)
def test_a_schema_of_which_no_value_ends_is_noted(schema: str, imports: Imports) -> None:
    assert imports.guess(schema) is None
    assert imports.notes == ["each value of this schema holds another one of it, without end; null stands for it"]
