"""Shapes: types and keys count, values do not."""

from __future__ import annotations

from typing import Any

import pytest

from emulator.verify.compare import differences


@pytest.mark.parametrize(
    ("wanted", "found", "told"),
    [
        ({"a": 1}, {"a": 2.5, "b": 1}, []),
        ({"a": 1}, {"a": "1"}, ["body.a: expected a number, got a text"]),
        ({"a": 1}, {"a": True}, ["body.a: expected a number, got a truth value"]),
        ({"a": 1}, {}, ["body.a: expected a number, got nothing"]),
        ({"a": 1}, {"a": None}, ["body.a: expected a number, got null"]),
        ({"a": None}, {"a": "x"}, []),
        ([], {}, ["body: expected a list, got a mapping"]),
        (
            [{"a": 1}, {"a": 1, "b": 2}],
            [{"a": 1}, {"b": "x"}],
            ["body[1].a: expected a number, got nothing", "body[1].b: expected a number, got a text"],
        ),
        ([1, None], [None, "x"], ["body[1]: expected a number, got a text"]),
        ([], [1], []),
    ],
)
def test_what_differs_is_reported_with_its_path(wanted: Any, found: Any, told: list[str]) -> None:
    assert sorted(differences([wanted], found)) == sorted(told)
