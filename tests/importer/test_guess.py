"""Values that are made from schemas."""

from __future__ import annotations

from typing import Any

import pytest

from emulator.importer.guess import MAX_VALUES
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


def test_what_is_optional_ends_where_a_schema_begins_again(imports: Imports) -> None:
    assert imports.guess("{additionalProperties: {$ref: '#'}}") == {}


def chain(length: int, fields: int, is_required: bool) -> str:
    """Schemas that each hold the next several times."""
    names = [f"p{number}" for number in range(fields)]
    required = f"required: [{', '.join(names)}], " if is_required else ""
    links = [f"{{$ref: '#/$defs/s{number}'}}" for number in range(1, length)] + ["{type: string}"]
    schemas = [f"{{{required}properties: {{{', '.join(f'{name}: {link}' for name in names)}}}}}" for link in links]
    defined = ", ".join(f"s{number}: {each}" for number, each in enumerate(schemas))
    return f"{{$ref: '#/$defs/s0', $defs: {{{defined}}}}}"


def size(value: Any) -> int:
    """How many values are within one."""
    within = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return 1 + sum(map(size, within))


@pytest.mark.parametrize(("length", "fields"), [(7, 4), (10, 4), (12, 40)])
def test_optional_fields_are_left_out_of_a_value_that_would_be_too_large(
    length: int, fields: int, imports: Imports
) -> None:
    value = imports.guess(chain(length, fields, is_required=False))
    assert next(iter(value)) == "p0"
    assert MAX_VALUES / 2 < size(value) <= 2 * MAX_VALUES
    (note,) = imports.notes
    assert note.startswith("this is optional, and left out of a value that has more than 2,000 parts without it (and")


@pytest.mark.parametrize(
    "schema",
    [
        chain(7, 4, is_required=True),
        chain(11, 4, is_required=True),
        "{type: array, minItems: 3000000}",
        "{type: array, minItems: 1000, items: {type: array, minItems: 1000}}",
        "{type: string, minLength: 3000000}",
    ],
)
def test_a_schema_of_which_each_value_is_too_large_is_noted(schema: str, imports: Imports) -> None:
    assert imports.guess(schema) is None
    assert imports.notes == ["each value of this schema has more than 2,000 parts; null stands for it"]


def test_a_field_that_would_be_too_large_leaves_the_others_their_room(imports: Imports) -> None:
    large = "{type: array, minItems: 3000000}"
    assert imports.guess(f"{{required: [b], properties: {{a: {large}, b: {{const: 1}}}}}}") == {"b": 1}


def test_only_the_first_choice_that_has_a_value_is_worked_out(imports: Imports) -> None:
    assert imports.guess("{oneOf: [{const: 1}, {type: array, minItems: 3000000}]}") == 1
    assert imports.notes == []
