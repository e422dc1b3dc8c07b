"""Time that is steered: what fires, when, in which order, and what the clock shows meanwhile."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
import uvloop
from hypothesis import given, settings
from hypothesis import strategies as st

from emulator.clock.world_clock import Clock, manual, start_clock
from emulator.dates import iso
from emulator.settings.clock_start import ClockStart
from tests.waiting import PATIENCE

START = 1_767_225_600.0
Story = Callable[[], Coroutine[Any, Any, None]]


@pytest.fixture(params=[asyncio.new_event_loop, uvloop.new_event_loop], ids=["asyncio", "uvloop"])
def play(request: pytest.FixtureRequest) -> Callable[[Story], None]:
    """Runs a coroutine function on a loop of its own, of each kind."""

    def play(story: Story) -> None:
        with asyncio.Runner(loop_factory=request.param) as runner:
            runner.run(story())

    return play


Play = Callable[[Story], None]


async def sleeper(clock: Clock, due: float, seen: list[tuple[float, float]]) -> None:
    await clock.sleep_until(due)
    seen.append((due, clock.now()))


def test_a_manual_clock_stands_at_the_first_of_january_2026() -> None:
    assert iso(manual().now()) == "2026-01-01T00:00:00Z"


def test_a_clock_shows_the_systems_time_by_default() -> None:
    assert Clock().now() == pytest.approx(time.time(), abs=1)  # noqa: TID251


def test_a_moment_that_is_remembered_stays_as_long_ago_when_the_clock_turns_out_to_show_another_time() -> None:
    clock = manual()
    at, real = clock.read()
    clock.resume(START + 5, 0.0, False)
    came = clock.remember(at, real)
    assert came() == (START, real)
    clock.resume(START + 3600, 0.0, False)
    assert came() == (START + 3595, real)


def test_each_sleeper_wakes_at_its_own_time_and_in_its_order(play: Play) -> None:
    async def story() -> None:
        clock, seen = manual(), list[tuple[float, float]]()
        tasks = [asyncio.create_task(sleeper(clock, START + due, seen)) for due in (30, 10, 20.5, 10, 99)]
        await clock.advance(60)
        assert seen == [(START + due, START + due) for due in (10, 10, 20.5, 30)]
        assert clock.now() == START + 60
        assert [timer.due for timer in clock.pending()] == [START + 99]
        await clock.advance(39)
        await asyncio.gather(*tasks)

    play(story)


def test_whoever_wakes_may_sleep_again_before_the_clock_goes_on(play: Play) -> None:
    async def story() -> None:
        clock, seen = manual(), list[float]()

        async def beat() -> None:
            for _ in range(5):
                await clock.sleep(2)
                seen.append(clock.now() - START)

        task = asyncio.create_task(beat())
        await clock.advance(60)
        assert seen == [2, 4, 6, 8, 10]
        await task

    play(story)


def test_a_chain_of_tasks_ends_before_the_clock_goes_on(play: Play) -> None:
    async def story() -> None:
        clock, seen = manual(), list[float]()

        async def chain(length: int) -> None:
            if length:
                await asyncio.create_task(chain(length - 1))
            seen.append(clock.now())

        clock.call_at(START + 1, lambda: tasks.append(asyncio.create_task(chain(20))))
        clock.call_at(START + 2, lambda: None)
        tasks: list[asyncio.Task[None]] = []
        await clock.advance(2)
        assert seen == [START + 1] * 21

    play(story)


def test_a_callback_may_cancel_another_that_is_due_with_it(play: Play) -> None:
    async def story() -> None:
        clock, seen = manual(), list[str]()

        def first() -> None:
            seen.append("first")
            second.cancel()

        clock.call_at(START + 1, first)
        second = clock.call_at(START + 1, lambda: seen.append("second"))
        third = clock.call_at(START + 3, lambda: seen.append("third"))
        third.cancel()
        third.cancel()
        await clock.advance(10)
        assert seen == ["first"]
        assert not clock.pending()
        assert not second.alive

    play(story)


def test_a_callback_that_fails_does_not_stop_the_others(play: Play) -> None:
    async def story() -> None:
        clock, seen, told = manual(), list[float](), list[dict[str, Any]]()
        asyncio.get_running_loop().set_exception_handler(lambda _, context: told.append(context))
        clock.call_at(START + 1, {}.popitem)
        clock.call_at(START + 1, lambda: seen.append(clock.now()))
        await clock.advance(1)
        assert seen == [START + 1]
        assert isinstance(told[0]["exception"], KeyError)

    play(story)


def test_a_callback_that_asks_to_be_called_at_once_does_not_hold_the_loop(play: Play) -> None:
    async def story() -> None:
        clock, calls, seen = manual(), list[int](), list[int]()

        def again() -> None:
            calls.append(1)
            if len(calls) < 50:
                clock.call_at(clock.now(), again)

        async def look() -> None:
            while len(calls) < 50:
                seen.append(len(calls))
                await clock.sleep(0)

        task = asyncio.create_task(look())
        clock.call_at(START, again)
        await clock.advance(0)
        await task
        assert len(calls) == 50
        assert set(seen) >= set(range(10, 40)), seen

    play(story)


def test_a_sleep_cancelled_leaves_nothing_behind(play: Play) -> None:
    async def story() -> None:
        clock = manual()
        tasks = [asyncio.create_task(clock.sleep(3_600)) for _ in range(500)]
        await clock.advance(1)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        assert not clock.pending()
        assert len(clock._timers._heap) < 100
        await clock.advance(7_200)

    play(story)


def test_a_sleep_cancelled_as_it_ends_is_cancelled(play: Play) -> None:
    async def story() -> None:
        clock = manual()
        clock.call_at(START + 1, lambda: early.cancel())
        early = asyncio.create_task(clock.sleep(1))
        task = asyncio.create_task(clock.sleep(1))
        await clock.sleep(0)
        clock.call_at(START + 1, task.cancel)
        await clock.advance(1)
        assert early.cancelled()
        assert task.cancelled()

    play(story)


def test_sleeping_until_a_time_that_has_passed_lets_others_run_once(play: Play) -> None:
    async def story() -> None:
        clock, seen = manual(), list[str]()
        asyncio.get_running_loop().call_soon(seen.append, "other")
        await clock.sleep_until(START - 5)
        assert seen == ["other"]

    play(story)


def test_advance_waits_for_work_in_flight(play: Play) -> None:
    async def story() -> None:
        clock, seen = manual(), list[tuple[str, float]]()

        async def deliver() -> None:
            with clock.busy():
                loop = asyncio.get_running_loop()
                answer = loop.create_future()
                loop.call_later(0.02, answer.set_result, None)  # an answer from outside, in real time
                await answer
                seen.append(("answered", clock.now()))

        clock.call_at(START + 1, lambda: tasks.append(asyncio.create_task(deliver())))
        clock.call_at(START + 2, lambda: seen.append(("later", clock.now())))
        tasks: list[asyncio.Task[None]] = []
        await clock.advance(5)
        assert seen == [("answered", START + 1), ("later", START + 2)]

    play(story)


def test_work_that_never_ends_does_not_stop_time_for_ever(play: Play) -> None:
    async def story() -> None:
        clock = Clock(START, 0.0, work_timeout=0.02)
        with clock.busy():
            with clock.busy():
                await clock.advance(30)
            await clock.advance(30)
        assert clock.now() == START + 60

    play(story)


def test_a_task_that_never_waits_does_not_stop_time_for_ever(play: Play) -> None:
    async def story() -> None:
        clock, over = manual(), asyncio.Event()

        async def spin() -> None:
            while not over.is_set():
                await clock.sleep(0)

        task = asyncio.create_task(spin())
        await clock.advance(60)
        over.set()
        await task
        assert clock.now() == START + 60

    play(story)


def test_two_who_advance_at_once_take_turns(play: Play) -> None:
    async def story() -> None:
        clock, seen = manual(), list[tuple[float, float]]()
        task = asyncio.create_task(sleeper(clock, START + 15, seen))
        await asyncio.gather(clock.advance(10), clock.advance(10))
        await task
        assert clock.now() == START + 20
        assert seen == [(START + 15, START + 15)]

    play(story)


def test_an_advance_cancelled_leaves_the_clock_going(play: Play) -> None:
    async def story() -> None:
        clock = Clock(START)
        with clock.busy():
            task = asyncio.create_task(clock.advance(60))
            await asyncio.wait([task], timeout=0.01)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            before = clock.now()
            await clock.sleep(0.002)
            assert START < before < clock.now() < START + 60

    play(story)


def test_set_forwards_fires_what_is_due_and_backwards_nothing(play: Play) -> None:
    async def story() -> None:
        clock, seen = manual(), list[float]()
        clock.call_at(START + 5, lambda: seen.append(clock.now()))
        await clock.set(START - 100)
        assert (clock.now(), seen) == (START - 100, [])
        await clock.set(START + 100)
        assert (clock.now(), seen) == (START + 100, [START + 5])

    play(story)


def test_a_reset_clock_is_as_it_was_made_and_fires_nothing(play: Play) -> None:
    async def story() -> None:
        clock, seen = manual(), list[float]()
        clock.call_at(START + 100, lambda: seen.append(clock.now()))
        await clock.advance(50)
        clock.run(3.0)
        clock.auto = True
        await clock.reset()
        assert (clock.now(), clock.speed, clock.auto, seen) == (START, 0.0, False, [])
        await clock.advance(100)
        assert seen == [START + 100]
        system = Clock()
        await system.set(START * 2)
        system.freeze()
        await system.reset()
        assert abs(system.now() - Clock().now()) < 3_600
        assert system.speed == 1.0

    play(story)


def test_a_restored_clock_goes_on_from_there_at_that_speed(play: Play) -> None:
    async def story() -> None:
        clock = manual()
        await clock.restore(START + 7, 0.0, auto=True)
        assert (clock.now(), clock.speed, clock.auto) == (START + 7, 0.0, True)
        await clock.restore(START, 1_000.0)
        await clock.sleep(1)
        assert START + 1 <= clock.now() < START + 1_000_000
        for now, speed in ((-1.0, 1.0), (START, -1.0)):
            with pytest.raises(ValueError, match="must be between"):
                await clock.restore(now, speed)
        assert clock.speed == 1_000.0

    play(story)


def test_clocks_that_move_at_once_do_not_wait_for_each_other(play: Play) -> None:
    async def story() -> None:
        clocks, seen = [Clock(START, 0.0, work_timeout=600) for _ in range(50)], list[tuple[float, float]]()
        tasks = [asyncio.create_task(sleeper(clock, START + 1, seen)) for clock in clocks]
        async with asyncio.timeout(PATIENCE):
            await asyncio.gather(*(clock.advance(2) for clock in clocks))
        assert len(seen) == 50
        await asyncio.gather(*tasks)

    play(story)


def test_skip_goes_to_the_next_timer_and_no_further(play: Play) -> None:
    async def story() -> None:
        clock, seen = manual(), list[tuple[float, float]]()
        tasks = [asyncio.create_task(sleeper(clock, START + due, seen)) for due in (7, 3, 3)]
        await clock.skip()
        assert seen == [(START + 3, START + 3)] * 2
        await clock.skip()
        assert clock.now() == START + 7
        await clock.skip()
        assert clock.now() == START + 7
        await asyncio.gather(*tasks)

    play(story)


def test_an_automatic_clock_jumps_whenever_everybody_waits(play: Play) -> None:
    async def story() -> None:
        clock, seen = manual(), list[tuple[float, float]]()
        clock.auto = True
        await asyncio.gather(*(sleeper(clock, START + due, seen) for due in (3_600, 60, 86_400)))
        assert seen == [(START + due, START + due) for due in (60, 3_600, 86_400)]
        assert clock.auto
        clock.auto = False
        task = asyncio.create_task(clock.sleep(1))
        await asyncio.wait([task], timeout=0.01)
        assert not task.done()
        await clock.advance(1)

    play(story)


def test_nobody_waits_for_a_quiet_timer_which_fires_when_its_time_comes(play: Play) -> None:
    async def story() -> None:
        clock, seen = manual(), list[tuple[str, float]]()

        def note(name: str) -> None:
            seen.append((name, clock.now() - START))

        clock.call_at(START + 2, lambda: note("loud"))
        for due in (1, 2, 9):
            clock.call_at(START + due, lambda: note("quiet"), quiet=True)
        assert [timer.due for timer in clock.pending()] == [START + 2]
        await clock.skip()
        assert seen == [("quiet", 1), ("quiet", 2), ("loud", 2)]
        clock.auto = True
        await clock.skip()
        await asyncio.sleep(0.01)  # noqa: TID251  # longer than an automatic clock waits
        assert clock.now() == START + 2
        clock.call_at(START + 3, lambda: note("loud"))
        await clock.sleep_until(START + 4)
        assert (clock.now(), seen[3:]) == (START + 4, [("loud", 3)])
        await clock.advance(60)
        assert seen[4:] == [("quiet", 9)]

    play(story)


def test_a_running_clock_fires_quiet_timers_too(play: Play) -> None:
    async def story() -> None:
        clock, fired = Clock(START, 1_000.0), asyncio.Event()
        clock.auto = True
        clock.call_at(START + 1, fired.set, quiet=True)
        await asyncio.wait_for(fired.wait(), PATIENCE)
        assert clock.now() >= START + 1

    play(story)


def test_an_automatic_clock_does_not_jump_over_work_in_flight(play: Play) -> None:
    async def story() -> None:
        clock = manual()
        clock.auto = True
        task = asyncio.create_task(clock.sleep(60))
        with clock.busy():
            await asyncio.wait([task], timeout=0.01)
            assert clock.now() == START
        await task
        assert clock.now() == START + 60

    play(story)


def test_a_running_clock_wakes_its_sleepers_by_itself_and_never_early(play: Play) -> None:
    async def story() -> None:
        clock, seen = manual(), list[tuple[float, float]]()
        tasks = [asyncio.create_task(sleeper(clock, START + n * 0.0007, seen)) for n in range(1, 30)]
        await clock.sleep(0)  # each has begun before time does
        clock.run()
        await asyncio.gather(*tasks)
        assert [due for due, _ in seen] == sorted(due for due, _ in seen)
        assert all(now >= due for due, now in seen)

    play(story)


def test_a_clock_that_hurries_wakes_its_sleepers_sooner(play: Play) -> None:
    async def story() -> None:
        clock = Clock(START, speed=10_000)
        begun = asyncio.get_running_loop().time()
        await clock.sleep(100)
        assert clock.now() >= START + 100
        assert asyncio.get_running_loop().time() - begun < 100
        assert clock.speed == 10_000

    play(story)


def test_a_running_clock_can_be_moved_stopped_and_run_again(play: Play) -> None:
    async def story() -> None:
        clock, seen = Clock(START), list[tuple[float, float]]()
        task = asyncio.create_task(sleeper(clock, START + 3_600, seen))
        await clock.advance(7_200)
        assert seen == [(START + 3_600, START + 3_600)]
        await task
        assert clock.speed == 1.0
        clock.freeze()
        stopped = clock.now()
        task = asyncio.create_task(clock.sleep(0.001))
        await asyncio.wait([task], timeout=0.02)
        assert (clock.now(), task.done(), clock.speed) == (stopped, False, 0.0)
        clock.run()
        await task
        assert clock.now() >= stopped + 0.001

    play(story)


def test_a_clock_stopped_while_it_moves_stands_still_when_it_arrives(play: Play) -> None:
    async def story() -> None:
        clock = Clock(START)
        clock.call_at(clock.now() + 1, clock.freeze)
        await clock.advance(10)
        assert clock.speed == 0.0
        assert clock.now() == clock.now() >= START + 10

    play(story)


def test_a_timer_set_before_there_is_a_loop_fires_once_there_is_one(play: Play) -> None:
    clock, seen = Clock(START), list[str]()
    clock.call_at(START, lambda: seen.append("early"))

    async def story() -> None:
        await clock.sleep(0.001)
        assert seen == ["early"]

    play(story)


def test_a_clock_is_behind_when_what_is_due_has_not_been_called(play: Play) -> None:
    async def story() -> None:
        clock = Clock(START, speed=10)
        assert clock.behind() == 0
        clock.call_at(START + 60, lambda: None)
        assert clock.behind() == 0
        clock.call_at(clock.now() - 50, lambda: None)
        assert 5 <= clock.behind() < 50  # real seconds: those of the clock are ten times as many
        clock.freeze()
        assert clock.behind() == 0
        clock.run(10)
        await clock.sleep(0.01)
        assert clock.behind() == 0

    play(story)


def test_a_clock_outlives_the_loop_it_was_used_in(play: Play) -> None:
    clock, woken = Clock(START), list[float]()

    async def story() -> None:
        clock.call_at(START + 60, lambda: None)
        await clock.sleep(0.001)
        woken.append(clock.now())

    play(story)
    play(story)
    assert len(woken) == 2
    assert [timer.due for timer in clock.pending()] == [START + 60] * 2


def test_tenths_of_a_second_add_up_to_a_second(play: Play) -> None:
    async def story() -> None:
        clock, seen = manual(), list[tuple[float, float]]()
        task = asyncio.create_task(sleeper(clock, START + 1, seen))
        for _ in range(10):
            await clock.advance(0.1)
        await task
        assert clock.now() == START + 1

    play(story)


@pytest.mark.parametrize("wrong", [-1, float("nan"), float("inf"), 1e12])
def test_an_invalid_step_is_refused(wrong: float, play: Play) -> None:
    async def story() -> None:
        clock = manual()
        with pytest.raises(ValueError, match="must be between 0 and"):
            await clock.advance(wrong)
        with pytest.raises(ValueError, match="must be between 0 and"):
            await clock.set(wrong)
        assert clock.now() == START
        await clock.advance(1)

    play(story)
    for make in (Clock, manual().run):
        with pytest.raises(ValueError, match="must be between 0 and"):
            make(wrong)


def test_a_timer_without_a_time_is_refused() -> None:
    with pytest.raises(ValueError, match="NaN"):
        manual().call_at(float("nan"), lambda: None)


@settings(max_examples=60, deadline=None)
@given(
    dues=st.lists(st.integers(0, 100), max_size=20),
    steps=st.lists(st.one_of(st.integers(0, 40), st.just("skip")), max_size=10),
)
def test_timers_fire_once_in_order_whatever_the_steps(dues: list[int], steps: list[int | str]) -> None:
    async def story() -> None:
        clock, seen, expected = manual(), list[tuple[int, float]](), list[tuple[int, float]]()
        for due in dues:
            clock.call_at(START + due, lambda due=due: seen.append((due, clock.now())))  # type: ignore[misc]
        model, waiting = 0, sorted(dues)
        for step in steps:
            if isinstance(step, int):
                model += step
                await clock.advance(step)
            else:
                model = max(model, waiting[0]) if waiting else model
                await clock.skip()
            expected += [(due, START + due) for due in waiting if due <= model]
            waiting = [due for due in waiting if due > model]
            assert clock.now() == START + model
            assert seen == expected

    asyncio.run(story())


def test_what_lasts_an_hour_is_over_an_hour_after_a_clock_was_stopped_anywhere(play: Play) -> None:
    async def story() -> None:
        for part in range(1, 100):
            clock = Clock(START + part * 1.37e-7, 0.0)
            ends_at = clock.now() + 3_600
            await clock.advance(3_600)
            assert clock.now() == ends_at

    play(story)


def test_a_clock_starts_so_and_is_reset_to_it() -> None:
    clock = start_clock(ClockStart(START, 0.0, True))
    assert (clock.now(), clock.speed, clock.auto) == (START, 0.0, True)
    running = start_clock(ClockStart())
    assert (running.speed, running.auto) == (1.0, False)


async def reset(clock: Clock) -> None:
    clock.auto = False
    clock.run(3.0)
    await clock.reset()


def test_a_reset_clock_jumps_again_if_it_did_in_the_beginning() -> None:
    clock = start_clock(ClockStart(START, 0.0, True))
    asyncio.run(reset(clock))
    assert (clock.now(), clock.speed, clock.auto) == (START, 0.0, True)
