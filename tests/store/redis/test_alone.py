"""One process at a time: who dies is replaced within seconds, and who lives stays as long as it takes."""

from __future__ import annotations

import asyncio

import pytest

from emulator.clock.system_time import pause
from emulator.clock.world_clock import Clock, manual
from emulator.errors import StoreUnavailable
from emulator.store.redis import backend
from tests.redis_server import OwnBackend, new_world, redis_url
from tests.waiting import PATIENCE, TICK

HOUR = 3_600_000
LEASE = 5_000  # milliseconds after which a process that gives no sign of life is replaced
GONE = -2  # what Redis says of a key that is not there


def test_who_dies_is_replaced_after_five_seconds() -> None:
    async def story() -> None:
        store = OwnBackend(redis_url(), new_world(), manual())
        client, lock = store.server.blocking, store.server.keys(store.world)[5]
        async with store.alone():
            left = client.pttl(lock)
            assert left == GONE or 0 <= left <= LEASE
        await store.close()

    asyncio.run(story())


def test_who_is_alone_says_so_as_long_as_it_takes_and_lets_the_next_one_in(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backend, "LIFE", HOUR / 1_000)  # nothing ends because the machine is slow

    async def story() -> None:
        one = OwnBackend(redis_url(), new_world(), manual())
        other = OwnBackend(redis_url(), one.world, manual())
        client, lock = one.server.blocking, one.server.keys(one.world)[5]

        async def wait() -> float:
            async with other.alone():
                return asyncio.get_running_loop().time()

        async with asyncio.timeout(PATIENCE), one.alone():
            waiting = asyncio.create_task(wait())
            assert client.pexpire(lock, 2 * HOUR)
            while client.pttl(lock) > HOUR:
                await pause(TICK)
            assert not waiting.done()
            left = asyncio.get_running_loop().time()
        assert await waiting >= left
        assert not client.exists(lock)
        await one.close()
        await other.close()

    asyncio.run(story())


def test_who_is_alone_stays_so_when_the_store_was_emptied(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backend, "LIFE", HOUR / 1_000)

    async def story() -> None:
        store = OwnBackend(redis_url(), new_world(), manual())
        client, lock = store.server.blocking, store.server.keys(store.world)[5]
        async with asyncio.timeout(PATIENCE), store.alone():
            holder = client.get(lock)
            assert client.delete(lock)
            while not client.exists(lock):
                await pause(TICK)
            assert client.get(lock) == holder
            assert not await store.server.lock(store.world, "another", 5.0)
        assert not client.exists(lock)
        await store.close()

    asyncio.run(story())


def test_who_was_replaced_meanwhile_goes_no_further_and_takes_nothing_from_the_next_one() -> None:
    async def story() -> None:
        clock = Clock(manual().now(), 0.0, work_timeout=PATIENCE)
        store, start = OwnBackend(redis_url(), new_world(), clock), clock.now()
        client, lock = store.server.blocking, store.server.keys(store.world)[5]
        tasks = []

        async def lose() -> None:
            with clock.busy():
                client.set(lock, "another", px=HOUR)
                await asyncio.Event().wait()

        clock.call_at(start + 10, lambda: tasks.append(asyncio.create_task(lose())))
        async with asyncio.timeout(PATIENCE):
            with pytest.raises(StoreUnavailable, match="another process has begun the same"):
                async with store.alone():
                    await clock.advance(60)
        assert clock.now() == start + 10
        assert client.get(lock) == b"another"
        assert client.pttl(lock) > LEASE
        tasks[0].cancel()
        await asyncio.wait(tasks)
        await store.close()

    asyncio.run(story())


def test_an_own_timeout_of_what_is_done_alone_stays_one() -> None:
    async def story() -> None:
        store = OwnBackend(redis_url(), new_world(), manual())
        with pytest.raises(TimeoutError, match="mine"):
            async with store.alone():
                raise TimeoutError("mine")
        assert not store.server.blocking.exists(store.server.keys(store.world)[5])
        await store.close()

    asyncio.run(story())


def test_who_leaves_while_a_sign_of_life_is_under_way_is_gone_for_good(monkeypatch: pytest.MonkeyPatch) -> None:
    async def story() -> None:
        store = OwnBackend(redis_url(), new_world(), manual())
        monkeypatch.setattr(backend, "BEAT", 0.0)
        server, log = store.server, list[str]()
        lock, unlock = server.lock, server.unlock

        async def slow_lock(world: str, holder: str, seconds: float) -> bool:
            log.append("sent")
            await pause(TICK)
            locked = await lock(world, holder, seconds)
            log.append("received")
            return locked

        async def noted_unlock(world: str, holder: str) -> bool:
            log.append("unlock")
            return await unlock(world, holder)

        monkeypatch.setattr(server, "lock", slow_lock)
        monkeypatch.setattr(server, "unlock", noted_unlock)
        async with asyncio.timeout(PATIENCE), store.alone():
            while log.count("sent") < 2 or log.count("sent") == log.count("received"):
                await pause(0)
        assert log.count("sent") == log.count("received")
        assert log[-1] == "unlock"
        assert not server.blocking.exists(server.keys(store.world)[5])
        await store.close()

    asyncio.run(story())


def test_who_asks_again_because_the_reply_was_lost_is_let_in() -> None:
    async def story() -> None:
        store = OwnBackend(redis_url(), new_world(), manual())
        server, world = store.server, store.world
        assert [await server.lock(world, holder, 60.0) for holder in ("a", "a", "b")] == [True, True, False]
        assert [await server.unlock(world, holder) for holder in ("b", "a")] == [False, True]
        assert await server.lock(world, "b", 60.0)
        await store.close()

    asyncio.run(story())
