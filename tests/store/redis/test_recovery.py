"""A world that the server has lost comes back as it was after the last commit, if who made it is there."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from math import inf
from typing import Any

import pytest

from emulator.clock.world_clock import manual
from emulator.errors import StoreUnavailable
from emulator.http.exchange import Exchange
from emulator.playbook.limits import AtOnce
from emulator.store.redis.presence import Presence
from emulator.store.redis.recovery import recovered
from emulator.store.redis.server import RedisServer
from tests.redis_server import OwnBackend, Server, new_world
from tests.store.redis.test_committer import Unit, adding
from tests.waiting import PATIENCE

Story = Callable[[OwnBackend, OwnBackend], Awaitable[None]]


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """Has nobody taken to be dead because this machine is slow."""
    for name in ("packer.LIFE", "recovery.LIFE", "recovery.TIMEOUT"):
        monkeypatch.setattr(f"emulator.store.redis.{name}", PATIENCE)


def play(server: Server, story: Story) -> None:
    """Plays with two processes on one world, each of which knows of the other."""

    async def run() -> None:
        world = new_world()
        stores = [OwnBackend(server.url, world, manual()) for _ in range(2)]
        try:
            for store in stores * 2:
                await store.catch_up()
            await story(*stores)
        finally:
            for store in stores:
                await store.close()

    asyncio.run(run())


def numbers(store: OwnBackend) -> list[int]:
    return sorted(each.number for each in store.journal)


@pytest.mark.parametrize("restarts", [False, True])
def test_what_one_has_committed_is_there_though_another_notices_first(server: Server, restarts: bool) -> None:
    async def story(one: OwnBackend, other: OwnBackend) -> None:
        for number in (1, 2, 3):
            assert await one.transact(adding(one)) == number
        if restarts:
            server.kill()
            server.start()
        else:
            server.client.flushall()
        assert await other.transact(adding(other)) == 4
        assert await one.transact(adding(one)) == 5
        for store in (one, other):
            await store.catch_up()
            assert numbers(store) == [1, 2, 3, 4, 5]

    play(server, story)


def test_each_adds_what_it_has_answered_to_a_journal_that_another_has_written_back(server: Server) -> None:
    async def story(one: OwnBackend, other: OwnBackend) -> None:
        for store in (one, one, other):  # so the last has the last commit, and does not know what is in the journal
            await store.transact(adding(store))
        server.client.flushall()
        await asyncio.gather(*(store.transact(adding(store)) for store in (one, *[other] * 5)))
        for store in (one, other):
            await store.catch_up()
            assert numbers(store) == [*range(1, 10)]
        late = OwnBackend(server.url, one.world, manual())
        assert numbers(late) == [*range(1, 10)]
        await late.close()

    play(server, story)


def opening(store: OwnBackend, exchange: Exchange) -> Callable[[], Unit]:
    """Work that adds an exchange whose response takes time."""

    def work() -> Unit:
        store.journal.add(exchange)
        yield
        return 1

    return work


@pytest.mark.parametrize("ends", ["before", "unread", "pending", "after"])
def test_a_response_that_was_in_progress_ends_in_the_journal_of_all(server: Server, ends: str) -> None:
    """It ends before the server is emptied (and the writer has read that or not), while it is, or afterwards."""

    async def story(one: OwnBackend, other: OwnBackend) -> None:
        exchange = Exchange(100, 0.0, "GET", "/", "")
        await one.transact(opening(one, exchange))
        await other.catch_up()
        if ends in ("before", "unread"):
            end(one, exchange)
            await one.flush()
        if ends == "before":
            await other.catch_up()
        await other.transact(adding(other))  # so it is the one that writes the world back
        server.client.flushall()
        if ends == "pending":
            end(one, exchange)
        await other.transact(adding(other))
        if ends == "after":
            end(one, exchange)
        await one.flush()
        late = OwnBackend(server.url, one.world, manual())
        for store in (one, other, late):
            await store.catch_up()
            assert [each.outcome for each in store.journal if each.number == 100] == ["complete"]
            assert store.journal.finished == (0 if ends == "before" else 1)
        await late.close()

    play(server, story)


def end(store: OwnBackend, exchange: Exchange) -> None:
    exchange.outcome = "complete"
    store.journal.finish(exchange)


def begin(store: OwnBackend) -> Callable[[], Unit]:
    """Work that begins what may be under way once; it returns whether it was refused."""

    def work() -> Unit:
        (window,) = store.windows.charge([("key", 1, AtOnce(), 1)])
        yield
        return int(window.refused)

    return work


def test_what_a_living_process_has_under_way_still_counts(server: Server) -> None:
    async def story(one: OwnBackend, other: OwnBackend) -> None:
        assert await one.transact(begin(one)) == 0
        server.client.flushall()
        assert await other.transact(begin(other)) == 1
        await one.transact(adding(one))
        assert await other.transact(begin(other)) == 1

    play(server, story)


def test_who_was_not_heard_of_either_takes_nobody_to_be_dead(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("emulator.store.redis.packer.BEAT", 0.0)  # each commit is a sign of life

    async def story(one: OwnBackend, other: OwnBackend) -> None:
        workers = f"ai-api-emulator:{{{one.world}}}:workers"
        names = [store._presence.worker for store in (one, other)]
        assert await one.transact(begin(one)) == 0
        server.client.hset(workers, mapping=dict.fromkeys(names, "1.0 0"))  # the server has stood still
        assert [await other.transact(begin(other)) for _ in range(3)] == [1, 1, 1]
        server.client.hset(workers, names[0], "1.0 0")
        assert 0 in [await other.transact(begin(other)) for _ in range(3)]  # only that one was silent

    play(server, story)


@pytest.mark.parametrize("first", ["beat", "request"])
@pytest.mark.parametrize("own", [-10.0, 1.0])
def test_the_first_commit_after_an_outage_lets_all_live_on(server: Server, first: str, own: float) -> None:
    """`own` is how many seconds the process that commits first would still have lived unheard of."""

    async def story(one: OwnBackend, other: OwnBackend) -> None:
        workers = f"ai-api-emulator:{{{one.world}}}:workers"
        assert await one.transact(begin(one)) == 0
        now = server.client.time()[0]
        for store, until in ((one, now - 1.0), (other, now + own)):
            server.client.hset(workers, store._presence.worker, f"{until} 0")
        packer = other._committer._packer
        packer._beats_at = 0.0 if first == "beat" else inf
        assert await other.transact(begin(other)) == 1
        packer._beats_at = 0.0
        assert [await other.transact(begin(other)) for _ in range(2)] == [1, 1]

    play(server, story)


def test_a_process_that_has_started_on_the_empty_server_takes_over_what_was_lost(server: Server) -> None:
    async def story(one: OwnBackend, other: OwnBackend) -> None:
        for _ in range(3):
            await one.transact(adding(one))
        server.client.flushall()
        late = OwnBackend(server.url, one.world, manual())
        begun = await late.transact(adding(late))  # 4 when the others have noticed before
        assert begun in (1, 4)
        assert await one.transact(adding(one)) == max(4, begun + 1)
        assert await late.transact(adding(late)) == max(5, begun + 2)
        await late.close()

    play(server, story)


def test_a_process_that_has_started_on_the_empty_server_does_not_win_by_many_commits(server: Server) -> None:
    async def story(one: OwnBackend, other: OwnBackend) -> None:
        one.records.put("things", "old", {})
        await one.flush()
        server.client.flushall()
        late = OwnBackend(server.url, one.world, manual())
        for _ in range(5):
            await late.transact(adding(late))
        await one.transact(adding(one))
        for store in (one, other, late):
            await store.catch_up()
            assert store.records.get("things", "old") == {}
        await late.close()

    play(server, story)


def test_a_world_that_was_removed_does_not_come_back_into_one_of_its_name(server: Server) -> None:
    async def story(one: OwnBackend, other: OwnBackend) -> None:
        await one.transact(adding(one))
        one.server.forget(one.world)
        late = OwnBackend(server.url, one.world, manual())
        assert await late.transact(adding(late)) == 1
        assert await other.transact(adding(other)) == 2
        await late.close()

    play(server, story)


def decide(server: Server, *offers: tuple[str, int, list[str]], life: float = PATIENCE) -> list[str]:
    """What each of several processes is told that offers its copy: name, last commit, whom it knows."""

    async def run() -> list[str]:
        own = RedisServer(server.url)
        told = [await own.recover("w", (name, str(base), "{}", str(life)), known) for name, base, known in offers]
        await own.close()
        return told

    return asyncio.run(run())


def test_nobody_writes_before_all_that_are_known_have_made_an_offer(server: Server) -> None:
    told = decide(server, ("one", 3, ["other"]), ("third", 9, []), ("other", 7, []), ("one", 3, []), ("third", 9, []))
    assert told == ["wait", "wait", "wait", "wait", "write"]


@pytest.mark.parametrize(
    ("head", "lives", "decision"),
    [
        ({"seq": 50}, True, "write"),
        ({"seq": 50, "began": 1.0}, False, "write"),  # of older data: nobody uses it
        ({"seq": 5, "began": 1.0}, True, "load"),
        ({"seq": 5, "restored": 1}, True, "load"),
        ({"seq": 50, "forgotten": 1}, True, "load"),
    ],
)
def test_a_world_that_has_just_begun_gives_way_to_the_one_that_was_lost(
    server: Server, head: dict[Any, Any], lives: bool, decision: str
) -> None:
    now = server.client.time()[0]
    server.client.hset("ai-api-emulator:{w}:head", mapping={"epoch": "another", "began": now, **head})
    server.client.hset("ai-api-emulator:{w}:workers", "late", f"{now + (PATIENCE if lives else -1.0)} 0")
    assert decide(server, ("one", 9, [])) == [decision]


def test_one_that_is_not_heard_of_is_not_waited_for(server: Server) -> None:
    assert decide(server, ("one", 3, ["other"])) == ["wait"]
    server.client.hset("ai-api-emulator:{w}:offers", "", "1.0")
    assert decide(server, ("one", 3, ["other"])) == ["write"]


def test_nobody_waits_indefinitely_for_the_one_that_is_to_write(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("emulator.store.redis.recovery.TIMEOUT", 0.1)
    assert decide(server, ("best", 9, [])) == ["write"]

    async def ask() -> bool:
        own = RedisServer(server.url)
        try:
            return await recovered(own, "w", Presence(), 0)
        finally:
            await own.close()

    with pytest.raises(StoreUnavailable, match="does not write it back"):
        asyncio.run(ask())


def test_an_outage_that_lasts_is_reported(server: Server) -> None:
    async def ask() -> Any:
        own = RedisServer(server.url)
        server.kill()
        try:
            return await recovered(own, "w", Presence(), 0)
        finally:
            await own.close()

    with pytest.raises(Exception, match="the store can't be reached"):
        asyncio.run(ask())
    server.start()
