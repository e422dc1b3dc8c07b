"""Turns: what begins waits its turn, so that what is due is not kept waiting by a crowd that arrives at once."""

from __future__ import annotations

import asyncio
from collections import deque


class Turns:
    """Lets one begin in each pass of the loop; between two, timers fire and events that are due leave."""

    def __init__(self) -> None:
        self._waiting: deque[asyncio.Future[None]] = deque()

    async def take(self) -> None:
        """Wait for a turn, in order of arrival."""
        loop = asyncio.get_running_loop()
        turn: asyncio.Future[None] = loop.create_future()
        self._waiting.append(turn)
        if len(self._waiting) == 1:
            loop.call_soon(self._next)
        await turn

    def _next(self) -> None:
        while self._waiting and self._waiting[0].done():  # who was cancelled needs no turn
            self._waiting.popleft()
        if not self._waiting:
            return
        turn = self._waiting.popleft()
        turn.set_result(None)
        if self._waiting:
            turn.get_loop().call_soon(self._next)
