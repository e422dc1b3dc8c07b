"""Subscription: hears at once when another process has committed something, so that idle ones need not ask."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress

from emulator.clock.system_time import pause
from emulator.errors import StoreUnavailable
from emulator.store.redis.server import RedisServer

RETRY_SECONDS = 1.0  # real seconds after which a server that went away is tried again
CLOSE_SECONDS = 1.0  # real seconds that closing a connection may take

Hear = Callable[[str, int, bool, bool], None]  # worker, its commit, whether it is urgent, whether it is in the journal


class Subscription:
    """Subscribes to one world of a server, once it is started, and asks every `beat` real seconds in any case.

    `hear` is called with each commit, and `ask` when something may have been missed.
    """

    def __init__(self, server: RedisServer, world: str, hear: Hear, ask: Callable[[], None], beat: float) -> None:
        self._server, self._world = server, world
        self._hear, self._ask, self._beat = hear, ask, beat
        self._closed = False
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def started(self) -> bool:
        """Whether it has begun."""
        return bool(self._tasks)

    def start(self) -> None:
        """Begins, in a running loop."""
        loop = asyncio.get_running_loop()
        self._tasks = [loop.create_task(self._listen()), loop.create_task(self._ask_again())]

    async def close(self) -> None:
        """Ends."""
        self._closed = True
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=CLOSE_SECONDS)

    async def _listen(self) -> None:
        while not self._closed:
            with suppress(StoreUnavailable):
                async with self._server.notices(self._world) as next_notice:
                    self._ask()
                    while not self._closed:
                        worker, seq, urgent, entries = (await next_notice()).decode().split()
                        self._hear(worker, int(seq), urgent == "1", entries == "1")
            await pause(RETRY_SECONDS)

    async def _ask_again(self) -> None:
        while not self._closed:
            await pause(self._beat)
            self._ask()
