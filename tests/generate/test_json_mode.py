"""JSON mode: which keys, which values, and how an object is made to fit."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.generate.json_mode import FieldValues, dumps, fit, requested_shape

CHOICE = bytes(range(16))
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=12,
)


@pytest.mark.parametrize(
    ("prompt", "keys"),
    [
        ("Return JSON with the keys name, age and city.", ["name", "age", "city"]),
        ("with keys a, b", ["a", "b"]),
        ("Give me the keys a, b and name", ["a", "b", "name"]),
        ("Reply as JSON. Fields: `title`, `year`, and `tags`", ["title", "year", "tags"]),
        ("An object with the fields named first_name and last_name please", ["first_name", "last_name"]),
        ("two fields, name and age", ["name", "age"]),
        ("keys (x, y)", ["x", "y"]),
        ("a JSON object with name and age", ["name", "age"]),
        ("JSON with the name, the age and a city, please", ["name", "age", "city"]),
        ("with keys name (string), born (date) and active (boolean)", ["name", "born", "active"]),
        ('JSON with "a" and "b", please', ["a", "b"]),
        ('Answer in JSON; include "a", and "b" too', ["a", "b"]),
        ("Extract `name` and `email` from this text as JSON.", ["name", "email"]),
        ('Answer like {"name": "…", "is_open": true}', ["name", "is_open"]),
        ("Answer like {'name': '…', 'is_open': true, …}", ["name", "is_open"]),
        ("Use {name, age}.", ["name", "age"]),
        ('Use {"name"}.', ["name"]),
        ("type R = {name: string; age?: number; tags: string[];}", ["name", "age", "tags"]),
        ("{name: <the name>, age: ...}", ["name", "age"]),
        ("These fields:\n- name: the name\n* `age` (integer)\n3. tags\n", ["name", "age", "tags"]),
        ('{"type":"object","properties":{"city":{"type":"string"},"mood":{"enum":["a","b"]}}}', ["city", "mood"]),
        ("x" * 9_000 + " with keys a, b", ["a", "b"]),
    ],
)
def test_the_keys_that_a_prompt_names_are_found(prompt: str, keys: list[str]) -> None:
    assert list(requested_shape(prompt)) == keys


@pytest.mark.parametrize(
    "prompt",
    [
        "Describe a person as JSON.",
        "What is 'this': a thing?",
        'Classify the sentiment of "great" as JSON',
        "Tell me about {{topic}}",
        "Only {topic}",
        "The function `sort()` returns `None`; explain it in JSON.",
        "Explain: function f() { return 1; }",
        "Return JSON with details.",
        "The keys of a piano.",
        "{ unclosed: true",
        "{}",
        "- one\n- two\n",
        "",
    ],
)
def test_a_prompt_that_names_no_keys_has_none(prompt: str) -> None:
    assert requested_shape(prompt) == {}


def test_no_more_than_thirty_keys_are_made() -> None:
    assert len(requested_shape("keys: " + ", ".join(f"k{number}" for number in range(50)))) == 30
    assert len(requested_shape(dumps({f"k{number}": 1 for number in range(50)}))) == 30


@pytest.mark.finding("C3")
@pytest.mark.parametrize(
    ("prompt", "kinds"),
    [
        ("Return JSON with keys name, age and email", {"name": str, "age": int, "email": str}),
        ('Give me {"name": ..., "price": ...} for a lamp', {"name": str, "price": float}),
        ("Answer with the keys 'sentiment' and 'score'", {"sentiment": str, "score": float}),
        ("An object with fields `title`, `tags` and `in_stock`", {"title": str, "tags": list, "in_stock": bool}),
        ('Extract "name" and "date" as JSON', {"name": str, "date": str}),
        ('Take “name”, "date" and "city" from it, as JSON', {"name": str, "date": str, "city": str}),
        ("JSON: {city, date}", {"city": str, "date": str}),
        (
            "Keys: first_name (string), isActive (boolean), items (array)",
            {"first_name": str, "isActive": bool, "items": list},
        ),
        ("Keys: createdAt, completed_at, done", {"createdAt": str, "completed_at": str, "done": bool}),
        ("Tell me about bees", {}),
    ],
)
def test_the_keys_that_a_prompt_names_have_values_of_fitting_kinds(
    fields: FieldValues, prompt: str, kinds: dict[str, type]
) -> None:
    made = fields.compose(requested_shape(prompt), CHOICE, "Some text.") if kinds else requested_shape(prompt)
    assert {name: type(value) for name, value in made.items()} == kinds
    assert all(made[name].startswith("2026-") for name in ("createdAt", "completed_at") if name in made)


def test_a_key_gets_a_value_that_fits_its_name(fields: FieldValues) -> None:
    prompt = (
        "keys: name, age, isActive, email, tags, score, price, city, company, birth_year, end_date, remark, summary"
    )
    made = fields.compose(requested_shape(prompt), CHOICE, "Some text.")
    kinds = {"age": int, "isActive": bool, "tags": list, "score": float, "price": float, "birth_year": int}
    assert {name: type(value) for name, value in made.items()} == dict.fromkeys(made, str) | kinds
    assert made["email"].partition("@")[2].startswith("example.")
    assert (made["summary"], made["remark"]) == ("Some text.", "simulated remark")


def test_a_plural_that_nobody_knows_gets_a_list(fields: FieldValues) -> None:
    made = fields.compose(requested_shape("keys ingredients, cities, status and address"), CHOICE, "")
    assert made["ingredients"] == ["simulated ingredient", "simulated ingredient 2"]
    assert isinstance(made["cities"], list)
    assert len(set(made["cities"])) == 2
    assert isinstance(made["status"], str)
    assert isinstance(made["address"], str)


@pytest.mark.parametrize(
    ("sample", "made"),
    [
        (
            '{"a": 1, "b": 0.5, "c": true, "d": "x", "e": [1], "f": {"g": "y"}}',
            [int, (int, float), bool, str, list, dict],
        ),
        (
            "{a: integer, b: number, c: boolean, d: string, e: string[], f: array of numbers}",
            [int, int, bool, str, list, list],
        ),
        ("keys a (int), b (a float), c (bool), d (text), e (list of strings)", [int, int, bool, str, list]),
        ("{age: string, name: number, tags: boolean, title: list}", [str, int, bool, list]),
        ('{"name": null, "age": null}', [str, int]),
    ],
)
def test_a_value_is_of_the_kind_that_the_prompt_shows(fields: FieldValues, sample: str, made: list[Any]) -> None:
    values = fields.compose(requested_shape(sample), CHOICE, "Text.").values()
    assert len(values) == len(made)
    for value, kind in zip(values, made, strict=True):
        assert isinstance(value, kind)
        assert isinstance(value, bool) is (kind is bool)


def test_objects_and_lists_are_nested_as_the_prompt_shows(fields: FieldValues) -> None:
    sample = (
        '{"user": {"name": "…", "age": 0}, "results": [{"title": "…", "score": 0.5}], "mood": "good|bad", '
        '"on": "YYYY-MM-DD"}'
    )
    made = fields.compose(requested_shape(f"Answer as {sample}, please."), CHOICE, "Text.")
    assert list(made) == ["user", "results", "mood", "on"]
    assert {name: type(value) for name, value in made["user"].items()} == {"name": str, "age": int}
    assert [list(each) for each in made["results"]] == [["title", "score"]] * 2
    assert made["mood"] in ("good", "bad")
    assert len(made["on"]) == 10


def test_a_json_schema_is_followed(fields: FieldValues) -> None:
    schema = {
        "type": "object",
        "properties": {
            "city": {"type": "string"},
            "temperatures": {"type": "array", "items": {"type": "integer"}},
            "wind": {"type": "object", "properties": {"speed": {"type": "number"}}},
            "sky": {"enum": ["clear", "grey"]},
        },
        "required": ["city"],
    }
    made = fields.compose(requested_shape(f"Follow this schema: {dumps(schema)}"), CHOICE, "Text.")
    assert list(made) == ["city", "temperatures", "wind", "sky"]
    assert all(type(each) is int for each in made["temperatures"])
    assert type(made["wind"]["speed"]) is int
    assert made["sky"] in ("clear", "grey")


@pytest.mark.parametrize(
    "prompt",
    [
        "{" * 5_000,
        '{"a":' * 3_000,
        "with " * 4_000,
        '"' * 4_000,
        "keys " * 4_000,
        "{a" * 4_000 + "}" * 4_000,
        "- a\n" * 999,
    ],
)
def test_a_prompt_made_to_take_long_is_read_to_no_purpose(prompt: str) -> None:
    assert len(requested_shape(prompt)) <= 1


def test_keys_in_the_middle_of_a_long_prompt_are_not_looked_for() -> None:
    assert requested_shape("x" * 3_000 + " with keys a, b " + "x" * 3_000) == {}


@given(st.text(st.sampled_from("{}[]\"':,;.?|ab1 \n")))
def test_any_prompt_gives_an_object_that_is_json(fields: FieldValues, prompt: str) -> None:
    assert orjson.loads(dumps(fields.compose(requested_shape(prompt), CHOICE, "Text."))) is not None


@given(st.dictionaries(st.text(max_size=8), VALUES, max_size=6), st.integers(0, 200))
def test_what_is_kept_of_an_object_always_fits_and_parses(value: dict[str, Any], room: int) -> None:
    kept = fit(value, room)
    text = dumps(kept)
    assert len(text) <= max(2, room)
    assert orjson.loads(text) == kept
    assert list(kept) == list(value)[: len(kept)]
    if len(dumps(value)) <= room:
        assert kept == value


@pytest.mark.parametrize(
    ("room", "expected"),
    [
        (0, {}),
        (13, {}),
        (14, {"answer": "a"}),
        (20, {"answer": 'a"bcde'}),
        (30, {"answer": 'a"bcdef'}),
        (32, {"answer": 'a"bcdef', "list": [1]}),
        (34, {"answer": 'a"bcdef', "list": [1, 2]}),
        (40, {"answer": 'a"bcdef', "list": [1, 2], "n": 5}),
    ],
)
def test_the_last_field_that_fits_is_shortened_and_the_rest_is_left_out(room: int, expected: dict[str, Any]) -> None:
    assert fit({"answer": 'a"bcdef', "list": [1, 2], "n": 5}, room) == expected
