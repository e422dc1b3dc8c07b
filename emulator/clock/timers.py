"""Timers in order of due time, and of creation when they are due together."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from heapq import heapify, heappop, heappush
from itertools import count


class Timer:
    """Pending call. `due` is in seconds since the epoch."""

    __slots__ = ("_callback", "_timers", "due")

    def __init__(self, timers: Timers, due: float, callback: Callable[[], object]) -> None:
        self.due = due
        self._timers: Timers | None = timers
        self._callback: Callable[[], object] | None = callback

    @property
    def alive(self) -> bool:
        """Whether the call is pending: neither made nor cancelled."""
        return self._callback is not None

    def cancel(self) -> None:
        """Cancels the call; does nothing if it was made or cancelled before."""
        timers, self._timers, self._callback = self._timers, None, None
        if timers is not None:
            timers.cancelled()

    def fire(self) -> None:
        """Makes the call, unless it was cancelled; its exceptions go to the loop's exception handler."""
        callback, self._timers, self._callback = self._callback, None, None
        if callback is None:
            return
        try:
            callback()
        except Exception as error:  # one failing call must not stop the timers after it
            context = {"message": "a timer's callback failed", "exception": error}
            asyncio.get_running_loop().call_exception_handler(context)


class Timers:
    """Heap of pending timers; cancelled ones stay in it until they are due or too many."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, Timer]] = []
        self._order = count()
        self._cancelled = 0

    def add(self, due: float, callback: Callable[[], object]) -> tuple[Timer, bool]:
        """Adds a timer; returns it, and whether it is the first one."""
        timer = Timer(self, due, callback)
        heappush(self._heap, (due, next(self._order), timer))
        return timer, self._heap[0][2] is timer

    def first(self) -> float:
        """Returns when the next timer is due; infinity when there is none."""
        heap = self._heap
        while heap:
            due, _, timer = heap[0]
            if timer._callback is not None:
                return due
            heappop(heap)
            self._cancelled -= 1
        return float("inf")

    def take(self, until: float) -> list[Timer]:
        """Removes and returns the timers that are due by `until`."""
        taken = []
        while self.first() <= until:
            taken.append(heappop(self._heap)[2])
        return taken

    def pending(self) -> list[Timer]:
        """Returns the pending timers, the next one first."""
        return [timer for _, _, timer in sorted(self._heap) if timer.alive]

    def cancelled(self) -> None:
        """Counts a cancelled timer; removes cancelled ones when there are too many, lest they fill the heap."""
        self._cancelled += 1
        if self._cancelled > 64 and self._cancelled > len(self._heap) // 2:
            self._heap = [entry for entry in self._heap if entry[2].alive]
            heapify(self._heap)
            self._cancelled = 0
