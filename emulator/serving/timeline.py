"""Tell how far something has come from its age: a job's states, and how many of its rows are finished."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

from msgspec import Struct

from emulator.errors import ConfigError
from emulator.scenario.duration import Duration

# Seconds since the epoch are floats with steps of 0.24 µs, so an age that was added up in parts may fall short of the
# age that was meant.
SLACK = 1e-6


class Timeline(Struct, frozen=True):
    """States in order, each with the age at which it begins; the last one is the end."""

    states: tuple[str, ...]
    begins: tuple[Duration, ...]

    @classmethod
    def parse(cls, begins: Mapping[str, Duration]) -> Timeline:
        """Read `{queued: 0s, working: 1s, completed: 1s + 10ms each}`: ages in seconds, counted from the start.

        Raises ConfigError when there is no state, or when a state begins before the one above it.
        """
        if not begins:
            raise ConfigError("a timeline needs at least one state")
        states, durations = tuple(begins), tuple(begins.values())
        for above, state in pairwise(states):
            first, second = begins[above], begins[state]
            # Both parts must grow, or the order would turn with the number of items.
            if second.seconds(0) < first.seconds(0) or second.each < first.each:
                raise ConfigError(f"state {state!r} may begin before {above!r}; expected ages in ascending order")
        return cls(states, durations)

    @property
    def end(self) -> str:
        """The state in which nothing happens any more."""
        return self.states[-1]

    def ends_after(self, items: int) -> float:
        """The age in seconds at which the last state begins."""
        return self.begins[-1].seconds(items)

    def at(self, age: float, items: int) -> str:
        """The state at an age; the first state lasts from the very start."""
        for state, begin in zip(reversed(self.states), reversed(self.begins), strict=True):
            if age + SLACK >= begin.seconds(items):
                return state
        return self.states[0]

    def finished(self, age: float, items: int) -> int:
        """How many rows are done at an age.

        Row i is done (i + 1) x the `each` part of the end after the state before the end began; without such a part
        the rows are spread evenly over that state.
        """
        end = self.ends_after(items)
        if age + SLACK >= end:
            return items
        working = self.begins[-2].seconds(items) if len(self.begins) > 1 else 0.0
        if age <= working or not items:
            return 0
        each = self.begins[-1].each or (end - working) / items
        return min(items, int((age - working + SLACK) / each))


CANCELLED_AT_ONCE = Timeline(("cancelled",), (Duration(0.0),))
