"""Shapes: types and keys count, values do not."""

from __future__ import annotations

from typing import Any

import pytest

from emulator.verify.compare import differences


@pytest.mark.parametrize(
    ("wanted", "found", "told"),
    [
        ({"a": 1}, {"a": 2.5, "b": 1}, []),
        ({"a": 1}, {"a": "1"}, ["body.a: wanted a number, found a text"]),
        ({"a": 1}, {"a": True}, ["body.a: wanted a number, found a truth value"]),
        ({"a": 1}, {}, ["body.a: wanted a number, found nothing"]),
        ({"a": 1}, {"a": None}, ["body.a: wanted a number, found null"]),
        ({"a": None}, {"a": "x"}, []),
        ([], {}, ["body: wanted a list, found a mapping"]),
        (
            [{"a": 1}, {"a": 1, "b": 2}],
            [{"a": 1}, {"b": "x"}],
            ["body[1].a: wanted a number, found nothing", "body[1].b: wanted a number, found a text"],
        ),
        ([1, None], [None, "x"], ["body[1]: wanted a number, found a text"]),
        ([], [1], []),
    ],
)
def test_what_differs_is_told_with_its_path(wanted: Any, found: Any, told: list[str]) -> None:
    assert sorted(differences([wanted], found)) == sorted(told)
