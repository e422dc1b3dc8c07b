"""Clock: the only source of time, for all that waits, expires or has a date. It can run, freeze, speed up or jump.

Times are seconds since the epoch. A clock belongs to one event loop at a time and is not thread-safe.

The rules:
- Running: `now = offset + rate * real`; the loop wakes the clock for its first timer.
- Frozen (`speed` 0): time stands still until `advance`, `set` or `skip` moves it.
- Moving: one move at a time. Due timers fire in order, each at its own time; after each, all tasks that can run do so,
  and work in flight (`busy`) is waited for, before the clock goes on.
- Automatic (`auto`): the clock jumps to its first timer as soon as all tasks wait and no work is in flight.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractContextManager, asynccontextmanager
from functools import partial

from emulator.clock.idle import Work
from emulator.clock.system_time import pause, steady, system
from emulator.clock.timers import Timer, Timers
from emulator.dates import LATEST
from emulator.settings.clock_start import MAX_SPEED, ClockStart

MAX_WAIT = 86_400.0  # real seconds that the loop is asked to wait at once
SETTLE_SECONDS = 0.001  # real seconds for which all tasks must wait before an automatic clock jumps
GRAIN = 1e-6  # resolution of a moved clock: ten times 0.1 s is 1 s, which floats of this size do not give
# Seconds since the epoch are floats with steps of 0.24 µs, so an age that is a sum of parts may fall short of the
# exact age: comparisons take two times this close as equal.
SLACK = 1e-6
WORK_TIMEOUT = (
    5.0  # real seconds that work in flight may delay a move: a receiver that never responds must not stop time
)


class Clock:
    """Controllable clock. `start` None starts at the system's time; `speed` 0 is frozen, 2 runs twice as fast.
    `auto`: it jumps to its next timer as soon as all tasks wait. `run` changes the speed.

    Work in flight delays a move of the clock for at most `work_timeout` real seconds.
    The loop has a timer for the first of ours only: a thousand sleepers cost a heap and one loop timer.
    """

    def __init__(
        self, start: float | None = None, speed: float = 1.0, work_timeout: float = WORK_TIMEOUT, auto: bool = False
    ) -> None:
        self._real = steady()
        self.speed = _checked(speed, MAX_SPEED, "a speed")
        self._rate = 0.0  # the speed, or 0 while the clock is being moved
        self._offset = 0.0  # now = offset + rate * real
        self._auto = auto
        self._timers, self._quiet = Timers(), Timers()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._handle: asyncio.Handle | None = None
        self._work = Work()
        self._lock = asyncio.Lock()  # one move at a time
        self._moving, self._work_timeout, self._deadline = False, work_timeout, 0.0
        self._initial = (None if start is None else _checked(start, LATEST, "a time"), speed, auto)
        self._anchor(system() if start is None else start)

    def now(self) -> float:
        """Returns seconds since the epoch; goes back only by `set`, `reset` and `restore`."""
        return self._offset + self._rate * self._real()

    def read(self) -> tuple[float, float]:
        """Returns what `now` and `real` do, of one moment."""
        real = self._real()
        return self._offset + self._rate * real, real

    def remember(self, at: float, real: float) -> Callable[[], tuple[float, float]]:
        """Returns what reads a moment again that was read before. It stays as long ago as it is now, even if the clock
        shows another time by then: another process may have set it.
        """
        ago = self.now() - at
        return lambda: (self.now() - ago, real)

    def real(self) -> float:
        """Returns seconds of the system's steady clock, independent of this one."""
        return self._real()

    @property
    def auto(self) -> bool:
        """Whether the clock jumps to the next timer as soon as all tasks wait, at any speed."""
        return self._auto

    @auto.setter
    def auto(self, auto: bool) -> None:
        self._auto = auto
        self._arm()

    @property
    def anchor(self) -> tuple[float, float, float, bool]:
        """What stays the same until the clock is set, moved, or runs at another speed."""
        return self._offset, self._rate, self.speed, self._auto

    @property
    def moving(self) -> bool:
        """Whether it is being moved: it stands still meanwhile, but for its steps to what is due."""
        return self._moving

    def run(self, speed: float = 1.0) -> None:
        """Runs at a speed from now on. Raises ValueError for a speed below 0 or above MAX_SPEED."""
        self.speed = _checked(speed, MAX_SPEED, "a speed")
        if not self._moving:
            self._anchor(self.now())

    def freeze(self) -> None:
        """Stops the clock; timers wait until it is moved or runs again."""
        self.run(0.0)

    async def sleep(self, seconds: float) -> None:
        """Sleeps so many seconds of this clock; 0 or less lets other tasks run once."""
        await self.sleep_until(self.now() + seconds)

    async def sleep_until(self, due: float) -> None:
        """Sleeps until the clock has reached `due`; if it has already, lets other tasks run once."""
        if due <= self.now():
            await pause(0)
            return
        waiter = asyncio.get_running_loop().create_future()
        timer = self.call_at(due, partial(_wake, waiter))
        try:
            await waiter
        finally:
            timer.cancel()

    def call_at(self, due: float, callback: Callable[[], object], quiet: bool = False) -> Timer:
        """Calls `callback` at `due`, in order of due time and then of creation; soon, if `due` has passed.

        A quiet timer fires when its time comes, before others that are due then, but nobody waits for it: it is not
        shown as pending, and neither an automatic clock nor `skip` goes to it. A timer set outside a running loop
        waits for the next one set inside. Raises ValueError when `due` is NaN.
        """
        if due != due:
            raise ValueError("a timer can't be due at NaN")
        timer, first = (self._quiet if quiet else self._timers).add(due, callback)
        if first or self._handle is None or self._loop is not _running_loop():
            self._arm()
        return timer

    def pending(self) -> list[Timer]:
        """Returns the pending timers, the next one first."""
        return self._timers.pending()

    def behind(self) -> float:
        """Returns the real seconds by which the next timer is overdue, because the loop was busy; 0 if it is not."""
        return max(0.0, (self.now() - self._timers.first()) / self._rate) if self._rate else 0.0

    def wake(self) -> None:
        """Sees to the timers that were set outside of a running loop."""
        self._arm()

    async def settle(self) -> None:
        """Lets all happen that is due: waits until all tasks wait, and for work in flight as long as a move does."""
        loop = asyncio.get_running_loop()
        await self._work.settle(loop.time() + self._work_timeout)

    def busy(self) -> AbstractContextManager[None]:
        """Marks work in flight, such as a webhook being sent, that a moving clock waits for."""
        return self._work.busy()

    async def advance(self, seconds: float) -> None:
        """Moves the clock forwards; each due timer fires at its own time, and tasks that wake may add timers.

        Raises ValueError when `seconds` is negative or leads beyond the year 9999.
        """
        _checked(seconds, LATEST, "a step in seconds")
        async with self._exclusive():
            await self._move_to(self.now() + seconds)

    async def set(self, to: float) -> None:
        """Moves to a time: forwards as `advance` does; backwards nothing fires, and timers keep their due time."""
        async with self._exclusive():
            await self._move_to(to)

    async def reset(self) -> None:
        """Resets the clock to how it started: its time (or the system's), speed, `auto`. Timers keep their due time."""
        start, speed, auto = self._initial
        await self.restore(system() if start is None else start, speed, auto)

    async def restore(self, now: float, speed: float, auto: bool = False) -> None:
        """Sets time and speed without firing timers. Raises ValueError as `set` and `run` do."""
        async with self._lock:
            self.resume(now, speed, auto)

    def resume(self, now: float, speed: float, auto: bool) -> None:
        """Does what `restore` does, but at once: a clock that is being moved goes on by the speed when it arrives."""
        _checked(now, LATEST, "a time in seconds since the epoch")
        self.speed, self._auto = _checked(speed, MAX_SPEED, "a speed"), auto
        self._anchor(now)

    async def skip(self) -> None:
        """Moves the clock to the next timer and fires all that are due then; does nothing when none is pending."""
        async with self._exclusive():
            await self._work.settle(self._deadline)
            if (due := self._timers.first()) <= LATEST:
                await self._move_to(max(due, self.now()))

    @asynccontextmanager
    async def _exclusive(self) -> AsyncIterator[None]:
        async with self._lock:
            self._moving = True
            self._deadline = asyncio.get_running_loop().time() + self._work_timeout
            self._anchor(self.now())
            try:
                yield
            finally:
                self._moving = False
                self._anchor(self._offset)

    async def _move_to(self, to: float) -> None:
        to = round(_checked(to, LATEST, "a time in seconds since the epoch"), 6)
        end = to + GRAIN
        await self._work.settle(self._deadline)
        while (due := self._first()) <= end:
            self._offset = max(self._offset, due)
            self._fire_due()
            await self._work.settle(self._deadline)
            to = max(to, due)
        self._offset = to

    def _anchor(self, now: float) -> None:
        self._rate = rate = 0.0 if self._moving else self.speed
        self._offset = now - rate * self._real() if rate else _round_up(now)
        self._arm()

    def _arm(self) -> None:
        """Sets a timer of the running loop for the first of ours."""
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None
        self._loop = loop = _running_loop()
        if loop is None or self._moving or (due := self._first()) > LATEST:
            return
        wait = due - self.now()
        if wait <= 0:
            self._handle = loop.call_soon(self._on_wake)
        elif self._auto and self._timers.first() <= LATEST:
            self._handle = loop.call_later(SETTLE_SECONDS, self._jump)
        elif self._rate:
            # uvloop counts whole milliseconds: rounded down, it would wake the clock too early, again and again.
            self._handle = loop.call_later(min(wait / self._rate + 0.0005, MAX_WAIT), self._on_wake)

    def _first(self) -> float:
        return min(self._timers.first(), self._quiet.first())

    def _fire_due(self) -> None:
        # Only what is due now: a callback that schedules itself for now must not block the loop indefinitely.
        now = self.now()
        for timer in (*self._quiet.take(now), *self._timers.take(now)):
            timer.fire()

    def _on_wake(self) -> None:
        self._handle = None
        self._fire_due()
        self._arm()

    def _jump(self) -> None:
        if self._work.is_idle() and (due := self._timers.first()) <= LATEST:
            self._offset += max(0.0, due - self.now())
        self._on_wake()


def manual(start: float = 1_767_225_600.0) -> Clock:
    """Returns a frozen clock, which moves only when it is advanced; it starts at 2026-01-01T00:00:00Z."""
    return Clock(start, 0.0)


def start_clock(start: ClockStart) -> Clock:
    """Returns a clock that starts as settings say; where they say nothing, at the system's time and with its speed."""
    return Clock(start.at, 1.0 if start.speed is None else start.speed, auto=bool(start.auto))


def _round_up(now: float) -> float:
    """Rounds up to a multiple of GRAIN, so that a frozen clock stands where a move leads; otherwise a step of an hour
    would fall short of a timer in an hour."""
    grain = round(now, 6)
    return grain if grain >= now else round(grain + GRAIN, 6)


def _checked(number: float, most: float, what: str) -> float:
    if not 0 <= number <= most:
        raise ValueError(f"{what} must be between 0 and {most:.0f}; found {number}")
    return number


def _wake(waiter: asyncio.Future[None]) -> None:
    if not waiter.done():
        waiter.set_result(None)


def _running_loop() -> asyncio.AbstractEventLoop | None:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None
