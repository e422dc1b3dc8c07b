"""What was used in all worlds of a server, those that have ended included, once somebody counts that."""

from __future__ import annotations

from collections.abc import Iterable

from emulator.verdict.coverage import Usage
from emulator.worlds.explanation import nearest_to_idle
from emulator.worlds.world import World


class TotalUsage:
    """Nothing is counted until `count`. `counting`: somebody does."""

    def __init__(self) -> None:
        self._ended: Usage | None = None  # what was used in worlds that have ended

    @property
    def counting(self) -> bool:
        """Whether it is counted."""
        return self._ended is not None

    def count(self, worlds: Iterable[World]) -> None:
        """Counts from here on in these worlds and in those that begin (idempotent)."""
        if self._ended is None:
            self._ended = Usage()
            for world in worlds:
                world.ledger.count_usage()

    def begin(self, world: World) -> None:
        """Counts in one more world, if it is counted."""
        if self._ended is not None:
            world.ledger.count_usage()

    def end(self, world: World) -> None:
        """Keeps what was used in a world that has ended."""
        if self._ended is not None:
            self._ended.merge(_usage_of(world))

    def total(self, worlds: Iterable[World]) -> Usage | None:
        """Returns the sum over these worlds and those that have ended; None if nobody counts."""
        if self._ended is None:
            return None
        total = Usage()
        total.merge(self._ended)
        for world in worlds:
            total.merge(_usage_of(world))
        return total


def _usage_of(world: World) -> Usage:
    """Returns what was used in a world, with the request that came nearest to each rule that has not answered."""
    usage = world.ledger.count_usage()
    usage.near = nearest_to_idle(usage, world)
    return usage
