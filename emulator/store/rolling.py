"""Counters of limits whose windows don't end at once: sliding ones, buckets that refill, and budgets.

Times and levels are whole numbers, in microseconds, so nothing is lost by rounding, however long a counter lives. Two
times as close as `SLACK` are equal: seconds since the epoch are floats, which are exact to a quarter of a microsecond.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Mapping
from math import gcd
from typing import Any

from msgspec import Struct

from emulator.dates import month_end
from emulator.playbook.limits import MAX_COUNTED, Aligned, AtOnce, Pace, Refill, Rolls, Sliding, Spends
from emulator.store.backend import Window

MICROS = 1_000_000
SLACK = 2  # microseconds
LATE = MICROS  # a request may be charged this much after one that came later; more is a clock that was set back
MAX_ENTRIES = 10_000  # of a sliding counter; beyond it neighbours become one, at the time of the later one


class SlidingLog(Struct):
    """What was taken, and when: entries of time and cost, the oldest first. It is given back after `span`."""

    span: int
    entries: list[tuple[int, int]]
    used: int = 0  # the sum of the costs

    @classmethod
    def of(cls, pace: Sliding) -> SlidingLog:
        return cls(round(pace.seconds * MICROS), [])

    def fits(self, pace: Rolls) -> bool:
        """Whether it counts by this pace: a scenario may have changed it."""
        return isinstance(pace, Sliding) and self.span == round(pace.seconds * MICROS)

    def look(self, now: float, limit: int = 0, cost: int = 0) -> Window:
        """How it stands, and whether `limit` lets the cost through; what is over is forgotten."""
        at, used = self._turn(now), self.used
        ends = self.entries[-1][0] + self.span if self.entries else at
        window = Window(used, ends / MICROS)
        if cost and used + cost > limit:
            window.refused, window.wait = True, self._wait(at, used + cost - limit) / MICROS
        return window

    def take(self, cost: int, now: float) -> None:
        """Charges a cost, which fits."""
        if cost:
            self._add(self._turn(now), cost)

    def settle(self, amount: int, charged_at: float, now: float) -> Window | None:
        """Adds to what was charged at a time, or takes off it; None when that is over."""
        then, at = round(charged_at * MICROS), self._turn(now)
        if then + self.span <= at + SLACK:
            return None
        self._add(then, amount)
        return self.look(now)

    def __copy__(self) -> SlidingLog:
        return SlidingLog(self.span, list(self.entries), self.used)

    def _turn(self, now: float) -> int:
        """Goes to a time and forgets what is over by then; nothing lasts longer than it would if charged then."""
        at, entries = round(now * MICROS), self.entries
        if entries and entries[-1][0] > at:
            if entries[-1][0] - at <= LATE:
                at = entries[-1][0]
            else:
                ahead = sum(cost for then, cost in entries if then >= at)
                entries[:] = [each for each in entries if each[0] < at] + [(at, ahead)]
        over = bisect_left(entries, (at - self.span + SLACK + 1, 0))
        if over:
            self.used -= sum(cost for _, cost in entries[:over])
            del entries[:over]
        return at

    def _add(self, then: int, amount: int) -> None:
        entries = self.entries
        place = bisect_left(entries, (then, 0))
        if place < len(entries) and entries[place][0] == then:
            before = entries.pop(place)[1]
            amount, self.used = amount + before, self.used - before
        if amount > 0:
            insort(entries, (then, amount))
            self.used += amount
        if len(entries) > MAX_ENTRIES:
            pairs = zip(entries[::2], [*entries[1::2], None], strict=False)
            entries[:] = [each if later is None else (later[0], each[1] + later[1]) for each, later in pairs]

    def _wait(self, at: int, amount: int) -> int:
        """Microseconds until so much has come back; the whole span when that is not enough."""
        for then, cost in self.entries:
            amount -= cost
            if amount <= 0:
                return then + self.span - at
        return self.span


class BucketLevel(Struct):
    """How much is gone from a bucket at a time. `period` parts are one whole, and `flow` parts a microsecond return."""

    flow: int
    period: int
    gone: int = 0
    at: int = 0

    @classmethod
    def of(cls, pace: Refill) -> BucketLevel:
        micros = round(pace.seconds * MICROS)
        common = gcd(pace.amount, micros)
        return cls(pace.amount // common, micros // common)

    def fits(self, pace: Rolls) -> bool:
        """Whether it counts by this pace: a scenario may have changed it."""
        if not isinstance(pace, Refill):
            return False
        other = BucketLevel.of(pace)
        return (self.flow, self.period) == (other.flow, other.period)

    def look(self, now: float, limit: int = 0, cost: int = 0) -> Window:
        """How it stands, and whether a bucket of `limit` lets the cost through."""
        gone, at = self._then(now)
        window = Window(_up(gone, self.period), (at + _up(gone, self.flow)) / MICROS)
        lacking = gone + (cost - limit) * self.period
        if cost and lacking > SLACK * self.flow:
            window.refused, window.wait = True, _up(lacking, self.flow) / MICROS
        return window

    def take(self, cost: int, now: float) -> None:
        """Charges a cost, which fits."""
        self.gone, self.at = self._then(now)
        self.gone += cost * self.period

    def settle(self, amount: int, charged_at: float, now: float) -> Window:
        """Takes more out of the bucket, or gives it back."""
        self.gone, self.at = self._then(now)
        self.gone = max(0, self.gone + amount * self.period)
        return self.look(now)

    def _then(self, now: float) -> tuple[int, int]:
        """Returns what is gone at a time, and that time. Set back, the bucket goes on from then as full as it was."""
        at = round(now * MICROS)
        if at < self.at <= at + LATE:
            at = self.at
        self.at = min(self.at, at)
        return max(0, self.gone - max(0, at - self.at) * self.flow), at


class UnderWay(Struct):
    """How many responses are under way. Nobody knows when one ends, so a refused request may as well ask again soon."""

    used: int = 0

    def fits(self, pace: Rolls) -> bool:
        return isinstance(pace, AtOnce)

    def look(self, now: float, limit: int = 0, cost: int = 0) -> Window:
        """How many there are, and whether `limit` lets more begin."""
        refused = cost > 0 and self.used + cost > limit
        return Window(self.used, now, refused, 1.0 if refused else None)

    def take(self, cost: int, now: float) -> None:
        """Counts one that begins."""
        self.used += cost

    def settle(self, amount: int, charged_at: float, now: float) -> Window:
        """Counts one that has ended, by a negative amount."""
        self.used = max(0, self.used + amount)
        return self.look(now)


class Spent(Struct):
    """How much of a budget is spent. The last request may cost more than is left; what comes after it is refused."""

    used: int = 0

    def fits(self, pace: Rolls) -> bool:
        return isinstance(pace, Spends)

    def look(self, now: float, limit: int = 0, cost: int = 0) -> Window:
        """How much is spent, and whether any of `limit` is left for what costs something."""
        return Window(self.used, now, cost > 0 and self.used >= limit)

    def take(self, cost: int, now: float) -> None:
        """Spends so much."""
        self.settle(cost, now, now)

    def settle(self, amount: int, charged_at: float, now: float) -> Window:
        """Spends more, or gives it back."""
        self.used = min(max(0, self.used + amount), MAX_COUNTED)
        return self.look(now)


Rolling = SlidingLog | BucketLevel | UnderWay | Spent


def new_counter(pace: Rolls) -> Rolling:
    """Returns a counter of which nothing is used."""
    if isinstance(pace, AtOnce):
        return UnderWay()
    if isinstance(pace, Spends):
        return Spent()
    return SlidingLog.of(pace) if isinstance(pace, Sliding) else BucketLevel.of(pace)


SlidingRows = Mapping[str, tuple[int, list[tuple[int, int]]]]
BucketRows = Mapping[str, tuple[int, int, str, int]]


def dump_counters(counters: Mapping[str, Rolling]) -> tuple[Any, Any, Any]:
    """Returns the sliding counters, the buckets and what is spent, as JSON-able rows.

    A level may have more than 64 bits. What is under way ends with the process.
    """
    sliding = {key: (each.span, each.entries) for key, each in counters.items() if isinstance(each, SlidingLog)}
    buckets = {
        key: (each.flow, each.period, str(each.gone), each.at)
        for key, each in counters.items()
        if isinstance(each, BucketLevel)
    }
    return sliding, buckets, {key: each.used for key, each in counters.items() if isinstance(each, Spent)}


def load_counters(sliding: SlidingRows, buckets: BucketRows, spent: Mapping[str, int]) -> dict[str, Rolling]:
    """Returns the counters that were dumped."""
    loaded: dict[str, Rolling] = {
        key: SlidingLog(span, sorted(rows), sum(cost for _, cost in rows)) for key, (span, rows) in sliding.items()
    }
    for key, (flow, period, gone, at) in buckets.items():
        loaded[key] = BucketLevel(flow, period, int(gone), at)
    loaded.update((key, Spent(used)) for key, used in spent.items())
    return loaded


def last_charge(counter: Rolling) -> float:
    """Returns when something was charged last; 0 when nothing was, or no time gives it back."""
    if isinstance(counter, SlidingLog):
        return counter.entries[-1][0] / MICROS if counter.entries else 0.0
    return counter.at / MICROS if isinstance(counter, BucketLevel) else 0.0


def window_end(pace: float | Pace, now: float) -> float:
    """Returns the end of a window that would begin now; of what rolls, the moment itself."""
    if isinstance(pace, (float, int)):
        return now + pace
    if isinstance(pace, Aligned):
        return month_end(now) if pace.month else (now // pace.seconds + 1) * pace.seconds
    return now


def _up(number: int, by: int) -> int:
    return -(-number // by)
