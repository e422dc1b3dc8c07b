"""AdmissionQueue: new requests wait in line, so that a burst of them does not delay work that is due."""

from __future__ import annotations

import asyncio
from collections import deque

from emulator.clock.world_clock import Clock

MAX_DELAY = 0.002  # real seconds: while due timers are later than that, nothing is admitted …
MAX_WAIT = 2.0  # … except what has waited that long


class AdmissionQueue:
    """Admits one request in each pass of the loop, and none while the clock is behind with its timers.

    A burst that is more than the machine can serve on time thus starts later, instead of delaying everything. A request
    waits at most `max_wait` real seconds for a clock that is behind.
    """

    def __init__(self, clock: Clock, max_wait: float = MAX_WAIT) -> None:
        self._clock = clock
        self._max_wait = max_wait
        self._waiting: deque[tuple[float, asyncio.Future[None]]] = deque()

    async def wait(self) -> None:
        """Waits for admission, in order of arrival."""
        loop = asyncio.get_running_loop()
        admitted: asyncio.Future[None] = loop.create_future()
        self._waiting.append((loop.time(), admitted))
        if len(self._waiting) == 1:
            loop.call_soon(self._next, loop)
        await admitted

    def _next(self, loop: asyncio.AbstractEventLoop) -> None:
        waiting = self._waiting
        while waiting and waiting[0][1].done():  # cancelled
            waiting.popleft()
        if not waiting:
            return
        since, admitted = waiting[0]
        if self._clock.behind() < MAX_DELAY or loop.time() - since >= self._max_wait:
            waiting.popleft()
            admitted.set_result(None)
        if waiting:
            loop.call_soon(self._next, loop)
