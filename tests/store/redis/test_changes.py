"""Tracker: what a unit of work has touched is known, undone when it fails, and a verb alone is a unit too."""

from __future__ import annotations

import pytest

from emulator.store.redis.changes import Tracker, Unit, undo
from emulator.store.redis.sums import RedisCounters


class Story:
    def __init__(self) -> None:
        self.queued: list[Unit] = []
        self.tracker = Tracker()
        self.tracker.queue = self.queued.append
        self.counters = RedisCounters(self.tracker)

    def run(self, *names: str, error: Exception | None = None) -> Unit:
        def work() -> int:
            for name in names:
                self.counters.increment(name)
            if error is not None:
                raise error
            return len(names)

        unit = Unit(work)
        self.tracker.run(unit)
        return unit


def test_a_unit_knows_what_it_read_and_what_it_changed() -> None:
    story = Story()
    unit = Unit(lambda: (story.counters.value("a"), story.counters.increment("b")))
    story.tracker.run(unit)
    assert unit.result == (0, 1)
    assert [name for _, name in unit.before] == [("a",), ("b",)]
    assert [(name, data) for (_, name), data in unit.after.items()] == [(("b",), b"1")]


def test_a_unit_that_fails_is_undone_and_says_what_it_has_read() -> None:
    story = Story()
    unit = story.run("a", "a", error=LookupError("in vain"))
    assert (str(unit.error), unit.after, story.counters.value("a")) == ("in vain", {}, 0)
    assert [name for _, name in unit.before] == [("a",)]


def test_units_are_undone_the_last_one_first_and_can_be_run_again() -> None:
    story = Story()
    units = [story.run("a"), story.run("a", "b")]
    undo(reversed(units))
    assert (story.counters.value("a"), story.counters.value("b")) == (0, 0)
    for unit in reversed(units):
        story.tracker.run(unit)
    assert [unit.after for unit in units] == [{(story.counters.values, ("a",)): b"2"}, units[1].after]


def test_a_verb_by_itself_is_a_unit_and_so_is_a_longer_change() -> None:
    story = Story()
    assert story.counters.increment("a") == 1
    story.tracker.alone(lambda: [story.counters.increment("a") for _ in range(2)])
    assert [list(unit.after.values()) for unit in story.queued] == [[b"1"], [b"3"]]
    with pytest.raises(LookupError):
        story.tracker.alone(lambda: dict[str, int]()["nothing"])
    story.counters.value("a")
    assert len(story.queued) == 2
