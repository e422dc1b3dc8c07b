"""WAIT: somebody waits for what is to come in a world; who leaves is waited with no longer, too many are refused."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from starlette.types import Receive

from emulator.control.failure import ControlError
from emulator.serving.body import ClientLeft
from emulator.serving.world import World

T = TypeVar("T")
MOST = 200  # who wait in one world: each of them looks at each of its exchanges


class Waits:
    """Those who wait, counted by their world; in each, no more than `most` can."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._count: Counter[World] = Counter()

    @contextmanager
    def one_more(self, world: World) -> Iterator[None]:
        """Wait in this world. Raises ControlError 409 when too many do."""
        if self._count[world] >= self._most:
            hint = "end some of them, or let others wait in worlds of their own"
            raise ControlError(409, f"{self._most} requests wait in the world {world.name!r} already", hint)
        self._count[world] += 1
        try:
            yield
        finally:
            self._count[world] -= 1
            if not self._count[world]:
                del self._count[world]


async def unless_left(awaited: Awaitable[T], receive: Receive) -> T:
    """What is awaited; it is cancelled when the client goes first, and ClientLeft is raised."""
    answer = asyncio.ensure_future(awaited)
    left = asyncio.ensure_future(_left(receive))
    try:
        await asyncio.wait((answer, left), return_when=asyncio.FIRST_COMPLETED)
        if not answer.done():
            raise ClientLeft
        return answer.result()
    finally:
        answer.cancel()
        left.cancel()
        await asyncio.gather(answer, left, return_exceptions=True)


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
