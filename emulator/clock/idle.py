"""Who is at work: a clock that moves lets everybody finish what they are doing before it goes on."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager, suppress

ROUNDS = 100  # passes of the loop after which tasks that never wait are no longer waited for


class Work:
    """Tasks that can run, which the loop knows of, and work in flight, which it cannot know of."""

    def __init__(self) -> None:
        self._in_flight = 0
        self._landed = asyncio.Event()

    @contextmanager
    def busy(self) -> Iterator[None]:
        """Mark work in flight."""
        if not self._in_flight:
            self._landed = asyncio.Event()
        self._in_flight += 1
        try:
            yield
        finally:
            self._in_flight -= 1
            if not self._in_flight:
                self._landed.set()

    def rests(self) -> bool:
        """Whether every task but the running one waits for something, and nothing is in flight."""
        return not self._in_flight and _all_wait()

    async def settle(self, patience: float) -> None:
        """Let run what can run, until all rests; work in flight is waited for until the loop's time is `patience`."""
        loop = asyncio.get_running_loop()
        rounds = 0
        while rounds < ROUNDS:
            rounds += 1
            await _passes(loop)  # no time passes: those who were woken run, and so do the callbacks of what they did
            if not _all_wait():
                continue
            left = patience - loop.time()
            if not self._in_flight or left <= 0:
                return
            with suppress(TimeoutError):
                await asyncio.wait_for(self._landed.wait(), left)
            rounds = 0


class _Pass(asyncio.Future[None]):
    """What a clock waits for that lets others run. Others need not wait for it: each has a world of its own."""


async def _passes(loop: asyncio.AbstractEventLoop) -> None:
    """Let the loop go round twice."""
    passed = _Pass(loop=loop)
    loop.call_soon(loop.call_soon, _end, passed)
    await passed


def _end(passed: _Pass) -> None:
    if not passed.done():
        passed.set_result(None)


def _all_wait() -> bool:
    # asyncio has no public way to ask what a task waits for; anyio's `wait_all_tasks_blocked` reads the same attribute.
    running = asyncio.current_task()
    waiters = (getattr(task, "_fut_waiter", None) for task in asyncio.all_tasks() if task is not running)
    return all(waiter is not None and (isinstance(waiter, _Pass) or not waiter.done()) for waiter in waiters)
