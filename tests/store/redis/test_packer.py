"""What the script is to do for units of work: what they read and change, and whether others must hear of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from emulator.clock.world_clock import manual
from emulator.store.redis.changes import Tracker, Unit
from emulator.store.redis.clock import ClockPart
from emulator.store.redis.journal import RedisJournal
from emulator.store.redis.packer import Packer, Stand
from emulator.store.redis.presence import Era, Presence
from emulator.store.redis.sums import RedisCounters

STAND = Stand("epoch", 7, 3, 6, refused=False)


def packed(work: Callable[[RedisCounters, Era], Any], joined: bool = True) -> tuple[list[Any], bool]:
    """What is packed of a unit, unpacked, and whether it is urgent."""
    tracker, clock, presence = Tracker(), manual(), Presence()
    tracker.queue = lambda unit: None
    presence.joined = joined
    counters, era = RedisCounters(tracker), Era(tracker)
    journal = RedisJournal(10, 1_000, tracker, lambda effect: effect(), presence)
    timer = ClockPart(clock, clock.real)
    packer = Packer((timer, presence, era), (counters.values, counters.lots), journal, clock)
    unit = Unit(lambda: work(counters, era))
    tracker.run(unit)
    arguments, urgent = packer.pack([unit], STAND, None, 0)
    return msgspec.msgpack.decode(arguments[0]), urgent  # type: ignore[arg-type]


def test_a_unit_is_packed_with_what_it_has_read_and_changed() -> None:
    rows, urgent = packed(lambda counters, _: counters.increment("n"))
    assert rows[:2] == ["epoch", 7]
    assert rows[5:9] == [['["c","n"]', '["k","clock"]', '["e","era"]'], ['["c","n"]', "1"], [], []]
    assert (rows[14], urgent) == ("beat", False)


def test_a_number_of_a_lot_reads_nothing() -> None:
    def work(counters: RedisCounters, _: Era) -> None:
        counters.lots.name = "n"
        counters.lots.add(5, 1)
        assert counters.number("n") == 5

    rows, _ = packed(work)
    assert rows[5:9] == [['["k","clock"]', '["e","era"]'], [], [], []]


def test_a_world_that_begins_again_is_urgent_and_a_new_process_joins() -> None:
    rows, urgent = packed(lambda _, era: era.begin(), joined=False)
    assert (rows[14], urgent) == ("join", True)
