"""Turns: a crowd begins one by one, and others come between."""

from __future__ import annotations

import asyncio

from emulator.clock.admission import AdmissionQueue
from emulator.clock.world_clock import Clock, manual


def test_one_begins_in_each_pass_of_the_loop_in_order_of_arrival() -> None:
    told: list[str] = []

    async def begin(turns: AdmissionQueue, name: str) -> None:
        await turns.wait()
        told.append(name)

    async def crowd() -> None:
        loop, turns = asyncio.get_running_loop(), AdmissionQueue(manual())

        def tick(left: int) -> None:
            told.append("-")
            if left:
                loop.call_soon(tick, left - 1)

        loop.call_soon(tick, 6)
        await asyncio.gather(*(begin(turns, name) for name in "abc"))

    asyncio.run(crowd())
    begun = "".join(told)
    assert [name for name in begun if name != "-"] == ["a", "b", "c"]
    assert "ab" not in begun
    assert "bc" not in begun


def test_a_cancelled_wait_does_not_block_the_queue() -> None:
    async def leave() -> list[bool]:
        turns = AdmissionQueue(manual())
        first, second, third = (asyncio.ensure_future(turns.wait()) for _ in range(3))
        loop = asyncio.get_running_loop()
        loop.call_soon(first.cancel)
        loop.call_soon(second.cancel)
        await asyncio.gather(first, second, third, return_exceptions=True)
        await turns.wait()
        return [first.cancelled(), second.cancelled(), third.done() and not third.cancelled()]

    assert asyncio.run(leave())[2]


def begun_while_behind(max_wait: float = 30.0) -> int:
    """How often the clock, which is behind all the time, called before the one who waited began."""

    async def story() -> int:
        clock, calls = Clock(), list[int]()

        def call() -> None:
            calls.append(1)
            if len(calls) < 50:
                clock.call_at(clock.now() - 1, call)

        call()
        await AdmissionQueue(clock, max_wait).wait()
        return len(calls)

    return asyncio.run(story())


def test_nothing_begins_while_what_is_due_is_late() -> None:
    assert begun_while_behind() == 50


def test_who_has_waited_long_enough_begins_all_the_same() -> None:
    assert begun_while_behind(max_wait=0.0) < 10


def test_a_clock_that_is_moved_waits_until_everybody_has_begun() -> None:
    async def story() -> list[float]:
        clock, begun = manual(0), list[float]()
        turns = AdmissionQueue(clock)

        async def begin() -> None:
            await turns.wait()
            begun.append(clock.now())
            await clock.sleep(1)

        crowd = [asyncio.create_task(begin()) for _ in range(50)]
        await clock.advance(1)
        await asyncio.gather(*crowd)
        return begun

    assert asyncio.run(story()) == [0.0] * 50
