"""Turns: a crowd begins one by one, and others come between."""

from __future__ import annotations

import asyncio

from emulator.serving.turns import Turns


def test_one_begins_in_each_pass_of_the_loop_in_order_of_arrival() -> None:
    told: list[str] = []

    async def begin(turns: Turns, name: str) -> None:
        await turns.take()
        told.append(name)

    async def crowd() -> None:
        loop, turns = asyncio.get_running_loop(), Turns()

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


def test_who_gives_up_waiting_keeps_nobody_from_a_turn() -> None:
    async def leave() -> list[bool]:
        turns = Turns()
        first, second, third = (asyncio.ensure_future(turns.take()) for _ in range(3))
        loop = asyncio.get_running_loop()
        loop.call_soon(first.cancel)
        loop.call_soon(second.cancel)
        await asyncio.gather(first, second, third, return_exceptions=True)
        await turns.take()
        return [first.cancelled(), second.cancelled(), third.done() and not third.cancelled()]

    assert asyncio.run(leave())[2]
