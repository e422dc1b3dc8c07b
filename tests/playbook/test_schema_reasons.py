"""Why a schema refuses a value: the field, then the reason in plain words, the value shortened."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import pytest

from emulator.errors import ApiError
from emulator.playbook.json_schema import Schema
from emulator.playbook.schema_reasons import shown
from tests.running import loaded

URL = {"type": "string", "pattern": "^https?://", "must": "be an http or https URL"}


def reason(schema: dict[str, Any], value: Any) -> str:
    """What is said of a value at the field `f`."""
    with pytest.raises(ApiError) as caught:
        Schema({"properties": {"f": schema}}, {}).check({"f": value}, "body")
    assert caught.value.param is not None
    assert caught.value.detail.startswith(f"{caught.value.param}: ")
    return caught.value.detail.removeprefix("f: ")


@pytest.mark.finding("B4")
@pytest.mark.parametrize(
    ("schema", "value", "said"),
    [
        ({"type": "integer"}, 1.5, "must be a whole number; found 1.5"),
        ({"type": "number"}, "1", 'must be a number; found "1"'),
        ({"type": "boolean"}, None, "must be true or false; found null"),
        ({"type": ["string", "array"]}, {}, "must be text or a list; found an object"),
        ({"type": ["string", "null"]}, 12_345, "must be text; found 12,345"),
        ({"type": "null"}, True, "must be null; found true"),
        ({"type": "object"}, [1], "must be an object; found a list"),
        ({"enum": ["a", "b", None]}, "c", 'must be a or b; found "c"'),
        ({"enum": ["a"]}, "c", 'must be a; found "c"'),
        ({"enum": [*range(40)]}, 50, "must be one of: 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11 and 28 more; found 50"),
        ({"const": True}, 1, "must be true; found 1"),
        ({"maxItems": 10_000}, [{"messages": "secret"}] * 10_001, "10,001 items; at most 10,000"),
        ({"minItems": 1}, [], "must not be empty"),
        ({"minItems": 3}, [1], "1 item; at least 3"),
        ({"minLength": 1}, "", "must not be empty"),
        ({"minLength": 3}, "ab", "2 characters; at least 3"),
        ({"maxLength": 3}, "abcd", "4 characters; at most 3"),
        ({"minProperties": 1}, {}, "must not be empty"),
        ({"maxProperties": 1}, {"a": 1, "b": 1}, "2 keys; at most 1"),
        ({"minimum": 0, "maximum": 1}, 2, "must be from 0 to 1; found 2"),
        ({"minimum": 1}, 0, "must be at least 1; found 0"),
        ({"maximum": 200_000}, 10**12, "must be at most 200,000; found 1,000,000,000,000"),
        ({"exclusiveMinimum": 0, "exclusiveMaximum": 1}, 1, "must be more than 0 and less than 1; found 1"),
        ({"exclusiveMinimum": 0, "maximum": 1}, 0, "must be more than 0 and at most 1; found 0"),
        ({"multipleOf": 8}, 7, "must be a multiple of 8; found 7"),
        (URL, "ftp://x", 'must be an http or https URL; found "ftp://x"'),
        (URL, 5, "must be an http or https URL; found 5"),
        ({"pattern": "^x"}, "y" * 99, f'must have the expected form; found "{"y" * 39}…"'),
        ({"uniqueItems": True}, [1, 1], "must not hold the same item twice; found a list"),
        ({"contains": {"type": "string"}}, [1], "must hold an item of the expected form; found a list"),
        ({"not": {"type": "string"}}, "x", 'must be something else; found "x"'),
        ({"not": {"const": 7}, "must": "not be seven"}, 7, "must not be seven; found 7"),
        ({"anyOf": [{"type": "string"}, {"type": "integer"}]}, [], "must be text or a whole number; found a list"),
        ({"anyOf": [{"type": "string", "minLength": 1}, {"type": "array"}]}, "", "must not be empty"),
        (
            {"oneOf": [{"minLength": 1}, {"type": "string"}]},
            "x",
            'must have exactly one of the expected forms; found "x"',
        ),
        ({"oneOf": [{"properties": {"a": {"type": "array", "items": URL}}}]}, {"a": [7]}, "f.a.0: must be an http or"),
        ({"if": {"type": "string"}, "then": {"minLength": 3}}, "ab", "2 characters; at least 3"),
        ({"propertyNames": {"maxLength": 2}}, {"abc": 1}, "must have keys of the expected form; found an object"),
        ({"required": ["a"]}, {}, "f.a: this field is required"),
        ({"dependentRequired": {"a": ["b"]}}, {"a": 1}, "f.b: this field is required"),
        ({"properties": {"a": True}, "additionalProperties": False}, {"b": 1}, "f.b: this field is not known"),
        ({"prefixItems": [True], "items": False}, [1, 2], "f.1: this field is not known"),
        ({"prefixItems": [True], "unevaluatedItems": False}, [1, 2], "must have the expected form; found a list"),
    ],
)
def test_every_keyword_is_explained_in_plain_words_with_the_reason_first(schema: Any, value: Any, said: str) -> None:
    assert reason(schema, value)[: len(said) if said.endswith("or") else None] == said


def test_a_value_is_shown_in_one_short_line() -> None:
    assert shown("a\n\t b", quoted=False) == "a b"
    assert shown("x" * 40) == f'"{"x" * 40}"'
    assert shown(" " * 9_999) == '"…"'
    assert len(shown("word " * 10_000)) == 42
    assert len(shown(10**5_00)) == 40
    assert shown([1] * 9) == "a list"


# ------------------------------------------------------------------------------------------------ of both APIs

VALUES: list[Any] = [
    *(None, True, 0, -1, 1.5, 10**15, "", "x", "x" * 5_000, "https://", "2026-99-99", [], {}, [1], [[]], [{}]),
    *({"a": 1}, {"type": "image"}, {"type": "x"}, [{"role": "user"}], [{"role": "robot", "content": 5}], [{}] * 10_001),
]
FOREIGN = (
    "schema",
    "pattern",
    "regex",
    "regular expr",
    "propert",
    "keyword",
    "is not of type",
    "^",
    "\\",
    "(?",
    "[",
)
OPERATIONS = [(api, name) for api, plan in loaded("default").apis.items() for name in plan.operations]


def fields(schema: Any, schemas: dict[str, Any], depth: int = 4) -> Iterator[tuple[str | int, ...]]:
    """The paths of everything that a schema speaks of; 0 stands for the items of a list."""
    if not isinstance(schema, dict) or not depth:
        return
    if "$ref" in schema:
        yield from fields(schemas[schema["$ref"].rpartition("/")[2]], schemas, depth)
    for part in (*schema.get("allOf", ()), *schema.get("anyOf", ()), *schema.get("oneOf", ()), schema.get("then")):
        yield from fields(part, schemas, depth)
    inside = [*schema.get("properties", {}).items(), *([(0, schema["items"])] if "items" in schema else [])]
    for step, part in inside:
        yield (step,)
        yield from ((step, *path) for path in fields(part, schemas, depth - 1))


def placed(body: Any, path: tuple[str | int, ...], value: Any) -> Any:
    """A copy of the body with a value at a path, which is made where it is not there."""
    if not path:
        return value
    body = deepcopy(body)
    if path[0] == 0:
        rest = body if isinstance(body, list) and body else [{}]
        return [placed(rest[0], path[1:], value), *rest[1:]]
    known: dict[Any, Any] = body if isinstance(body, dict) else {}
    return {**known, path[0]: placed(known.get(path[0]), path[1:], value)}


def refusals(schema: Schema, source: Any, body: Any, schemas: dict[str, Any]) -> Iterator[ApiError]:
    """How a schema refuses a body with each of the values in each of its places."""
    for path in ((), *dict.fromkeys(fields(source, schemas))):
        for value in VALUES:
            try:
                schema.check(placed(body, path, value), "body")
            except ApiError as error:
                yield error


@pytest.mark.finding("B4")
@pytest.mark.parametrize(("api", "name"), OPERATIONS)
def test_no_refusal_of_an_operation_speaks_of_its_schema(api: str, name: str) -> None:
    plan = loaded("default").apis[api]
    part, operation = plan.file.operations[name], plan.operations[name]
    body = next((call.body for call in part.examples if isinstance(call.body, dict)), {})
    parts: tuple[tuple[Schema | None, Any, Any], ...] = (
        (operation.request, part.request, body),
        (operation.query, part.query, {}),
    )
    for schema, source, base in parts:
        if schema is None:
            continue
        for error in refusals(schema, source, base, plan.file.schemas):
            field, _, said = error.detail.partition(": ")
            assert field == (error.param or "body")
            assert not [each for each in FOREIGN if each in said.lower()], error.detail
            assert len(said) < 200, error.detail
