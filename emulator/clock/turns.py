"""Turns: long work that yields whenever others should get a turn, and the two ways to do it."""

from __future__ import annotations

from collections.abc import Generator
from typing import TypeVar

from emulator.clock.world_clock import Clock

T = TypeVar("T")
Turns = Generator[None, None, T]


def at_once(turns: Turns[T]) -> T:
    """Takes all turns without a pause, and returns what they come to."""
    while True:
        try:
            next(turns)
        except StopIteration as end:
            done: T = end.value
            return done


async def in_turns(turns: Turns[T], clock: Clock) -> T:
    """Takes all turns, and lets others do something between two of them; returns what they come to."""
    while True:
        try:
            next(turns)
        except StopIteration as end:
            done: T = end.value
            return done
        await clock.sleep(0)
