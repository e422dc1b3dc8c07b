"""The schedule: what is due is done at its time, at least once, and a moving clock waits for it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from emulator.clock.world_clock import Clock, manual
from emulator.store.memory import MemoryBackend
from emulator.store.schedule import MemorySchedule

START = manual().now()
Story = Callable[[Clock, MemorySchedule], Awaitable[None]]


def play(story: Story) -> None:
    async def run() -> None:
        clock = manual()
        await story(clock, MemorySchedule(clock))

    asyncio.run(run())


def test_work_is_done_when_it_is_due_in_the_order_of_its_time_and_then_of_its_arrival() -> None:
    async def story(clock: Clock, schedule: MemorySchedule) -> None:
        done: list[tuple[str, float]] = []
        schedule.handle("jobs", lambda id: done.append((id, clock.now() - START)))
        for id, after in (("late", 20.0), ("b", 10.0), ("a", 10.0), ("past", -5.0)):
            schedule.add("jobs", id, START + after)
        assert schedule.items("jobs") == [
            ("late", START + 20),
            ("b", START + 10),
            ("a", START + 10),
            ("past", START - 5),
        ]
        await clock.advance(15)
        assert done == [("past", 0.0), ("b", 10.0), ("a", 10.0)]
        assert schedule.items("jobs") == [("late", START + 20)]
        await clock.advance(15)
        assert done[3:] == [("late", 20.0)]

    play(story)


def test_work_is_moved_and_taken_back_and_kinds_are_apart() -> None:
    async def story(clock: Clock, schedule: MemorySchedule) -> None:
        done: list[str] = []
        schedule.handle("jobs", lambda id: done.append(f"job {id}"))
        schedule.handle("webhooks", lambda id: done.append(f"webhook {id}"))
        schedule.add("jobs", "a", START + 5)
        schedule.add("jobs", "a", START + 50)
        schedule.add("jobs", "b", START + 5)
        schedule.add("webhooks", "b", START + 5)
        assert [schedule.count(kind) for kind in ("jobs", "webhooks", "others")] == [2, 1, 0]
        assert schedule.cancel("jobs", "b")
        assert not schedule.cancel("jobs", "b")
        await clock.advance(10)
        assert done == ["webhook b"]
        schedule.clear("jobs")
        await clock.advance(100)
        assert done == ["webhook b"]
        assert clock.pending() == []

    play(story)


def test_a_moving_clock_waits_for_work_that_takes_time_and_it_counts_until_it_has_ended() -> None:
    async def story(clock: Clock, schedule: MemorySchedule) -> None:
        done: list[tuple[str, float]] = []

        async def work(id: str) -> None:
            assert schedule.items("webhooks") == [(id, START + 5)]
            assert schedule.count("webhooks") == 1
            for _ in range(20):
                await clock.sleep(0)
            done.append((id, clock.now() - START))

        schedule.handle("webhooks", work)
        schedule.add("webhooks", "a", START + 5)
        await clock.advance(60)
        assert done == [("a", 5.0)]
        assert schedule.count("webhooks") == 0

    play(story)


def test_what_was_under_way_is_due_again_where_the_dump_is_loaded() -> None:
    async def story(clock: Clock, schedule: MemorySchedule) -> None:
        begun: list[str] = []
        started = asyncio.Event()
        other = MemorySchedule(clock)

        async def never(id: str) -> None:
            begun.append(id)
            started.set()
            await asyncio.Event().wait()

        schedule.handle("webhooks", never)
        schedule.add("webhooks", "a", START)
        schedule.add("webhooks", "b", START + 60)
        await started.wait()
        dump = schedule.dump()
        assert dump == [("webhooks", "a", START), ("webhooks", "b", START + 60)]
        await schedule.close()
        assert schedule.dump() == []
        other.handle("webhooks", lambda id: begun.append(f"{id} again"))
        other.load(dump)
        assert other.dump() == dump
        await clock.advance(60)
        assert begun == ["a", "a again", "b again"]

    play(story)


def test_work_can_schedule_itself_again_while_it_is_done() -> None:
    async def story(clock: Clock, schedule: MemorySchedule) -> None:
        times: list[float] = []

        async def again(id: str) -> None:
            times.append(clock.now() - START)
            if len(times) < 3:
                schedule.add("webhooks", id, clock.now() + 10)
            assert len(schedule.dump()) == 1
            await clock.sleep(0)

        schedule.handle("webhooks", again)
        schedule.add("webhooks", "a", START)
        await clock.advance(100)
        assert times == [0.0, 10.0, 20.0]
        assert schedule.dump() == []

    play(story)


def test_clearing_breaks_off_what_is_under_way_and_handlers_stay() -> None:
    async def story(clock: Clock, schedule: MemorySchedule) -> None:
        ended: list[str] = []

        async def work(id: str) -> None:
            try:
                await asyncio.Event().wait()
            finally:
                ended.append(id)

        schedule.handle("webhooks", work)
        for id in ("a", "b"):
            schedule.add("webhooks", id, START)
            await clock.sleep(0)
            await clock.sleep(0)
            schedule.clear("others")
            assert schedule.count("webhooks") == 1
            schedule.clear()
            assert schedule.count("webhooks") == 0
        await clock.advance(1)
        assert ended == ["a", "b"]

    play(story)


def test_who_took_over_does_the_work_and_without_anybody_it_lapses() -> None:
    async def story(clock: Clock, schedule: MemorySchedule) -> None:
        done: list[str] = []

        def first(id: str) -> None:
            done.append(f"first {id}")

        def second(id: str) -> None:
            done.append(f"second {id}")

        schedule.handle("jobs", first)
        schedule.handle("jobs", second)
        schedule.release("jobs", first)
        schedule.add("jobs", "a", START)
        await clock.advance(1)
        schedule.release("jobs", second)
        schedule.add("jobs", "b", START)
        await clock.advance(1)
        assert done == ["second a"]
        assert schedule.count("jobs") == 0

    play(story)


def test_a_backend_dumps_its_schedule_and_loads_it() -> None:
    async def run() -> list[str]:
        clock, done = manual(), list[str]()
        store, other = MemoryBackend(clock), MemoryBackend(clock)
        store.schedule.add("jobs", "a", START + 60)
        other.schedule.handle("jobs", done.append)
        other.load(store.dump())
        store.clear()
        await clock.advance(60)
        return done

    assert asyncio.run(run()) == ["a"]


def test_closing_waits_until_what_was_under_way_has_ended() -> None:
    async def story(clock: Clock, schedule: MemorySchedule) -> None:
        ended: list[str] = []

        async def work(id: str) -> None:
            try:
                await asyncio.get_running_loop().create_future()
            finally:
                ended.append(id)

        schedule.handle("webhooks", work)
        schedule.add("webhooks", "one", START)
        for _ in range(3):
            await asyncio.sleep(0)  # noqa: TID251 - the loop passes, and the work begins
        assert schedule.count("webhooks") == 1
        schedule.clear()
        assert schedule.count("webhooks") == 0
        await schedule.close()
        assert ended == ["one"]

    play(story)
