"""Numbers of a lot: none without need, each once, and none that would come late."""

from __future__ import annotations

import pytest

from emulator.store.redis import lots
from emulator.store.redis.lots import FEWEST, LIFE, Lots


@pytest.fixture
def time(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [100.0]
    monkeypatch.setattr(lots, "steady", lambda: lambda: now[0])
    return now


def test_nothing_is_reserved_until_others_count_too(time: list[float]) -> None:
    own = Lots()
    assert (own.take("n"), own.missing(50)) == (0, 0)
    own.want()
    assert own.missing(1) == FEWEST
    assert own.missing(50) == 100
    time[0] += LIFE
    assert own.missing(50) == 0


def test_a_counter_that_begins_anew_is_counted_one_by_one(time: list[float]) -> None:
    own = Lots()
    own.want()
    own.clear()
    assert own.missing(1) == 0


def test_each_number_is_taken_once_and_only_for_its_counter(time: list[float]) -> None:
    own = Lots()
    assert own.take("n") == 0
    own.add(12, 3)
    assert own.take("other") == 0
    assert [own.take("n") for _ in range(4)] == [10, 11, 12, 0]


def test_numbers_that_others_have_passed_long_ago_are_dropped(time: list[float]) -> None:
    own = Lots()
    own.take("n")
    own.add(12, 3)
    time[0] += LIFE
    assert own.take("n") == 0
