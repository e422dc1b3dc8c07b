"""The only source of time: whatever waits, expires or is dated asks a Clock; it runs, hurries, stands still or jumps.

Times are seconds since the epoch. A clock belongs to one event loop at a time and is not for several threads.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractContextManager, asynccontextmanager
from functools import partial

from emulator.clock.idle import Work
from emulator.clock.timers import Timer, Timers
from emulator.dates import LATEST, http_date, iso

__all__ = ["Clock", "Timer", "http_date", "iso", "manual"]

LONGEST = 86_400.0  # real seconds that a loop is asked to wait at once
GRACE = 0.001  # real seconds that everybody must have waited before an automatic clock jumps
FASTEST = 1e6  # beyond it, a real microsecond would be more than a second
MICRO = 1e-6  # the grain of a moved clock: ten times 0.1 s are 1 s, which floats of this size do not give
# Seconds since the epoch are floats with steps of 0.24 µs, so an age that was added up in parts may fall short of the
# age that was meant: whoever compares two times takes them as equal this close.
SLACK = 1e-6
PATIENCE = 5.0  # real seconds that work in flight may hold a jump up: a receiver that never answers must not stop time


class Clock:
    """Time that can be steered. `start` None begins at the system's time; `speed` 0 stands still, 2 runs twice as fast.

    `patience` is in real seconds: for so long may work in flight hold a move of the clock up.
    The loop is asked to wake us for the first timer only: a thousand sleepers cost a heap and one loop timer.
    """

    def __init__(self, start: float | None = None, speed: float = 1.0, patience: float = PATIENCE) -> None:
        self._real = _steady()
        self._speed = _checked(speed, FASTEST, "a speed")
        self._rate = 0.0  # the speed, or 0 while the clock is being moved
        self._offset = 0.0  # now = offset + rate * real
        self._auto = False
        self._timers = Timers()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._handle: asyncio.Handle | None = None
        self._work = Work()
        self._turn = asyncio.Lock()  # one moves the clock at a time
        self._moving, self._patience, self._until = False, patience, 0.0
        self._made = (None if start is None else _checked(start, LATEST, "a time"), speed)
        self._anchor(time.time() if start is None else start, speed)

    def now(self) -> float:
        """Seconds since the epoch; never goes back unless `set` says so."""
        return self._offset + self._rate * self._real()

    def real(self) -> float:
        """Seconds of the system's steady clock: what really passes, whatever this one shows."""
        return self._real()

    @property
    def speed(self) -> float:
        """Seconds of this clock in a real second; 0 when it stands still."""
        return self._speed

    @property
    def auto(self) -> bool:
        """Whether the clock jumps to the next timer as soon as everybody waits, whatever its speed."""
        return self._auto

    @auto.setter
    def auto(self, auto: bool) -> None:
        self._auto = auto
        self._arm()

    def run(self, speed: float = 1.0) -> None:
        """Go on from the present moment. Raises ValueError for a speed below 0 or above FASTEST."""
        self._speed = _checked(speed, FASTEST, "a speed")
        if not self._moving:
            self._anchor(self.now(), speed)

    def freeze(self) -> None:
        """Stand still; timers wait until the clock is moved or runs again."""
        self.run(0.0)

    async def sleep(self, seconds: float) -> None:
        """Wait so many seconds of this clock; 0 or less lets others run once."""
        await self.sleep_until(self.now() + seconds)

    async def sleep_until(self, due: float) -> None:
        """Wait until the clock shows `due`, never less; when it does already, others run once."""
        if due <= self.now():
            await asyncio.sleep(0)
            return
        waiter = asyncio.get_running_loop().create_future()
        timer = self.call_at(due, partial(_wake, waiter))
        try:
            await waiter
        finally:
            timer.cancel()

    def call_at(self, due: float, callback: Callable[[], object]) -> Timer:
        """Call back at `due`, in order of due time and then of arrival; soon, when `due` has passed.

        Set outside a running loop, it waits for the next one set inside. Raises ValueError when `due` is NaN.
        """
        if due != due:
            raise ValueError("a timer can't be due at NaN")
        timer, first = self._timers.add(due, callback)
        if first or self._handle is None or self._loop is not _running_loop():
            self._arm()
        return timer

    def pending(self) -> list[Timer]:
        """The calls to come, the next one first."""
        return self._timers.pending()

    def behind(self) -> float:
        """Real seconds by which the next call is overdue, because the loop was busy; 0 when it is still to come."""
        return max(0.0, (self.now() - self._timers.first()) / self._rate) if self._rate else 0.0

    def busy(self) -> AbstractContextManager[None]:
        """Mark work in flight, such as a webhook being sent, that a moving clock waits for before it goes on."""
        return self._work.busy()

    async def advance(self, seconds: float) -> None:
        """Move on, firing each due timer at its own time; who wakes runs, and may add timers, before the clock goes on.

        Raises ValueError when `seconds` is negative or leads beyond the year 9999.
        """
        _checked(seconds, LATEST, "a step in seconds")
        async with self._held():
            await self._travel(self.now() + seconds)

    async def set(self, to: float) -> None:
        """Show `to`: forwards as `advance` does; backwards nothing fires, and timers keep their due time."""
        async with self._held():
            await self._travel(to)

    async def reset(self) -> None:
        """Be as when it was made: at its start, or the system's time, and at its speed. Timers keep their due time."""
        start, speed = self._made
        await self.restore(time.time() if start is None else start, speed)

    async def restore(self, now: float, speed: float, auto: bool = False) -> None:
        """Show `now` at once and go on from there; nothing fires. Raises ValueError as `set` and `run` do."""
        _checked(now, LATEST, "a time in seconds since the epoch")
        async with self._turn:
            self._speed, self._auto = _checked(speed, FASTEST, "a speed"), auto
            self._anchor(now, speed)

    async def skip(self) -> None:
        """Move on to the next timer and fire it, with all that are due with it; nothing when none is pending."""
        async with self._held():
            await self._work.settle(self._until)
            if (due := self._timers.first()) <= LATEST:
                await self._travel(max(due, self.now()))

    @asynccontextmanager
    async def _held(self) -> AsyncIterator[None]:
        async with self._turn:
            self._moving = True
            self._until = asyncio.get_running_loop().time() + self._patience
            self._anchor(self.now(), 0.0)
            try:
                yield
            finally:
                self._moving = False
                self._anchor(self._offset, self._speed)

    async def _travel(self, to: float) -> None:
        to = round(_checked(to, LATEST, "a time in seconds since the epoch"), 6)
        end = to + MICRO
        await self._work.settle(self._until)
        while (due := self._timers.first()) <= end:
            self._offset = max(self._offset, due)
            self._fire_due()
            await self._work.settle(self._until)
            to = max(to, due)
        self._offset = to

    def _anchor(self, now: float, rate: float) -> None:
        self._rate = rate
        self._offset = now - rate * self._real() if rate else _grained(now)
        self._arm()

    def _arm(self) -> None:
        """Ask the running loop to wake us for the first timer."""
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None
        self._loop = loop = _running_loop()
        if loop is None or self._moving or (due := self._timers.first()) > LATEST:
            return
        wait = due - self.now()
        if wait <= 0:
            self._handle = loop.call_soon(self._due)
        elif self._auto:
            self._handle = loop.call_later(GRACE, self._jump)
        elif self._rate:
            # uvloop counts whole milliseconds: rounded down, it would wake us too early, again and again.
            self._handle = loop.call_later(min(wait / self._rate + 0.0005, LONGEST), self._due)

    def _fire_due(self) -> None:
        # Only what is due at this moment: a callback that asks to be called at once must not keep the loop for ever.
        for timer in self._timers.take(self.now()):
            timer.fire()

    def _due(self) -> None:
        self._handle = None
        self._fire_due()
        self._arm()

    def _jump(self) -> None:
        if self._work.rests() and (due := self._timers.first()) <= LATEST:
            self._offset += max(0.0, due - self.now())
        self._due()


def manual(start: float = 1_767_225_600.0) -> Clock:
    """A clock that moves only when told to; it shows 2026-01-01T00:00:00Z at first."""
    return Clock(start, 0.0)


def _steady() -> Callable[[], float]:
    # The one that goes on while a laptop sleeps, where there is one: `Date` must not fall behind the world's.
    kind: int | None = getattr(time, "CLOCK_BOOTTIME", getattr(time, "CLOCK_MONOTONIC", None))
    return time.monotonic if kind is None else partial(time.clock_gettime, kind)


def _grained(now: float) -> float:
    """The first grain from `now` on: a clock that stands still stands where moving it leads, or what lasts an hour
    would last a bit longer than an hour's step."""
    grain = round(now, 6)
    return grain if grain >= now else round(grain + MICRO, 6)


def _checked(number: float, most: float, what: str) -> float:
    if not 0 <= number <= most:
        raise ValueError(f"{what} lies between 0 and {most:.0f}, and {number} does not")
    return number


def _wake(waiter: asyncio.Future[None]) -> None:
    if not waiter.done():
        waiter.set_result(None)


def _running_loop() -> asyncio.AbstractEventLoop | None:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None
