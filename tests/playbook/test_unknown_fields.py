"""Fields that a schema does not name are found wherever they stand, and none that it does."""

from __future__ import annotations

from typing import Any

import pytest

from emulator.playbook.json_schema import Schema

SCHEMAS: dict[str, Any] = {
    "Base": {"type": "object", "properties": {"model": {"type": "string"}}},
    "Message": {"type": "object", "properties": {"role": True, "content": {"items": {"$ref": "#/schemas/Part"}}}},
    "Part": {
        "properties": {"type": {"enum": ["text", "image"]}, "text": True, "source": {"properties": {"url": True}}},
        "allOf": [{"if": {"properties": {"type": {"const": "text"}}}, "then": {"required": ["text"]}}],
    },
}
BODY: dict[str, Any] = {
    "allOf": [{"$ref": "#/schemas/Base"}],
    "properties": {
        "messages": {"type": "array", "items": {"$ref": "#/schemas/Message"}},
        "metadata": {"type": "object"},
        "labels": {"properties": {"a": True}, "additionalProperties": {"type": "string"}},
    },
}


@pytest.mark.finding("B8")
@pytest.mark.parametrize(
    ("value", "unknown"),
    [
        ({}, []),
        ({"model": "m", "messages": [{"role": "user", "content": "Hi"}]}, []),
        ({"model": "m", "tools": [], "tool_choice": {}}, ["tools", "tool_choice"]),
        ({"messages": [{"role": "user", "name": "x"}, {"cache": 1}]}, ["messages.0.name", "messages.1.cache"]),
        ({"messages": [{"content": [{"type": "text", "text": "t", "id": 1}]}]}, ["messages.0.content.0.id"]),
        ({"messages": [{"content": [{"source": {"url": "u", "file": 1}}]}]}, ["messages.0.content.0.source.file"]),
        ({"metadata": {"anything": 1}, "labels": {"a": 1, "b": "c"}}, []),
        (["no object"], []),
    ],
)
def test_a_field_that_no_schema_names_is_found_however_deep(value: Any, unknown: list[str]) -> None:
    assert sorted(Schema(BODY, SCHEMAS).unknown(value)) == sorted(unknown)


def test_at_most_twenty_are_named_and_one_of_a_large_value() -> None:
    schema = Schema(BODY, SCHEMAS)
    assert len(schema.unknown({f"field_{at}": at for at in range(100)})) == 20
    assert len(schema.unknown({"messages": [{"role": "user", "name": "x"}] * 5_000})) == 1


INVERTED: dict[str, Any] = {"not": {"$ref": "#/schemas/Pair"}}
PAIR: dict[str, Any] = {
    "Pair": {"properties": {"left": {"$ref": "#/schemas/Side"}}, "required": ["left"]},
    "Side": {"properties": {"name": {"type": "string"}}},
}


@pytest.mark.parametrize(
    ("value", "plain"),
    [
        ({"model": "m", "messages": [{"role": "user", "content": "Hi"}]}, True),
        ({"metadata": {"anything": 1}, "labels": {"a": 1, "b": "c"}}, True),
        ({"model": "m", "tools": []}, False),
        ({"model": 1}, False),
        ({"messages": [{"content": [{"type": "text"}]}]}, False),
    ],
)
def test_a_plain_value_fits_and_has_no_unknown_field(value: Any, plain: bool) -> None:
    schema = Schema(BODY, SCHEMAS)
    assert schema.is_plain(value) is plain is (schema.fits(value) and not schema.unknown(value))


def test_a_value_is_not_plain_that_fits_only_because_it_has_an_unknown_field() -> None:
    schema, value = Schema(INVERTED, PAIR), {"left": {"name": "n", "other": 1}}
    assert not schema.fits(value)
    assert not schema.is_plain(value)
