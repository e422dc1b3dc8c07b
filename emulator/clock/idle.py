"""Idle detection: a moving clock waits until all tasks wait and no work is in flight."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager, suppress

ROUNDS = 100  # passes of the loop after which the clock goes on, although some task never waits


class Work:
    """Runnable tasks, which the loop knows, and work in flight, which it can't know."""

    def __init__(self) -> None:
        self._in_flight = 0
        self._landings = 0  # how often nothing was in flight any more
        self._landed = asyncio.Event()

    @contextmanager
    def busy(self) -> Iterator[None]:
        """Marks work in flight."""
        if not self._in_flight:
            self._landed = asyncio.Event()
        self._in_flight += 1
        try:
            yield
        finally:
            self._in_flight -= 1
            if not self._in_flight:
                self._landings += 1
                self._landed.set()

    def is_idle(self) -> bool:
        """Whether every task but the running one waits, and no work is in flight."""
        return not self._in_flight and _all_wait()

    async def settle(self, deadline: float) -> None:
        """Runs tasks until all is idle; waits for work in flight until the loop's time is `deadline`."""
        loop = asyncio.get_running_loop()
        rounds = 0
        while rounds < ROUNDS:
            rounds += 1
            landings = self._landings
            await _passes(loop)  # no time passes: woken tasks run, and so do the callbacks that they caused
            # Work that has landed meanwhile may go on in a callback, which is no task that one could see.
            if landings != self._landings or not _all_wait():
                continue
            left = deadline - loop.time()
            if not self._in_flight or left <= 0:
                return
            with suppress(TimeoutError):
                await asyncio.wait_for(self._landed.wait(), left)
            rounds = 0


class _Pass(asyncio.Future[None]):
    """Future on which a clock waits while other tasks run; other worlds' clocks count such a task as waiting."""


async def _passes(loop: asyncio.AbstractEventLoop) -> None:
    """Lets the loop run twice."""
    passed = _Pass(loop=loop)
    loop.call_soon(loop.call_soon, _end, passed)
    await passed


def _end(passed: _Pass) -> None:
    if not passed.done():
        passed.set_result(None)


def _all_wait() -> bool:
    # asyncio does not publish what a task waits for; anyio's `wait_all_tasks_blocked` reads the same attribute.
    running = asyncio.current_task()
    waiters = (getattr(task, "_fut_waiter", None) for task in asyncio.all_tasks() if task is not running)
    return all(waiter is not None and (isinstance(waiter, _Pass) or not waiter.done()) for waiter in waiters)
