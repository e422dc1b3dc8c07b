"""Telling requests apart by as little as does."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.record.discriminate import Discriminator, facets, key, when_of
from emulator.record.request import RecordedRequest
from emulator.store.masking import Masker


def whens(*bodies: Any, redact: frozenset[str] = frozenset()) -> list[dict[str, Any]]:
    hidden = Masker.of("secret-text")
    telling = Discriminator()
    for body in bodies:
        telling.add(facets(RecordedRequest("op", {"body": body}, "http://x", redact), hidden))
    return [when_of(request, telling.chosen) for request in telling.requests]


@pytest.mark.parametrize(
    ("bodies", "wanted"),
    [
        ([{"a": 1, "b": 2}], [{}]),
        ([{"a": 1, "b": 2}, {"a": 1, "b": 3}], [{"body.b": 2}, {"body.b": 3}]),
        ([{"a": 1}, {"a": 1, "b": None}], [{"body.b": {"present": False}}, {"body.b": None}]),
        ([{"a": [1]}, {"a": [1, 2]}], [{"body.a": {"length": 1}}, {"body.a": {"length": 2}}]),
        ([{"a": "x"}, {"a": [{"b": 1}]}], [{"body.a.0.b": {"present": False}}, {"body.a.0.b": 1}]),
        ([{"a": True}, {"a": 1}], [{"body.a": True}, {"body.a": 1}]),
        ([{"a": 1, "b": 1}, {"a": 1, "b": 2}, {"a": 2, "b": 1}, {"a": 2, "b": 2}],
         [{"body.a": a, "body.b": b} for a in (1, 2) for b in (1, 2)]),
    ],
)  # fmt: skip
def test_the_fewest_fields_that_differ_are_taken(bodies: list[Any], wanted: list[Any]) -> None:
    assert whens(*bodies) == wanted


@pytest.mark.parametrize("values", [("{{ x }}", "{{ y }}"), ("secret-text", "b"), ("my secret-text", "b")])
def test_templates_and_secrets_are_not_used_to_discriminate(values: tuple[str, str]) -> None:
    told = whens(*({"a": value, "n": number} for number, value in enumerate(values)))
    assert told == [{"body.n": 0}, {"body.n": 1}]


def test_redacted_fields_and_names_that_are_no_path_are_not_used() -> None:
    assert whens({"pin": 1, "a.b": 1}, {"pin": 2, "a.b": 2}, redact=frozenset({"pin"})) == [{}, {}]


def test_a_name_that_is_a_secret_is_not_used() -> None:
    assert whens({"secret-text": 1, "b": 1}, {"secret-text": 2, "b": 2}) == [{"body.b": 1}, {"body.b": 2}]


def test_the_path_is_always_used() -> None:
    request = facets(RecordedRequest("op", {"path": {"id": "7"}, "body": {"a": 1}}, "http://x"), Masker(guesses=True))
    telling = Discriminator()
    assert telling.add(request) is None
    assert when_of(request, telling.chosen) == {"path.id": "7"}


NAMES = st.sampled_from("abc")
BODIES = st.dictionaries(NAMES, st.integers(0, 2) | st.booleans() | st.lists(st.dictionaries(NAMES, st.integers(0, 1))))


@given(st.lists(BODIES, max_size=12))
def test_requests_are_discriminated_wherever_possible(bodies: list[Any]) -> None:
    """Taken one by one, they are told apart as well as all fields together could."""
    telling = Discriminator()
    for body in bodies:
        telling.add(facets(RecordedRequest("op", {"body": body}, "http://x"), Masker(guesses=True)))
    everything = [facet for facet in telling._known if telling._is_usable(facet)]
    wanted: dict[Any, list[int]] = {}
    for number, request in enumerate(telling.requests):
        wanted.setdefault(key(request, everything), []).append(number)
    assert sorted(telling.groups.values()) == sorted(wanted.values())
