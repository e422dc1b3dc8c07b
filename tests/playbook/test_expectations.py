"""Expectations in words."""

from __future__ import annotations

from typing import Any

import pytest

from emulator.playbook.expectations import AmountRange


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("never", "never"),
        (1, "exactly once"),
        (2, "exactly 2 times"),
        (11, "exactly 11 times"),
        (1001, "exactly 1,001 times"),
        ({"gte": 1}, "at least once"),
        ({"lte": 21}, "at most 21 times"),
        ({"gte": 1, "lte": 3}, "at least 1 and at most 3 times"),
        ({"gt": 0, "lte": 31}, "more than 0 and at most 31 times"),
    ],
)
def test_how_often_something_is_to_come_is_said_in_words(given: Any, words: str) -> None:
    assert AmountRange.read(given, whole=True).as_times == words
