"""A clock that several processes show: while one of them moves it, it stands at what is due, whatever Redis says."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import partial

import pytest

from emulator.clock.system_time import pause, system
from emulator.clock.turns import Turns
from emulator.clock.world_clock import Clock
from emulator.store.redis.clock import NAME, ClockPart, Reading
from emulator.store.redis.server import CommitResult
from tests.redis_server import OwnBackend, new_world, redis_url

START = 1_767_225_600.0
ROUND_TRIP = 0.001  # real seconds, in which a running clock would be noticed to have gone on
Seen = dict[float, float]


def watch(clock: Clock, start: float, *steps: float) -> Seen:
    """Returns what the clock will have shown at each of these steps, in seconds from the start."""
    seen: Seen = {}

    def note(step: float) -> None:
        seen[step] = clock.now() - start

    for step in steps:
        clock.call_at(start + step, partial(note, step))
    return seen


def test_a_commit_on_the_way_leaves_the_clock_where_the_move_has_led_it() -> None:
    async def story() -> None:
        clock = Clock(START, 1.0)
        part = ClockPart(clock, system)
        tasks, stood = list[asyncio.Task[None]](), list[float]()

        async def commit() -> None:
            with clock.busy():
                reading = part.unknown()
                assert reading is not None
                await pause(ROUND_TRIP)
                part.note(reading)
                part.refine()
                stood.append(clock.now() - start)

        start = clock.now()
        clock.call_at(start + 10, lambda: tasks.append(asyncio.create_task(commit())))
        seen = watch(clock, start, 20, 3_600)
        await clock.advance(60)
        assert tasks[0].done()
        await tasks[0]
        assert list(seen) == [20]
        assert [*stood, seen[20]] == pytest.approx([10, 20], abs=1e-5)
        assert clock.now() < start + 3_600
        assert clock.speed == 1.0

    asyncio.run(story())


def test_a_change_by_another_process_on_the_way_does_not_let_the_clock_run_before_the_move_ends() -> None:
    async def story() -> None:
        clock = Clock(START, 1.0)
        part = ClockPart(clock, lambda: START)  # no time passes between the change and its arrival
        start = clock.now()
        changed = Reading(start + 15, START, 2.0, False)
        clock.call_at(start + 10, lambda: part.place(NAME, changed))
        seen = watch(clock, start, 20, 3_600)
        await clock.advance(60)
        assert list(seen) == [20]
        assert seen[20] == pytest.approx(20, abs=1e-5)
        assert start + 60 <= clock.now() < start + 3_600
        assert clock.speed == 2.0

    asyncio.run(story())


def test_an_advance_of_a_running_clock_does_what_is_due_on_the_way_and_nothing_that_is_due_later() -> None:
    async def story() -> None:
        one = OwnBackend(redis_url(), new_world(), Clock(START, 1.0))
        other = OwnBackend(redis_url(), one.world, Clock(START, 1.0))
        await one.flush()
        commit, clock, done = one.server.commit, one.clock, list[asyncio.Task[int]]()

        async def slow(world: str, packed: Sequence[str | bytes]) -> CommitResult:
            try:
                return await commit(world, packed)
            finally:
                await pause(ROUND_TRIP)

        one.server.commit = slow  # type: ignore[method-assign]

        def work() -> Turns[int]:
            yield from ()
            return one.counters.increment("done")

        async def count() -> int:
            return await one.transact(work)

        async with one.alone():
            start = clock.now()
            clock.call_at(start + 10, lambda: done.append(asyncio.create_task(count())))
            seen = watch(clock, start, 20, 3_600)
            await clock.advance(60)
            assert [task.done() for task in done] == [True]
            assert list(seen) == [20]
            assert seen[20] == pytest.approx(20, abs=1e-5)
            await one.everywhere()
        await other.catch_up()
        for each in (one, other):
            assert start + 60 <= each.clock.now() < start + 3_600
            assert each.clock.speed == 1.0
        await one.close()
        await other.close()

    asyncio.run(story())
