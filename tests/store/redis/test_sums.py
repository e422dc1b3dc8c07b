"""Sums of a copy: what Redis keeps of a counter, a window or a bucket is what was put there."""

from __future__ import annotations

from typing import Any

import pytest

from emulator.clock.world_clock import manual
from emulator.playbook.limits import AtOnce, Refill, Sliding, Spends
from emulator.store.backend import Bucket
from emulator.store.redis.changes import Tracker
from emulator.store.redis.presence import Presence
from emulator.store.redis.sums import RedisUsage, RedisWindows


def tracker() -> Tracker:
    made = Tracker()
    made.queue = lambda unit: None
    return made


@pytest.mark.parametrize("pace", [Sliding(60.0), Refill(3, 60.0), AtOnce(), Spends()])
def test_a_rolling_counter_is_read_back_as_it_was(pace: Any) -> None:
    windows = RedisWindows(manual(), tracker(), 10, Presence())
    for cost in (1, 2):
        windows.charge([("key", 10, pace, cost)])
    part, name = windows.rolling, ("key",)
    assert part.decode(name, part.encode(name, part.held(name))) == part.held(name)  # type: ignore[arg-type]


def test_what_is_held_is_not_what_later_charges_change() -> None:
    windows = RedisWindows(manual(), tracker(), 10, Presence())
    windows.charge([("key", 10, 60.0, 1)])
    before = windows.windows.held(("key",))
    windows.charge([("key", 10, 60.0, 1)])
    assert (before and before.used) == 1


def test_buckets_that_come_from_elsewhere_find_their_places() -> None:
    usage = RedisUsage(tracker(), 10)
    for order, key in ((3, "c"), (1, "a"), (2, "b")):
        usage.place(("api", "asset", key, "1"), (order, Bucket("w", 1)))
    usage.tidy()
    assert [key for key, _, _ in usage.buckets("api", "asset")] == ["a", "b", "c"]
    usage.place(("api", "asset", "b", "1"), None)
    usage.tidy()
    assert [row.key for row in usage.dump()] == ["a", "c"]
