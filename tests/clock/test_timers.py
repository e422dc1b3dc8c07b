"""Timers: which one comes first, and what cancelled ones leave behind."""

from __future__ import annotations

import asyncio
from math import inf

from emulator.clock.timers import Timers


def nothing() -> None:
    """A callback that does nothing."""


def test_timers_come_in_order_of_due_time_and_then_of_creation() -> None:
    timers, calls = Timers(), list[str]()
    for due, name in [(2.0, "c"), (1.0, "a"), (1.0, "b"), (3.0, "d")]:
        timers.add(due, lambda name=name: calls.append(name))  # type: ignore[misc]
    for timer in timers.take(2.0):
        timer.fire()
    assert calls == ["a", "b", "c"]
    assert [timer.due for timer in timers.pending()] == [3.0]


def test_a_new_timer_says_whether_it_is_the_first_one() -> None:
    timers = Timers()
    assert [timers.add(due, nothing)[1] for due in (2.0, 3.0, 1.0)] == [True, False, True]


def test_the_first_timer_is_one_that_was_not_cancelled() -> None:
    timers = Timers()
    first, _ = timers.add(1.0, nothing)
    timers.add(2.0, nothing)
    first.cancel()
    first.cancel()
    assert (timers.first(), first.alive) == (2.0, False)
    assert Timers().first() == inf


def test_a_cancelled_timer_calls_nothing_and_a_timer_calls_only_once() -> None:
    timers, calls = Timers(), list[int]()
    cancelled, _ = timers.add(1.0, lambda: calls.append(1))
    fired, _ = timers.add(1.0, lambda: calls.append(2))
    cancelled.cancel()
    for timer in (cancelled, fired, fired):
        timer.fire()
    assert calls == [2]


def test_thousands_of_cancelled_timers_do_not_fill_the_heap() -> None:
    timers = Timers()
    kept, _ = timers.add(1e9, nothing)
    for number in range(5_000):
        timers.add(float(number), nothing)[0].cancel()
    assert len(timers._heap) < 200
    assert timers.pending() == [kept]


def test_a_failing_callback_goes_to_the_exception_handler_of_the_loop() -> None:
    problems = list[str]()

    async def fire() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda loop, problem: problems.append(problem["message"]))
        Timers().add(1.0, lambda: 1 // 0)[0].fire()

    asyncio.run(fire())
    assert problems == ["a timer's callback failed"]
