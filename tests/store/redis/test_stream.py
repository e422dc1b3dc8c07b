"""Exchanges in the stream are read back as they were written, whatever server they came from."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from math import inf
from typing import Any

import pytest

from emulator.clock.system_time import pause
from emulator.clock.turns import Turns
from emulator.clock.world_clock import manual
from emulator.http.exchange import Differing, Exchange, NearMiss
from emulator.http.reply import StreamTiming
from emulator.http.request import Peer
from emulator.store.journal import Journal
from emulator.store.redis.backend import RedisBackend
from emulator.store.redis.changes import Tracker, Unit
from emulator.store.redis.journal import ADD, OF_PROCESS, RedisJournal, data_of, exchange_of
from emulator.store.redis.presence import Presence
from emulator.store.redis.server import JournalEntries, RedisServer
from tests.redis_server import Server
from tests.waiting import PATIENCE, TICK


def shared(exchange: Exchange) -> dict[str, Any]:
    """What other processes read of it."""
    return {name: value for name, value in exchange.__dict__.items() if name not in OF_PROCESS}


PEER = Peer(("127.0.0.1", 5))
PEER.opened, PEER.closed = 1.0, 2.0


@pytest.mark.parametrize(("peer", "closed"), [(PEER, 2.0), (("127.0.0.1", 5), inf)])
def test_an_exchange_is_read_back(peer: Any, closed: float) -> None:
    exchange = Exchange(7, 1.5, "POST", "/a", "b=c")
    exchange.peer, exchange.body, exchange.faults = peer, b"\xff{}", ("status",)
    exchange.headers, exchange.reply_head = [(b"A", b"\xe9")], "B: c\r\n"
    exchange.near_misses = (NearMiss("r", "n", "f.yaml", 3, (Differing("a", "b", "c", True),)),)
    exchange.schedule = StreamTiming((0.1,), b"x", [(1, 0.2)])
    exchange.secrets, exchange.used = frozenset("s"), {"r": 2}
    exchange.row, exchange.held = object(), 5
    worker, read = exchange_of(data_of(exchange, "w"))
    assert (worker, shared(read)) == ("w", shared(exchange))
    assert (read.peer.closed, read.held, read.row) == (closed, 0, None)


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
