"""Commits: all or nothing, in few round trips, and honest when the server is away."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Generator
from contextlib import suppress
from itertools import count
from typing import Any

import pytest
import redis

from emulator.clock.system_time import pause
from emulator.clock.world_clock import manual
from emulator.errors import StoreUnavailable
from emulator.http.exchange import Exchange
from emulator.store.memory import MemoryBackend
from emulator.store.redis.backend import RedisBackend
from tests.redis_server import OwnBackend, Server, new_world, redis_url
from tests.waiting import PATIENCE

Unit = Generator[None, None, int]


def adding(store: RedisBackend) -> Callable[[], Unit]:
    """A unit of work that charges, counts, and keeps."""

    def work() -> Unit:
        (window,) = store.windows.charge([("key", 1_000, 60.0, 1)])
        number = store.counters.increment("n")
        store.records.put("things", str(number), {"n": number})
        store.journal.add(Exchange(number, 0.0, "GET", "/", ""))
        yield
        assert window.used == number
        return number

    return work


def play(url: str, story: Callable[[OwnBackend], Awaitable[None]]) -> None:
    async def run() -> None:
        store = OwnBackend(url, new_world(), manual())
        try:
            await story(store)
        finally:
            await store.close()

    asyncio.run(run())


def test_a_unit_of_work_takes_one_round_trip_and_many_at_a_time_share_one() -> None:
    async def story(store: OwnBackend) -> None:
        await store.transact(adding(store))
        client = store.server.blocking
        client.config_resetstat()
        await store.transact(adding(store))
        assert client.info("commandstats")["cmdstat_evalsha"]["calls"] == 1
        numbers = await asyncio.gather(*(store.transact(adding(store)) for _ in range(50)))
        assert numbers == list(range(3, 53))
        assert client.info("commandstats")["cmdstat_evalsha"]["calls"] == 2

    play(redis_url(), story)


def test_units_of_two_workers_at_a_time_never_share_a_number() -> None:
    async def story(store: OwnBackend) -> None:
        other = OwnBackend(redis_url(), store.world, manual())
        numbers = await asyncio.gather(*(each.transact(adding(each)) for _ in range(20) for each in (store, other)))
        assert sorted(numbers) == list(range(1, 41))
        assert store.records.count("things") == 40 or other.records.count("things") == 40
        await other.close()

    play(redis_url(), story)


def test_who_asks_while_a_commit_is_under_way_is_not_answered_by_that_one(monkeypatch: pytest.MonkeyPatch) -> None:
    async def story(store: OwnBackend) -> None:
        other = OwnBackend(redis_url(), store.world, manual())
        await store.transact(adding(store))
        answered, kept = asyncio.Event(), asyncio.Event()
        commit = store.server.commit

        async def held(world: str, packed: Any) -> Any:
            reply = await commit(world, packed)
            answered.set()
            await kept.wait()
            return reply

        monkeypatch.setattr(store.server, "commit", held)
        heard = asyncio.ensure_future(store.catch_up())
        await answered.wait()
        await other.transact(adding(other))
        asked = asyncio.ensure_future(store.catch_up())
        await pause(0)
        kept.set()
        await asyncio.gather(heard, asked)
        assert store.records.get("things", "2") == {"n": 2}
        await other.close()

    play(redis_url(), story)


def test_what_fails_changes_nothing_here_and_there() -> None:
    async def story(store: OwnBackend) -> None:
        await store.transact(adding(store))

        def work() -> Unit:
            yield from adding(store)()
            store.records.put("things", "x", {1, 2}.__iter__())
            return 0

        before = store.dump()
        with pytest.raises(Exception, match="can't be saved"):
            await store.transact(work)
        late = OwnBackend(redis_url(), store.world, manual())
        assert store.dump() == late.dump() == before
        assert len(store.journal) == len(late.journal) == 1
        await late.close()

    play(redis_url(), story)


def test_scripts_may_be_flushed(server: Server) -> None:
    async def story(store: OwnBackend) -> None:
        for number in (1, 2, 3):
            server.client.script_flush()
            assert await store.transact(adding(store)) == number

    play(server.url, story)


def test_a_server_that_lost_everything_is_told_again(server: Server) -> None:
    async def story(store: OwnBackend) -> None:
        await store.transact(adding(store))
        server.client.flushall()
        assert await store.transact(adding(store)) == 2
        late = OwnBackend(server.url, store.world, manual())
        assert late.dump() == store.dump()
        assert [each.number for each in late.journal] == [1, 2]
        await late.close()

    play(server.url, story)


@pytest.mark.parametrize(("step", "arrives"), [("commit", False), ("commit", True), ("recover", True)])
def test_a_world_that_the_server_lost_is_written_until_it_is_there(
    server: Server, monkeypatch: pytest.MonkeyPatch, step: str, arrives: bool
) -> None:
    async def story(store: OwnBackend) -> None:
        await store.transact(adding(store))
        store.journal.finish(next(iter(store.journal)))  # an entry of its own, which a stream written anew has not
        await store.flush()
        recover, commit, calls = store.server.recover, store.server.commit, count(1)

        async def recovering(*arguments: Any) -> str:
            decision = await recover(*arguments)
            if step == "recover" and next(calls) == 1:
                raise StoreUnavailable("the line is cut")
            return decision

        async def committing(world: str, packed: Any) -> Any:
            cut = step == "commit" and next(calls) == 2  # the first one finds that all is gone
            reply = None if cut and not arrives else await commit(world, packed)
            if cut:
                raise StoreUnavailable("the line is cut")
            return reply

        server.client.flushall()
        monkeypatch.setattr(store.server, "recover", recovering)
        monkeypatch.setattr(store.server, "commit", committing)
        with pytest.raises(StoreUnavailable, match="the line is cut"):
            await store.transact(adding(store))
        assert await store.transact(adding(store)) == 2
        await store.catch_up()
        late = OwnBackend(server.url, store.world, manual())
        assert late.dump() == store.dump()
        for each in (store, late):
            assert ([exchange.number for exchange in each.journal], each.journal.seen) == ([1, 2], 2)
        await late.close()

    play(server.url, story)


def test_a_connection_that_the_server_has_closed_is_no_outage(server: Server) -> None:
    async def story(store: OwnBackend) -> None:
        await store.transact(adding(store))
        server.client.client_kill_filter(_type="normal", skipme=True)
        assert await store.transact(adding(store)) == 2
        server.kill()
        server.start()
        assert await store.transact(adding(store)) == 3

    play(server.url, story)


def test_what_is_sent_again_on_a_new_connection_is_committed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    async def story(store: OwnBackend) -> None:
        await store.transact(adding(store))
        sent = store.server._sent

        async def breaking(connection: Any, ask: Any) -> Any:
            monkeypatch.undo()
            await sent(connection, ask)
            raise redis.ConnectionError("closed by the server")

        monkeypatch.setattr(store.server, "_sent", breaking)
        assert [await store.transact(adding(store)) for _ in range(2)] == [2, 3]
        late = OwnBackend(redis_url(), store.world, manual())
        assert late.dump() == store.dump()
        await store.catch_up()
        assert [each.number for each in late.journal] == [each.number for each in store.journal] == [1, 2, 3]
        await late.close()

    play(redis_url(), story)


def test_requests_that_come_while_one_asks_an_absent_server_get_its_error(monkeypatch: pytest.MonkeyPatch) -> None:
    async def story(store: OwnBackend) -> None:
        asked = []

        async def hanging(world: str, packed: Any) -> Any:
            asked.append(world)
            for _ in range(20):
                await store.clock.sleep(0)
            raise StoreUnavailable("the store did not answer in time")

        monkeypatch.setattr(store.server, "commit", hanging)
        with pytest.raises(StoreUnavailable):
            await store.transact(adding(store))
        asked.clear()
        many = (store.transact(adding(store)) for _ in range(10))
        errors = await asyncio.gather(*many, return_exceptions=True)
        assert {str(error) for error in errors} == {"the store did not answer in time"}
        assert len(asked) == 1

    play(redis_url(), story)


def test_the_stream_holds_all_that_the_journal_keeps_of_one_batch(server: Server) -> None:
    async def story(store: OwnBackend) -> None:
        server.client.config_set("stream-node-max-entries", 1)
        await asyncio.gather(*(store.transact(adding(store)) for _ in range(50)))
        late = OwnBackend(server.url, store.world, manual())
        assert len(late.journal) == len(store.journal) == 50
        await late.close()

    play(server.url, story)


def test_while_the_server_is_away_units_fail_and_change_nothing_and_afterwards_all_goes_on(server: Server) -> None:
    async def story(store: OwnBackend) -> None:
        await store.transact(adding(store))
        before = store.dump()
        server.kill()
        for _ in range(2):
            with pytest.raises(StoreUnavailable, match="the store can't be reached"):
                await store.transact(adding(store))
            assert store.dump() == before
            assert len(store.journal) == 1
        store.counters.increment("later")
        server.start()
        assert await store.transact(adding(store)) == 2
        await store.flush()
        assert store.counters.value("later") == 1
        late = OwnBackend(server.url, store.world, manual())
        assert late.dump() == store.dump()
        await late.close()

    play(server.url, story)


def test_who_is_too_far_behind_loads_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("emulator.store.redis.packer.KNOWN_CHANGES", 3)

    async def story(store: OwnBackend) -> None:
        other = OwnBackend(redis_url(), store.world, manual())
        for _ in range(10):
            await store.transact(adding(store))
        assert await other.transact(adding(other)) == 11
        assert other.records.count("things") == 11
        await other.close()

    play(redis_url(), story)


def test_a_restored_world_goes_on_in_memory_and_the_other_way(server: Server) -> None:
    async def story(store: OwnBackend) -> None:
        await store.transact(adding(store))
        memory = MemoryBackend(manual())
        memory.load(store.dump())
        assert memory.dump() == store.dump()
        memory.counters.increment("n")
        store.load(memory.dump())
        await store.flush()
        assert await store.transact(lambda: counting(store)) == 3

    play(server.url, story)


def counting(store: RedisBackend) -> Unit:
    yield
    return store.counters.increment("n")


def test_what_was_committed_though_no_reply_came_is_not_done_again(monkeypatch: pytest.MonkeyPatch) -> None:
    async def story(store: OwnBackend) -> None:
        await store.transact(adding(store))
        commit = store.server.commit

        async def losing_the_reply(world: str, packed: Any) -> Any:
            monkeypatch.undo()
            await commit(world, packed)
            raise StoreUnavailable("the line is cut")

        monkeypatch.setattr(store.server, "commit", losing_the_reply)
        store.counters.increment("alone")
        with pytest.raises(StoreUnavailable, match="the line is cut"):
            await store.transact(adding(store))
        assert await store.transact(adding(store)) == 3
        await store.flush()
        assert store.counters.value("alone") == 1
        await store.catch_up()
        assert [each.number for each in store.journal] == [1, 2, 3]
        late = OwnBackend(redis_url(), store.world, manual())
        assert late.dump() == store.dump()
        await late.close()

    play(redis_url(), story)


def test_what_was_read_of_the_journal_before_it_was_cleared_does_not_come_back(monkeypatch: pytest.MonkeyPatch) -> None:
    async def story(store: OwnBackend) -> None:
        await store.transact(adding(store))
        seen: list[int] = []
        entries = store.server.entries

        async def late(world: str, after: str) -> Any:
            monkeypatch.undo()
            found = await entries(world, after)
            store.journal.clear()
            return found

        with store.journal.watched(lambda exchange: seen.append(exchange.number)):
            monkeypatch.setattr(store.server, "entries", late)
            await store.catch_up()
            assert (list(store.journal), seen) == ([], [])
            await store.transact(adding(store))
            await store.catch_up()
        assert ([each.number for each in store.journal], seen) == ([2], [2])

    play(redis_url(), story)


def test_a_server_that_comes_back_with_older_data_takes_nothing_back(server: Server) -> None:
    async def story(store: OwnBackend) -> None:
        await store.transact(adding(store))
        older = {key: server.client.dump(key) for key in server.client.keys("*")}
        for expected in (2, 3):
            assert await store.transact(adding(store)) == expected
        for key, data in older.items():
            server.client.restore(key, 0, data or b"", replace=True)
        assert await store.transact(adding(store)) == 4

    play(server.url, story)


@pytest.mark.parametrize("steps", range(12))
def test_who_catches_up_while_a_world_ends_is_told(steps: int) -> None:
    async def run() -> None:
        store = OwnBackend(redis_url(), new_world(), manual())
        await store.transact(adding(store))
        ending = asyncio.ensure_future(store.close())
        for _ in range(steps):
            await store.clock.sleep(0)
        async with asyncio.timeout(PATIENCE):
            with suppress(StoreUnavailable):
                await store.catch_up()
        await ending

    asyncio.run(run())


def test_a_world_that_has_ended_connects_to_nothing_any_more() -> None:
    async def run() -> None:
        store = OwnBackend(redis_url(), new_world(), manual())
        await store.transact(adding(store))
        await store.close()
        for call in (store.catch_up(), store.flush(), store.transact(adding(store))):
            with pytest.raises(StoreUnavailable, match="let go of this world"):
                async with asyncio.timeout(PATIENCE):
                    await call

    asyncio.run(run())


def test_a_world_that_ends_while_the_server_is_away_asks_it_for_nothing_when_it_is_back(server: Server) -> None:
    async def run() -> None:
        store = OwnBackend(server.url, new_world(), manual())
        await store.transact(adding(store))
        server.kill()
        with pytest.raises(StoreUnavailable):
            await store.transact(adding(store))
        await store.close()
        server.start()
        for call in (store.catch_up(), store.flush()):
            with pytest.raises(StoreUnavailable, match="let go of this world"):
                async with asyncio.timeout(PATIENCE):
                    await call

    asyncio.run(run())
