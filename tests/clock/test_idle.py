"""Idle detection: what a moving clock waits for."""

from __future__ import annotations

import asyncio
from contextlib import ExitStack

import pytest

from emulator.clock.idle import ROUNDS, Work
from emulator.clock.world_clock import manual


def test_work_settles_when_every_task_waits() -> None:
    async def main() -> tuple[int, bool]:
        work, passes = Work(), 0

        async def run() -> None:
            nonlocal passes
            for _ in range(10):
                passes += 1
                await manual().sleep(0)
            await asyncio.get_running_loop().create_future()

        task = asyncio.ensure_future(run())
        await work.settle(asyncio.get_running_loop().time())
        idle = work.is_idle()
        task.cancel()
        return passes, idle

    assert asyncio.run(main()) == (10, True)


def test_work_in_flight_is_waited_for() -> None:
    async def main() -> list[str]:
        work, order = Work(), list[str]()
        landed = asyncio.get_running_loop().create_future()

        async def send() -> None:
            with work.busy():
                assert not work.is_idle()
                await landed
                order.append("landed")

        task = asyncio.ensure_future(send())
        asyncio.get_running_loop().call_later(0.01, landed.set_result, None)
        await work.settle(asyncio.get_running_loop().time() + 60)
        order.append("settled")
        await task
        return order

    assert asyncio.run(main()) == ["landed", "settled"]


def test_work_in_flight_is_waited_for_only_until_the_deadline() -> None:
    async def main() -> bool:
        work = Work()
        with work.busy():
            await work.settle(asyncio.get_running_loop().time() + 0.01)
            return work.is_idle()

    assert asyncio.run(main()) is False


def test_a_task_that_never_waits_does_not_block_the_clock_forever() -> None:
    async def main() -> int:
        passes = 0

        async def spin() -> None:
            nonlocal passes
            while True:
                passes += 1
                await manual().sleep(0)

        task = asyncio.ensure_future(spin())
        await Work().settle(asyncio.get_running_loop().time())
        task.cancel()
        return passes

    assert ROUNDS <= asyncio.run(main()) <= 4 * ROUNDS


@pytest.mark.parametrize("passes", range(8))
def test_what_landed_work_has_called_soon_is_done_before_all_is_settled(passes: int) -> None:
    async def main() -> list[str]:
        work, order, loop = Work(), list[str](), asyncio.get_running_loop()

        def land(left: int) -> None:
            if left:
                loop.call_soon(land, left - 1)
                return
            flight.close()
            loop.call_soon(loop.call_soon, order.append, "gone on")

        flight = ExitStack()
        flight.enter_context(work.busy())
        loop.call_soon(land, passes)
        await work.settle(loop.time() + 60)
        return [*order]

    assert asyncio.run(main()) == ["gone on"]
