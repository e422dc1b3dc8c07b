"""Tell how far something has come from its age: a job's states, and how many of its rows are finished."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

from msgspec import Struct

from emulator.clock import SLACK
from emulator.errors import ConfigError
from emulator.language.document.diagnostics import did_you_mean
from emulator.language.document.durations import Duration


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

    def works_after(self, items: int) -> float:
        """The age in seconds at which the state before the end begins."""
        return self.begins[-2].seconds(items) if len(self.begins) > 1 else 0.0

    def begin(self, state: str) -> Duration:
        """The age at which a state begins. Raises ConfigError, which names the nearest one."""
        if state not in self.states:
            raise ConfigError(f"unknown state {state!r}; {did_you_mean(state, self.states)}")
        return self.begins[self.states.index(state)]

    def flapping(self, state: str, times: int, every: float) -> Timeline:
        """It goes back to a state and forth again, so many times, before it goes on to its end.

        Each lasts `every` seconds. Raises ConfigError for an unknown state.
        """
        self.begin(state)
        if len(self.states) < 2:
            raise ConfigError(f"a job that is {self.end!r} from its start has no state to come back from")
        work, begun = self.states[-2], self.begins[-2]
        states = [*self.states[:-1], *(state, work) * times, self.end]
        flaps = [_later(begun, number * every) for number in range(1, 2 * times + 1)]
        return Timeline(tuple(states), (*self.begins[:-1], *flaps, _later(self.begins[-1], 2 * times * every)))

    def moved(self, onto: Timeline, state: str, age: float, items: int) -> Timeline:
        """It takes a state of another timeline at an age, and goes on as that one does from there.

        Raises ConfigError for an unknown state.
        """
        begun = onto.begin(state)
        past = [begin for begin in self.begins if begin.seconds(items) < age]
        rest = onto.begins[onto.states.index(state) :]
        later = [Duration(age + each.fixed - begun.fixed, each.each - begun.each) for each in rest]
        return Timeline((*self.states[: len(past)], *onto.states[-len(rest) :]), (*past, *later))

    def at(self, age: float, items: int) -> str:
        """The state at an age; the first state lasts from the very start."""
        return self._reached(age, items) or self.states[0]

    def ended(self, age: float, items: int) -> bool:
        """Whether the end is reached at an age; of a timeline that flaps, also when it is only shown."""
        return self._reached(age, items) == self.end

    def finished(self, age: float, items: int) -> int:
        """How many rows are done at an age.

        Row i is done (i + 1) x the `each` part of the end after the state before the end began; without such a part
        the rows are spread evenly over that state.
        """
        if self.ended(age, items):
            return items
        end, working = self.ends_after(items), self.works_after(items)
        if age <= working or not items:
            return 0
        each = self.begins[-1].each or (end - working) / items
        return min(items, int((age - working + SLACK) / each))

    def finishes(self, row: int, items: int) -> float:
        """The age in seconds at which a row is done; `finished` counts those."""
        end, working = self.ends_after(items), self.works_after(items)
        return min(end, working + (row + 1) * (self.begins[-1].each or (end - working) / items))

    def _reached(self, age: float, items: int) -> str | None:
        for state, begin in zip(reversed(self.states), reversed(self.begins), strict=True):
            if age + SLACK >= begin.seconds(items):
                return state
        return None


def _later(begin: Duration, seconds: float) -> Duration:
    return Duration(begin.fixed + seconds, begin.each)


CANCELLED_AT_ONCE = Timeline(("cancelled",), (Duration(0.0),))
