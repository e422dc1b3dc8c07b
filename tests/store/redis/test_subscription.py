"""A process hears at once what another one has committed, and asks again after an outage."""

from __future__ import annotations

import asyncio

import pytest

from emulator.clock.system_time import pause
from emulator.clock.world_clock import manual
from emulator.store.redis import subscription
from tests.redis_server import OwnBackend, Server, new_world


async def seen(store: OwnBackend, name: str) -> None:
    while store.counters.value(name) != 1:
        await pause(0.01)


def test_a_change_of_the_clock_reaches_a_process_that_does_nothing(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def run() -> None:
        world = new_world()
        one, other = (OwnBackend(server.url, world, manual()) for _ in range(2))
        for store in (one, other):
            await store.catch_up()
        await one.clock.advance(60)
        await one.everywhere()
        assert other.clock.now() == one.clock.now()
        server.client.client_kill_filter(_type="pubsub")
        one.counters.increment("n")
        await one.clock.advance(60)
        await one.flush()
        async with asyncio.timeout(60):
            await seen(other, "n")
        for store in (one, other):
            await store.close()

    monkeypatch.setattr(subscription, "RETRY_SECONDS", 0.01)
    asyncio.run(run())
