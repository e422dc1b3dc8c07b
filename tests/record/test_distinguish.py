"""Telling requests apart by as little as does."""

from __future__ import annotations

from typing import Any

import pytest

from emulator.record.distinguish import facets, telling, when_of
from emulator.record.recorded import Asked
from emulator.record.secrets import Hidden


def whens(*bodies: Any, redact: frozenset[str] = frozenset()) -> list[dict[str, Any]]:
    requests = [facets(Asked("op", {"body": body}, "http://x", redact), Hidden({"secret-text"})) for body in bodies]
    chosen = telling(requests)
    return [when_of(request, chosen) for request in requests]


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
def test_templates_and_secrets_tell_nothing(values: tuple[str, str]) -> None:
    told = whens(*({"a": value, "n": number} for number, value in enumerate(values)))
    assert told == [{"body.n": 0}, {"body.n": 1}]


def test_a_field_to_be_redacted_and_a_name_that_is_no_path_tell_nothing() -> None:
    assert whens({"pin": 1, "a.b": 1}, {"pin": 2, "a.b": 2}, redact=frozenset({"pin"})) == [{}, {}]


def test_the_path_is_always_told() -> None:
    request = facets(Asked("op", {"path": {"id": "7"}, "body": {"a": 1}}, "http://x"), Hidden())
    assert when_of(request, telling([request])) == {"path.id": "7"}
