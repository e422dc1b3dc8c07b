"""One process at a time: who dies is replaced within seconds, and who lives stays as long as it takes."""

from __future__ import annotations

import asyncio

from emulator.clock import manual, pause
from tests.redis_server import OwnBackend, new_world, redis_url
from tests.waiting import PATIENCE, TICK

HOUR = 3_600_000
LEASE = 5_000  # milliseconds after which a process that gives no sign of life is replaced


def test_who_is_alone_says_so_as_long_as_it_takes_and_lets_the_next_one_in() -> None:
    async def story() -> None:
        one = OwnBackend(redis_url(), new_world(), manual())
        other = OwnBackend(redis_url(), one.world, manual())
        client, lock = one.server.blocking, one.server.keys(one.world)[5]

        async def wait() -> float:
            async with other.alone():
                return asyncio.get_running_loop().time()

        async with asyncio.timeout(PATIENCE), one.alone():
            assert 0 < client.pttl(lock) <= LEASE
            waiting = asyncio.create_task(wait())
            client.pexpire(lock, HOUR)
            while client.pttl(lock) > LEASE:
                await pause(TICK)
            assert not waiting.done()
            left = asyncio.get_running_loop().time()
        assert await waiting >= left
        assert not client.exists(lock)
        await one.close()
        await other.close()

    asyncio.run(story())


def test_who_was_replaced_meanwhile_takes_nothing_from_the_next_one() -> None:
    async def story() -> None:
        store = OwnBackend(redis_url(), new_world(), manual())
        client, lock = store.server.blocking, store.server.keys(store.world)[5]
        async with store.alone():
            client.set(lock, "another", px=HOUR)
            assert not await store.server.stay(store.world, "mine", 5.0)
        assert client.get(lock) == b"another"
        assert client.pttl(lock) > LEASE
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
