"""JSON mode: which object, and how it is made to fit."""

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.generate.corpus import Corpus
from emulator.generate.structured import asked_fields, compose, dumps, fit

CORPUS = Corpus("seed")
CHOICE = bytes(range(16))
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=12,
)


@pytest.mark.parametrize(
    ("prompt", "fields"),
    [
        ("Return JSON with the keys name, age and city.", ["name", "age", "city"]),
        ("Reply as JSON. Fields: `title`, `year`, and `tags`", ["title", "year", "tags"]),
        ("An object with the fields named first_name and last_name please", ["first_name", "last_name"]),
        ('Answer like {"name": "…", "is_open": true}', ["name", "is_open"]),
        ("Describe a person as JSON.", []),
        ("What is 'this': a thing?", []),
    ],
)
def test_the_fields_a_prompt_asks_for_are_found(prompt: str, fields: list[str]) -> None:
    assert asked_fields(prompt) == fields


def test_no_more_than_twenty_fields_are_made() -> None:
    assert len(asked_fields("keys: " + ", ".join(f"k{number}" for number in range(50)))) == 20


def test_a_field_gets_a_value_that_fits_its_name() -> None:
    prompt = "keys: name, age, isActive, email, tags, score, price, city, company, birth_year, end_date, topic, remark"
    made = compose(prompt, "people", "Some text.", CHOICE, CORPUS)
    kinds = {"age": int, "isActive": bool, "tags": list, "score": float, "price": float, "birth_year": int}
    assert {name: type(value) for name, value in made.items()} == dict.fromkeys(made, str) | kinds
    assert made["email"].endswith("@example.com")
    assert (made["topic"], made["remark"]) == ("people", "Some text.")


def test_without_fields_asked_for_the_object_holds_the_answer() -> None:
    made = compose("Tell me", "", "Some text.", CHOICE, CORPUS)
    assert made == {"answer": "Some text.", "topic": None, "confidence": 0.87}


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
