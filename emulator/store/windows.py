"""Counters of limits in this process's memory: windows that end, and counters that roll."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice

from emulator.clock.world_clock import Clock
from emulator.playbook.limits import Aligned, Pace, Rolls
from emulator.store.backend import Charge, Window
from emulator.store.rolling import Rolling, last_charge, new_counter, window_end


class MemoryWindows:
    """Windows by key, at most `cap` of them: beyond it the oldest tenth goes. Likewise `rolling` counters."""

    def __init__(self, clock: Clock, cap: int) -> None:
        self.windows: dict[str, Window] = {}
        self.rolling: dict[str, Rolling] = {}
        self._clock = clock
        self._cap = cap
        self._sweep_at = min(1_000, cap)

    def charge(self, charges: Sequence[Charge], now: float | None = None) -> list[Window]:
        now = self._clock.now() if now is None else now
        known = self.windows
        windows, begun = [], []
        for key, limit, seconds, cost in charges:
            if seconds.__class__ is not float and not isinstance(seconds, (float, int)):
                return self._charge_paced(charges, now)
            window = known.get(key)
            # The first comparison is enough unless the request is late: the second one asks the clock.
            if window is None or not (now < window.resets_at <= now + seconds or self._holds(window, seconds, now)):
                window = Window(0, now + seconds)
                begun.append((key, window))
            if window.used + cost > limit and cost > 0:
                return self._refuse(charges, now)
            windows.append(window)
        for charge, window in zip(charges, windows):  # noqa: B905 (they are as many, and each charge comes by here)
            window.used += charge[3]
        if begun:
            known.update(begun)
            if len(known) > self._sweep_at:
                self._sweep(now)
        return windows

    def _charge_paced(self, charges: Sequence[Charge], now: float) -> list[Window]:
        """Does what `charge` does, for counters of every kind."""
        looked = [self._look(key, seconds, now, limit, cost) for key, limit, seconds, cost in charges]
        if any(window.refused for window in looked):
            return looked
        for at, (key, _, seconds, cost) in enumerate(charges):
            if isinstance(seconds, Rolls):
                counter = self.rolling[key] = self._counter(key, seconds)
                moment = self._moment(counter, now)
                counter.take(cost, moment)
                looked[at] = counter.look(moment)
            else:
                looked[at].used += cost
                self.windows[key] = looked[at]
        if len(self.windows) > self._sweep_at:
            self._sweep(now)
        if len(self.rolling) > self._cap:
            self._sweep_rolling(now)
        return looked

    def _look(self, key: str, seconds: float | Pace, now: float, limit: int, cost: int) -> Window:
        if isinstance(seconds, Rolls):
            counter = self._counter(key, seconds)
            return counter.look(self._moment(counter, now), limit, cost)
        found = self.peek(key, seconds, now) or Window(0, window_end(seconds, now))
        return Window(found.used, found.resets_at, found.used + cost > limit and cost > 0)

    def _counter(self, key: str, pace: Rolls) -> Rolling:
        counter = self.rolling.get(key)
        return counter if counter is not None and counter.fits(pace) else self._new(pace)

    def _new(self, pace: Rolls) -> Rolling:
        return new_counter(pace)

    def _refuse(self, charges: Sequence[Charge], now: float) -> list[Window]:
        return [self._look(key, seconds, now, limit, cost) for key, limit, seconds, cost in charges]

    def settle(self, key: str, amount: int, resets_at: float | None = None, now: float | None = None) -> Window | None:
        window = self.windows.get(key)
        if window is None or window.resets_at <= (self._clock.now() if now is None else now):
            return None
        if resets_at is not None and window.resets_at != resets_at:
            return None
        window.used = max(0, window.used + amount)
        return window

    def settle_rolling(
        self, key: str, pace: Rolls, amount: int, charged_at: float, now: float | None = None
    ) -> Window | None:
        counter = self.rolling.get(key)
        if counter is None:
            counter = self.rolling[key] = self._new(pace)
        elif not counter.fits(pace):  # the limit was changed meanwhile
            return None
        return counter.settle(amount, charged_at, self._moment(counter, self._clock.now() if now is None else now))

    def peek(self, key: str, seconds: float | Pace, now: float | None = None) -> Window | None:
        now = self._clock.now() if now is None else now
        if isinstance(seconds, Rolls):
            counter = self._counter(key, seconds)
            return counter.look(self._moment(counter, now))
        window = self.windows.get(key)
        return window if window is not None and self._holds(window, seconds, now) else None

    def _holds(self, window: Window, pace: float | Aligned, now: float) -> bool:
        """Whether a window is the one that a request of `now` is charged to."""
        # The upper bound lets go of a window that a clock set back or a shortened limit left in the far future.
        return now < window.resets_at <= window_end(pace, self._latest(now))

    def _latest(self, now: float) -> float:
        """Returns the latest moment at which somebody may have charged something before a request of `now` does."""
        # One whose body was slow is charged after others that came later; only a clock that is behind was set back.
        return max(now, self._clock.now())

    def _moment(self, counter: Rolling, now: float) -> float:
        """Returns the moment at which a request of `now` charges a counter: not before what was charged already."""
        last = last_charge(counter)
        return last if now < last <= self._latest(now) else now

    def _sweep(self, now: float) -> None:
        """Forgets the windows that are over and, when that is not enough, the oldest tenth; seldom, as it is slow."""
        known = {key: window for key, window in self.windows.items() if window.resets_at > now}
        for key in list(islice(known, max(0, len(known) - self._cap * 9 // 10))):
            del known[key]
        self.windows = known
        self._sweep_at = min(self._cap, max(1_000, 2 * len(known)))

    def _sweep_rolling(self, now: float) -> None:
        """Forgets the rolling counters of which nothing is used and, when that is not enough, the oldest tenth."""
        looked = ((key, counter, self._moment(counter, now)) for key, counter in self.rolling.items())
        known = {key: counter for key, counter, moment in looked if counter.look(moment).used}
        for key in list(islice(known, max(0, len(known) - self._cap * 9 // 10))):
            del known[key]
        self.rolling = known
