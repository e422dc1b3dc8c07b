"""Counters of limits, in memory and as a process's copy of what Redis keeps: both do the same."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from emulator.clock.world_clock import Clock, manual
from emulator.playbook.limits import Aligned, Refill, Sliding
from emulator.store.backend import Window
from emulator.store.redis.changes import Tracker
from emulator.store.redis.presence import Presence
from emulator.store.redis.sums import RedisWindows
from emulator.store.windows import MemoryWindows


def of_redis(clock: Clock) -> RedisWindows:
    tracker = Tracker()
    tracker.queue = lambda unit: None
    return RedisWindows(clock, tracker, 10, Presence())


MAKERS = {"memory": lambda clock: MemoryWindows(clock, 10), "redis": of_redis}
pytestmark = pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
Make = Callable[[Clock], MemoryWindows]


@pytest.mark.parametrize("pace", [60.0, Aligned(60.0), Sliding(60.0), Refill(1, 60.0)])
def test_a_request_that_came_before_others_but_is_charged_after_them_finds_what_they_have_taken(
    make: Make, pace: Any
) -> None:
    clock = manual(6_000.0)
    windows = make(clock)
    windows.charge([("key", 1, pace, 1)])
    for came in (5_970.0, 5_990.0):
        assert windows.charge([("key", 1, pace, 1)], came)[0].refused
        assert (windows.peek("key", pace, came) or Window(0, 0.0)).used == 1
    clock.resume(6_059.0, 0.0, auto=False)
    assert windows.charge([("key", 1, pace, 1)])[0].refused
    clock.resume(6_060.0, 0.0, auto=False)
    assert not windows.charge([("key", 2, pace, 1)])[0].refused


@pytest.mark.parametrize("pace", [60.0, Aligned(60.0), Sliding(60.0)])
def test_what_such_a_request_takes_is_given_back_with_what_the_others_have_taken(make: Make, pace: Any) -> None:
    clock = manual(6_000.0)
    windows = make(clock)
    windows.charge([("key", 2, pace, 1)])
    assert windows.charge([("key", 2, pace, 1)], 5_970.0) == [Window(2, 6_060.0)]
    clock.resume(6_059.0, 0.0, auto=False)
    assert windows.charge([("key", 2, pace, 1)])[0].refused


@pytest.mark.parametrize("pace", [60.0, Aligned(60.0)])
def test_a_window_that_a_clock_set_back_left_in_the_future_does_not_count(make: Make, pace: Any) -> None:
    clock = manual(6_000.0)
    windows = make(clock)
    windows.charge([("key", 1, pace, 1)])
    clock.resume(5_000.0, 0.0, auto=False)
    assert windows.peek("key", pace) is None
    assert not windows.charge([("key", 1, pace, 1)])[0].refused
