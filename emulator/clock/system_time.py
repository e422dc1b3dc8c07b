"""The system's time, for the clocks of worlds and for what takes real time. Nothing else asks the system for it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from functools import partial


def system() -> float:
    """Seconds since the epoch, by a call that freezegun leaves alone: a test's frozen time is not the emulator's."""
    return time.clock_gettime(time.CLOCK_REALTIME)


def steady() -> Callable[[], float]:
    """Returns the system's steady clock, in seconds from some moment."""
    # The one that continues while a laptop sleeps, if there is one: `Date` must not fall behind real time.
    kind: int | None = getattr(time, "CLOCK_BOOTTIME", getattr(time, "CLOCK_MONOTONIC", None))
    return time.monotonic if kind is None else partial(time.clock_gettime, kind)


async def pause(seconds: float) -> None:
    """Waits real seconds, whatever the clocks of worlds say."""
    await asyncio.sleep(seconds)


def cpu_seconds() -> float:
    """Returns the seconds for which this thread has computed, for limits that a busy machine must not exceed: waiting,
    and other processes, don't count."""
    return time.thread_time()
