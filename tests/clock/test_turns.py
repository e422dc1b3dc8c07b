"""Turns: long work that lets others do something in between."""

from __future__ import annotations

import asyncio

from emulator.clock.turns import Turns, at_once, in_turns
from emulator.clock.world_clock import Clock, manual


def counting(seen: list[str], name: str) -> Turns[int]:
    for number in range(3):
        seen.append(f"{name}{number}")
        yield
    return len(seen)


def test_all_turns_are_taken_without_a_pause() -> None:
    assert at_once(counting([], "a")) == 3


def test_others_have_theirs_in_between() -> None:
    seen: list[str] = []

    async def both(clock: Clock) -> list[int]:
        return await asyncio.gather(*(in_turns(counting(seen, name), clock) for name in "ab"))

    assert asyncio.run(both(manual())) == [6, 6]
    assert seen == ["a0", "b0", "a1", "b1", "a2", "b2"]
