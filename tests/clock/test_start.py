"""A clock starts as its settings say."""

from __future__ import annotations

import asyncio

from emulator.clock import Clock
from emulator.clock.start import start_clock
from emulator.settings.clock_start import ClockStart

NEW_YEAR = 1_767_225_600.0


def test_a_clock_starts_so_and_is_reset_to_it() -> None:
    clock = start_clock(ClockStart(NEW_YEAR, 0.0, True))
    assert (clock.now(), clock.speed, clock.auto) == (NEW_YEAR, 0.0, True)
    running = start_clock(ClockStart())
    assert (running.speed, running.auto) == (1.0, False)


async def reset(clock: Clock) -> None:
    clock.auto = False
    clock.run(3.0)
    await clock.reset()


def test_a_reset_clock_jumps_again_if_it_did_in_the_beginning() -> None:
    clock = start_clock(ClockStart(NEW_YEAR, 0.0, True))
    asyncio.run(reset(clock))
    assert (clock.now(), clock.speed, clock.auto) == (NEW_YEAR, 0.0, True)
