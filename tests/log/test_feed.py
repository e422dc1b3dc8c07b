"""The feed: what is new in a journal, in batches; nothing is sent twice or lost in silence."""

from __future__ import annotations

import asyncio
import re
from typing import Any

import pytest

from emulator.app import LANGUAGE, Application
from emulator.clock.system_time import pause
from emulator.clock.world_clock import manual
from emulator.compile.questions import Question
from emulator.http.exchange import Exchange
from emulator.log.feed import MAX_ROWS, Batch, Feed, Position
from emulator.settings.options import Settings
from emulator.worlds.filters import compile_filter
from emulator.worlds.world import World
from tests.running import loaded


def world(entries: int = 500) -> World:
    return Application(Settings(journal_entries=entries), manual(), loaded("default")).worlds.default


def add(to: World, status: int = 200, outcome: str = "complete") -> Exchange:
    journal = to.state.journal
    exchange = Exchange(journal.seen + 1, 0.0, "GET", "/", "")
    exchange.status, exchange.outcome = status, outcome
    journal.add(exchange)
    return exchange


def end(to: World, exchange: Exchange, outcome: str = "complete") -> None:
    exchange.outcome = outcome
    to.state.journal.finish(exchange)


def filtered(text: str) -> Question | None:
    return compile_filter(text, LANGUAGE, loaded("default"))


def places(batch: Batch | None) -> list[int]:
    assert batch is not None
    return [row.place for row in batch.exchanges]


def test_the_first_batch_holds_what_is_there_and_the_next_what_came_since() -> None:
    here = world()
    add(here)
    feed = Feed(here)
    assert places(feed.take()) == [1]
    assert feed.take() is None
    add(here)
    add(here)
    assert places(feed.take()) == [2, 3]


def test_the_first_batch_comes_even_when_nothing_is_there() -> None:
    feed = Feed(world())
    assert feed.take() == Batch([], 0, 0)
    assert feed.take() is None


@pytest.mark.parametrize(("last", "expected"), [(0, []), (2, [4, 5]), (9, [1, 2, 3, 4, 5])])
def test_last_bounds_the_older_ones(last: int, expected: list[int]) -> None:
    here = world()
    for _ in range(5):
        add(here)
    assert places(Feed(here, last=last).take()) == expected


def test_a_stream_appears_when_it_begins_and_again_when_it_has_ended() -> None:
    here = world()
    feed = Feed(here)
    stream = add(here, outcome="open")
    add(here)
    (opened, _) = feed.take().exchanges  # type: ignore[union-attr]
    assert (opened.place, opened.outcome) == (1, "open")
    assert feed.take() is None
    end(here, stream, "left")
    (ended,) = feed.take().exchanges  # type: ignore[union-attr]
    assert (ended.place, ended.outcome) == (1, "left")
    assert feed.take() is None


def test_feeds_share_the_row_of_an_exchange_that_has_ended() -> None:
    here = world()
    feeds = Feed(here), Feed(here), Feed(here, filtered("method: GET"))
    add(here)
    stream = add(here, outcome="open")
    first, *others = (feed.take().exchanges[0] for feed in feeds)  # type: ignore[union-attr]
    assert all(row is first for row in others)
    end(here, stream, "left")
    (ended, *again) = (feed.take().exchanges[0] for feed in feeds)  # type: ignore[union-attr]
    assert all(row is ended for row in again)
    assert (ended.place, ended.outcome) == (2, "left")


def test_a_row_that_fits_no_more_is_reported_as_gone() -> None:
    here = world()
    feed = Feed(here, filtered("outcome: open"))
    stream = add(here, outcome="open")
    assert places(feed.take()) == [1]
    end(here, stream)
    batch = feed.take()
    assert batch is not None
    assert (batch.exchanges, batch.gone) == ([], (1,))


def test_a_row_that_fits_only_at_its_end_appears_then() -> None:
    here = world()
    feed = Feed(here, filtered("outcome: cut"))
    feed.take()
    stream = add(here, outcome="open")
    assert feed.take() is None
    end(here, stream, "cut")
    assert places(feed.take()) == [1]


def test_what_the_journal_dropped_unseen_is_counted_as_missed() -> None:
    here = world(entries=3)
    feed = Feed(here)
    feed.take()
    for _ in range(10):
        add(here)
    batch = feed.take()
    assert batch is not None
    assert (places(batch), batch.missed, batch.dropped) == ([8, 9, 10], 7, 7)


def test_what_is_missed_is_reported_even_when_nothing_fits() -> None:
    here = world(entries=1)
    feed = Feed(here, filtered("status: 500"))
    feed.take()
    for _ in range(4):
        add(here)
    batch = feed.take()
    assert batch is not None
    assert (batch.exchanges, batch.missed) == ([], 3)


@pytest.mark.bound("rows in one event of a stream of exchanges")
def test_a_large_journal_comes_in_several_batches() -> None:
    here = world(entries=2_000)
    for _ in range(MAX_ROWS + 7):
        add(here)
    feed = Feed(here)
    assert places(feed.take()) == [*range(1, MAX_ROWS + 1)]
    assert places(feed.take()) == [*range(MAX_ROWS + 1, MAX_ROWS + 8)]


def test_a_feed_goes_on_where_another_one_was() -> None:
    here = world()
    stream, other = add(here, outcome="open"), add(here, outcome="open")
    add(here)
    before = Feed(here)
    before.take()
    end(here, stream, "left")
    add(here)
    after = Feed(here, start=Position.parse(before.position))
    batch = after.take()
    assert places(batch) == [1, 4]
    assert batch is not None
    assert not batch.reset
    end(here, other)
    assert places(after.take()) == [2]
    assert places(Feed(here, start=Position.parse(after.position)).take()) == []


def test_a_place_alone_is_a_position_too() -> None:
    here = world()
    for _ in range(3):
        add(here)
    end(here, add(here, outcome="open"))
    assert places(Feed(here, start=Position.parse("2")).take()) == [3, 4]
    assert places(Feed(here, start=Position.parse("4")).take()) == []


@pytest.mark.parametrize("start", ["00000000.1", "7"])
def test_a_position_of_another_journal_begins_anew_and_says_so(start: str) -> None:
    here = world()
    add(here)
    batch = Feed(here, start=Position.parse(start)).take()
    assert batch is not None
    assert (places(batch), batch.reset) == ([1], True)


def test_a_cleared_journal_begins_anew_and_says_so() -> None:
    here = world()
    add(here, outcome="open")
    feed = Feed(here)
    feed.take()
    here.state.journal.clear()
    add(here)
    batch = feed.take()
    assert batch is not None
    assert (places(batch), batch.reset, batch.missed) == ([1], True, 0)


@pytest.mark.parametrize("text", ["", "x", "1.2", "0123456g.1", "-1", "1" * 20, "0f1e2d3c."])
def test_what_is_no_position_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=re.escape("the id of an event, such as 0f1e2d3c.42, or a place such as 42")):
        Position.parse(text)


def test_it_watches_the_journal_only_while_nothing_happens() -> None:
    async def play() -> None:
        here = world()
        journal: Any = here.state.journal
        feed = Feed(here)
        feed.take()
        waiting = asyncio.create_task(feed.wait())
        await pause(0)
        assert len(journal._watchers) == 1
        add(here)
        await waiting
        assert journal._watchers == ()
        await feed.wait()  # returns at once: something is new
        assert places(feed.take()) == [1]

    asyncio.run(play())
