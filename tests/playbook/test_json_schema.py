"""A JSON Schema says whether a body or a query fits, and if not, which field is wrong."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.errors import ApiError
from emulator.playbook.json_schema import MAX_KNOWN, MAX_KNOWN_LENGTH, Schema

SCHEMAS: dict[str, Any] = {
    "Base": {"type": "object", "required": ["model"], "properties": {"model": {"type": "string"}}},
    "Message": {
        "type": "object",
        "required": ["role", "content"],
        "properties": {"role": {"enum": ["user", "assistant"]}, "content": {"type": "string"}},
    },
}
BODY: dict[str, Any] = {
    "$ref": "#/schemas/Base",
    "allOf": [{"properties": {"n": {"type": "integer", "default": 1}}}],
    "properties": {
        "temperature": {"type": "number", "minimum": 0, "maximum": 1, "default": 1.0},
        "messages": {"type": "array", "items": {"$ref": "#/schemas/Message"}},
        "tags": {"type": "array", "default": []},
        "old": False,
    },
    "unevaluatedProperties": False,
}


def refusal(value: Any, schema: dict[str, Any] = BODY) -> ApiError:
    with pytest.raises(ApiError) as caught:
        Schema(schema, SCHEMAS).check(value, "body")
    assert caught.value.kind == "invalid"
    return caught.value


def test_what_fits_is_let_through_with_the_defaults_of_the_top_level() -> None:
    body = {"model": "m", "messages": [{"role": "user", "content": "Hi"}]}
    Schema(BODY, SCHEMAS).check(body, "body")
    assert body == {**body, "n": 1, "temperature": 1.0, "tags": []}


def test_a_default_that_can_change_is_each_bodys_own() -> None:
    schema, one, other = Schema(BODY, SCHEMAS), {"model": "m"}, {"model": "m"}
    schema.check(one, "body")
    schema.check(other, "body")
    assert one["tags"] is not other["tags"]


@pytest.mark.parametrize(
    ("body", "param", "sentence"),
    [
        ({}, "model", "model: this field is required"),
        ({"temperature": 2}, "model", "model: this field is required"),
        ({"model": 5}, "model", "model: must be text; found 5"),
        ({"model": "m", "temperature": 1.5}, "temperature", "temperature: must be from 0 to 1; found 1.5"),
        ({"model": "m", "n": 1.5}, "n", "n: must be a whole number; found 1.5"),
        ({"model": "m", "messages": [{"role": "user"}]}, "messages.0.content", "messages.0.content: this field is req"),
        (
            {"model": "m", "messages": [{"role": "x", "content": ""}]},
            "messages.0.role",
            "messages.0.role: must be user",
        ),
        ({"model": "m", "old": 1}, "old", "old: this field is not known"),
        ({"model": "m", "mdoel": 1}, "mdoel", "mdoel: this field is not known"),
        ([], None, "body: must be an object; found a list"),
        (None, None, "body: must be an object; found null"),
    ],
)
def test_the_first_wrong_field_is_named(body: Any, param: str | None, sentence: str) -> None:
    error = refusal(body)
    assert (error.param, error.detail[: len(sentence)]) == (param, sentence)


def test_what_is_missing_goes_before_what_is_wrong_and_the_top_before_the_depth() -> None:
    assert refusal({"temperature": 7, "messages": [{}]}).param == "model"
    assert refusal({"model": "m", "temperature": 7, "messages": [{}]}).param == "temperature"


def test_a_large_body_that_is_wrong_in_every_item_is_refused_by_its_first_mistake() -> None:
    assert refusal({"model": "m", "messages": [{"role": 5}] * 5_000}).param is not None


def test_a_very_long_value_does_not_make_a_very_long_sentence() -> None:
    error = refusal({"model": "m", "messages": "x" * 100_000})
    assert error.param == "messages"
    assert len(error.detail) < 400


@pytest.mark.parametrize("schema", [{"type": "objekt"}, {"$ref": "#/schemas/None"}, {"pattern": "("}])
def test_a_schema_that_is_none_is_refused_at_load(schema: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"\S"):
        Schema(schema, SCHEMAS)


QUERY: dict[str, Any] = {
    "properties": {
        "n": {"type": "integer"},
        "x": {"type": "number"},
        "flag": {"type": "boolean"},
        "word": {"type": "string"},
        "either": {"type": ["integer", "null", "boolean"]},
        "any": {},
        "ref": {"$ref": "#/schemas/Base"},
    }
}


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("n", "5", 5),
        ("n", "-5", -5),
        ("n", "007", 7),
        ("n", "1_000", "1_000"),
        ("n", " 5", " 5"),
        ("n", "٣", "٣"),
        ("n", "5.0", "5.0"),
        ("n", "9" * 50, "9" * 50),
        ("n", "", ""),
        ("x", "5", 5.0),
        ("x", "-0.25", -0.25),
        ("x", "nan", "nan"),
        ("x", "inf", "inf"),
        ("x", "1e5", "1e5"),
        ("flag", "true", True),
        ("flag", "FALSE", False),
        ("flag", "1", "1"),
        ("word", "5", "5"),
        ("either", "5", 5),
        ("either", "true", True),
        ("either", "x", "x"),
        ("any", "5", "5"),
        ("unknown", "5", "5"),
    ],
)
def test_a_query_is_converted_to_the_types_that_its_schema_names(name: str, text: str, value: Any) -> None:
    converted = Schema(QUERY, SCHEMAS).convert({name: text})[name]
    assert converted == value
    assert type(converted) is type(value)


@given(st.dictionaries(st.sampled_from([*QUERY["properties"], "other"]), st.text(max_size=45)))
def test_no_query_makes_conversion_or_checking_fail(query: dict[str, str]) -> None:
    schema = Schema(QUERY, SCHEMAS)
    converted = schema.convert(query)
    assert converted.keys() == query.keys()
    with contextlib.suppress(ApiError):
        schema.check(converted, "query")


@pytest.mark.bound("valid bodies that are kept, as clients send the same again")
def test_what_is_remembered_of_bodies_is_bounded() -> None:
    schema = Schema(BODY, SCHEMAS)
    for number in range(3 * MAX_KNOWN):
        for _ in range(2):
            schema.remember(b"%d" % number, number)
        assert schema.recall(b"%d" % number) == number
    assert sum(schema.recall(b"%d" % number) is not None for number in range(3 * MAX_KNOWN)) <= MAX_KNOWN
    long = b" " * MAX_KNOWN_LENGTH + b"1"
    schema.remember(long, 1)
    schema.remember(long, 1)
    assert schema.recall(long) is None


def test_a_body_is_known_once_it_has_come_twice() -> None:
    schema = Schema(BODY, SCHEMAS)
    seen = []
    for _ in range(2):
        schema.remember(b" 1 ", 1)
        seen.append(schema.recall(b" 1 "))
    assert seen == [None, 1]


def test_a_long_body_is_not_even_hashed() -> None:
    class Unhashed(bytes):
        __hash__ = None  # type: ignore[assignment]

    schema = Schema(BODY, SCHEMAS)
    schema.remember(Unhashed(MAX_KNOWN_LENGTH + 1), 1)
    assert schema.recall(Unhashed(MAX_KNOWN_LENGTH + 1)) is None
