"""Turns: what begins waits its turn, so that what is due is not kept waiting by a crowd that arrives at once."""

from __future__ import annotations

import asyncio
from collections import deque

from emulator.clock import Clock

BEHIND = 0.002  # real seconds: when what is due is later than that, nothing more begins …
LONGEST = 2.0  # … except what has waited so long


class AdmissionQueue:
    """Lets one begin in each pass of the loop, and none while the clock is behind with what is due.

    So a crowd that is more than the machine can serve on time begins later instead of making everybody late.
    `longest`, in real seconds, is how long one waits at most for a clock that is behind.
    """

    def __init__(self, clock: Clock, longest: float = LONGEST) -> None:
        self._clock = clock
        self._longest = longest
        self._waiting: deque[tuple[float, asyncio.Future[None]]] = deque()

    async def take(self) -> None:
        """Wait for a turn, in order of arrival."""
        loop = asyncio.get_running_loop()
        turn: asyncio.Future[None] = loop.create_future()
        self._waiting.append((loop.time(), turn))
        if len(self._waiting) == 1:
            loop.call_soon(self._next, loop)
        await turn

    def _next(self, loop: asyncio.AbstractEventLoop) -> None:
        waiting = self._waiting
        while waiting and waiting[0][1].done():  # who was cancelled needs no turn
            waiting.popleft()
        if not waiting:
            return
        since, turn = waiting[0]
        if self._clock.behind() < BEHIND or loop.time() - since >= self._longest:
            waiting.popleft()
            turn.set_result(None)
        if waiting:
            loop.call_soon(self._next, loop)
