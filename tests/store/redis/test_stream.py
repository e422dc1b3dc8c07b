"""The stream of a journal in Redis: cut to what journals hold, and read by processes that come later."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial

import pytest

from emulator.clock.system_time import pause
from emulator.clock.turns import Turns
from emulator.clock.world_clock import manual
from emulator.http.exchange import Exchange
from emulator.store.exchange_codec import data_of
from emulator.store.journal import Journal
from emulator.store.redis.backend import RedisBackend
from emulator.store.redis.changes import Tracker, Unit
from emulator.store.redis.journal import ADD, RedisJournal
from emulator.store.redis.presence import Presence
from emulator.store.redis.server import JournalEntries, RedisServer
from tests.redis_server import Server
from tests.waiting import PATIENCE, TICK


def ended(number: int) -> Exchange:
    exchange = Exchange(number, 0.0, "GET", "/a" * 500, "")
    exchange.outcome = "complete"
    return exchange


def adding(store: RedisBackend, number: int) -> Turns[None]:
    store.journal.add(ended(number))
    yield from ()


def test_who_adds_to_a_journal_that_has_grown_meanwhile_cuts_nothing_off(server: Server) -> None:
    async def numbers() -> list[list[int]]:
        redis = RedisServer(server.url)
        stores = [RedisBackend(redis, "default", manual(0.0)) for _ in range(2)]
        for number in range(1, 301):
            stores[0].journal.add(ended(number))
        await stores[0].flush()
        await stores[1].transact(partial(adding, stores[1], 301))
        for store in stores:
            await store.catch_up()
        found = [[exchange.number for exchange in store.journal] for store in stores]
        for store in stores:
            await store.close()
        await redis.close()
        return found

    assert asyncio.run(numbers()) == [list(range(1, 302))] * 2


def test_what_a_stream_lacked_that_another_process_has_written_back_is_seen_when_it_is_committed() -> None:
    tracker, queued = Tracker(), list[Unit]()
    tracker.queue = queued.append

    def on_commit(effect: Callable[[], None]) -> None:
        assert tracker.unit is not None
        tracker.unit.effects.append(effect)

    journal = RedisJournal(10, 100_000, tracker, on_commit, Presence())
    for number in (1, 2):
        Journal.add(journal, ended(number))
    row = (ADD, data_of(ended(2), "other"))
    journal.read(JournalEntries(journal.epoch, [row], "1-0", 1, 1))
    journal.add_missing(())
    assert [exchange.number for exchange in journal] == [2]
    counted = list[Exchange]()
    with journal.watched(counted.append, own=True):
        for unit in queued:
            unit.follow()
    assert ([exchange.number for exchange in journal], counted) == ([2, 1], [])  # it was counted when it was answered


def test_who_begins_to_watch_sees_what_others_were_heard_to_add_before(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def numbers() -> list[int]:
        redis, seen, heard = RedisServer(server.url), list[int](), asyncio.Event()
        hear = RedisBackend._hear

        def hearing(store: RedisBackend, worker: str, seq: int, urgent: bool, entries: bool) -> None:
            hear(store, worker, seq, urgent, entries)
            if store is stores[0] and entries:
                heard.set()

        monkeypatch.setattr(RedisBackend, "_hear", hearing)
        stores = [RedisBackend(redis, "default", manual(0.0)) for _ in range(2)]
        await stores[0].catch_up()
        await stores[1].transact(partial(adding, stores[1], 1))
        async with asyncio.timeout(PATIENCE):
            await heard.wait()
            with stores[0].journal.watched(lambda exchange: seen.append(exchange.number)):
                while not seen:
                    await pause(TICK)
        for store in stores:
            await store.close()
        await redis.close()
        return seen

    assert asyncio.run(numbers()) == [1]
