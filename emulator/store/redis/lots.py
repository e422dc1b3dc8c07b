"""Lots of numbers: those that this process has reserved, so that two processes that count don't wait for each other."""

from __future__ import annotations

from collections import deque

from emulator.clock.system_time import steady

LIFE = 1.0  # real seconds for which numbers are kept: later ones would be far behind those of other processes
FEWEST = 4  # numbers of a lot


class Lots:
    """Numbers of one counter, the first that is asked for; `name` is its name. None are reserved until `want` says
    that others count too."""

    def __init__(self) -> None:
        self.name = ""
        self._left: deque[int] = deque()
        self._now = steady()
        self._wanted_until = self._kept_until = 0.0

    def want(self) -> None:
        """Has numbers reserved for a while."""
        self._wanted_until = self._now() + LIFE

    def missing(self, most: int) -> int:
        """Returns how many numbers to reserve beside those that are left, for so many units at a time."""
        if self._now() >= self._wanted_until:
            return 0
        wanted = max(FEWEST, 2 * most)
        return wanted - len(self._left) if 2 * len(self._left) < wanted else 0

    def add(self, last: int, count: int) -> None:
        """Takes on numbers that were reserved, up to the last."""
        self._left.extend(range(last - count + 1, last + 1))
        self._kept_until = self._now() + LIFE

    def take(self, name: str) -> int:
        """Returns a number; 0 when none is left."""
        self.name = self.name or name
        if not self._left or name != self.name:
            return 0
        if self._now() >= self._kept_until:
            self._left.clear()
            return 0
        return self._left.popleft()

    def clear(self) -> None:
        """Forgets what is left, and that others count too: the counter begins anew."""
        self._left.clear()
        self._wanted_until = 0.0
