"""Tell how far something has come from its age and its polls: a job's states, and how many of its rows are finished."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from itertools import pairwise
from math import inf

from msgspec import Struct
from msgspec.structs import replace

from emulator.clock.world_clock import SLACK
from emulator.errors import ConfigError
from emulator.language.document.diagnostics import did_you_mean
from emulator.language.document.durations import Duration


class Timeline(Struct, frozen=True):
    """States in order, each with the age at which it begins; the last one is the end.

    An age is a time, a number of polls, or both, of which the later one counts. `polled` has the ages in seconds at
    which the polls came so far: with the third, what begins after three polls has begun.
    """

    states: tuple[str, ...]
    begins: tuple[Duration, ...]
    polled: tuple[float, ...] = ()

    @classmethod
    def parse(cls, begins: Mapping[str, Duration]) -> Timeline:
        """Read `{queued: 0s, working: 1 poll, completed: 2s + 3 polls}`: ages counted from the start.

        A state that is given a time only, or polls only, waits for what the one above waits for as well. Raises
        ConfigError when there is no state, or when a state begins before the one above it.
        """
        if not begins:
            raise ConfigError("a timeline needs at least one state")
        states, durations = tuple(begins), list(begins.values())
        for at, (above, state) in enumerate(pairwise(states), 1):
            first, second = durations[at - 1], _after(durations[at - 1], durations[at])
            durations[at] = second
            # All parts must grow, or the order would turn with the number of items.
            if any(later < earlier for earlier, later in zip(_parts(first), _parts(second), strict=True)):
                raise ConfigError(f"state {state!r} may begin before {above!r}; expected ages in ascending order")
        return cls(states, tuple(durations))

    @property
    def end(self) -> str:
        """The state in which nothing happens any more."""
        return self.states[-1]

    @property
    def counts_polls(self) -> bool:
        """Whether a state waits for polls."""
        return any(begin.polls or begin.polls_each for begin in self.begins)

    def poll(self, age: float) -> Timeline:
        """The timeline after one poll more."""
        return replace(self, polled=(*self.polled, age))

    def age(self, begin: Duration, items: int) -> float:
        """The age in seconds at which something begins; infinite while it waits for polls."""
        seconds, polls = begin.seconds(items), begin.count(items)
        if not polls:
            return seconds
        return max(seconds, self.polled[polls - 1]) if polls <= len(self.polled) else inf

    def ages(self, items: int) -> list[float]:
        """The age in seconds at which each state begins."""
        return [self.age(begin, items) for begin in self.begins]

    def ends_after(self, items: int) -> float:
        """The age in seconds at which the last state begins."""
        return self.age(self.begins[-1], items)

    @property
    def works_from(self) -> Duration:
        """The age at which the state before the end begins."""
        return self.begins[-2] if len(self.begins) > 1 else Duration(0.0)

    @property
    def halfway(self) -> Duration:
        """The age in the middle of the state before the end."""
        first, last = self.works_from, self.begins[-1]
        return Duration(
            (first.fixed + last.fixed) / 2,
            (first.each + last.each) / 2,
            (first.polls + last.polls + 1) // 2,
            (first.polls_each + last.polls_each + 1) // 2,
        )

    def begin(self, state: str) -> Duration:
        """The age at which a state begins. Raises ConfigError, which names the nearest one."""
        if state not in self.states:
            raise ConfigError(f"unknown state {state!r}; {did_you_mean(state, self.states)}")
        return self.begins[self.states.index(state)]

    def flapping(self, state: str, times: int, every: Duration) -> Timeline:
        """It goes back to a state and forth again, so many times, before it goes on to its end.

        Each lasts `every`. Raises ConfigError for an unknown state.
        """
        self.begin(state)
        if len(self.states) < 2:
            raise ConfigError(f"a job that is {self.end!r} from its start has no state to come back from")
        work, begun = self.states[-2], self.begins[-2]
        states = [*self.states[:-1], *(state, work) * times, self.end]
        flaps = [_later(begun, every, number) for number in range(1, 2 * times + 1)]
        last = _later(self.begins[-1], every, 2 * times)
        return Timeline(tuple(states), (*self.begins[:-1], *flaps, last), self.polled)

    def moved(self, onto: Timeline, state: str, age: float, items: int) -> Timeline:
        """It takes a state of another timeline at an age, and goes on as that one does from there.

        Raises ConfigError for an unknown state.
        """
        begun, polls = onto.begin(state), len(self.polled)
        past = [Duration(began) for began in self.ages(items) if began < age]
        rest = onto.begins[onto.states.index(state) :]
        later = [
            Duration(
                age + each.fixed - begun.fixed,
                each.each - begun.each,
                polls + each.polls - begun.polls if _polls(each) > _polls(begun) else 0,
                each.polls_each - begun.polls_each,
            )
            for each in rest
        ]
        return Timeline((*self.states[: len(past)], *onto.states[-len(rest) :]), (*past, *later), self.polled)

    def at(self, age: float, items: int) -> str:
        """The state at an age; the first state lasts from the very start."""
        return self._reached(age, items) or self.states[0]

    def ended(self, age: float, items: int) -> bool:
        """Whether the end is reached at an age; of a timeline that flaps, also when it is only shown."""
        return self._reached(age, items) == self.end

    def finished(self, age: float, items: int) -> int:
        """How many rows are done at an age.

        Row i is done (i + 1) x the `each` part of the end after the state before the end began; without such a part
        the rows are spread evenly over that state. Those of a state that lasts a number of polls are spread over them.
        """
        if self.ended(age, items):
            return items
        working = self.age(self.works_from, items)
        if age <= working - SLACK or not items:
            return 0
        return min(self._finished_by_polls(age, items), self._finished_by_time(age, working, items))

    def finishes(self, row: int, items: int) -> float:
        """The age in seconds at which a row is done, apart from polls; `finished` counts those."""
        end, working = self.begins[-1].seconds(items), self.works_from.seconds(items)
        return min(end, working + (row + 1) * (self.begins[-1].each or (end - working) / items))

    def _finished_by_polls(self, age: float, items: int) -> int:
        first = self.works_from.count(items)
        wanted = self.begins[-1].count(items) - first
        if wanted <= 0:
            return items
        seen = bisect_right(self.polled, age + SLACK) - first
        return items * min(max(seen, 0), wanted) // wanted

    def _finished_by_time(self, age: float, working: float, items: int) -> int:
        end = self.begins[-1].seconds(items)
        each = self.begins[-1].each or (end - working) / items
        return min(items, int((age - working + SLACK) / each)) if each > 0 else items

    def _reached(self, age: float, items: int) -> str | None:
        for state, begin in zip(reversed(self.states), reversed(self.begins), strict=True):
            if age + SLACK >= self.age(begin, items):
                return state
        return None


def _parts(begin: Duration) -> tuple[float, float, int, int]:
    """Its seconds and its polls, each apart from what items add, and that."""
    return begin.fixed, begin.each, begin.polls, begin.polls_each


def _polls(begin: Duration) -> tuple[int, int]:
    return begin.polls, begin.polls_each


def _after(above: Duration, begin: Duration) -> Duration:
    """What a state waits for: of what it does not speak of, time or polls, as much as the one above."""
    if not any(_polls(above)) and not any(_polls(begin)):
        return begin
    if not any(_polls(begin)):
        return replace(begin, polls=above.polls, polls_each=above.polls_each)
    return begin if begin.fixed or begin.each else replace(begin, fixed=above.fixed, each=above.each)


def _later(begin: Duration, every: Duration, times: int) -> Duration:
    return replace(begin, fixed=begin.fixed + times * every.fixed, polls=begin.polls + times * every.polls)


CANCELLED_AT_ONCE = Timeline(("cancelled",), (Duration(0.0),))
