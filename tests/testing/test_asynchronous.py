"""Coroutines of a test: what may wait for their own loop has a twin that leaves it free."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from emulator import Emulator
from emulator.testing.clock import WorldClock
from emulator.testing.exchanges import Exchanges
from emulator.testing.jobs import Webhooks
from tests import loopback

pytestmark = [pytest.mark.emulator(frozen=True), pytest.mark.finding("G3")]


@asynccontextmanager
async def receiver() -> AsyncIterator[str]:
    """A receiver of webhooks on the loop of the test itself."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n")
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/hook"


async def order(emulator: Emulator, hello: dict[str, Any], url: str) -> None:
    """Sends a batch that reports to a URL."""
    async with loopback.AsyncClient(base_url=emulator.base_url("aiexport")) as client:
        body = {"requests": [hello], "webhook_url": url}
        answer = await client.post("/batch", json=body, headers={"X-API-Key": emulator.key("pro")})
        answer.raise_for_status()


@pytest.mark.parametrize("verb", ["advance_async", "set_async", "freeze_async"])
def test_moving_the_clock_serves_a_receiver_on_the_same_loop(
    emulator: Emulator, hello: dict[str, Any], verb: str
) -> None:
    async def test() -> None:
        async with receiver() as url:
            await order(emulator, hello, url)
            by = 2.0 if verb == "advance_async" else emulator.clock.now + 2
            state = await getattr(emulator.clock, verb)(by)
            assert state.frozen
            assert [attempt.status for attempt in emulator.webhooks] == [204]

    asyncio.run(test())


def test_waiting_serves_the_clients_on_the_same_loop(emulator: Emulator, hello: dict[str, Any]) -> None:
    async def test() -> None:
        async with receiver() as url:
            exchanges = asyncio.create_task(emulator.requests("batch.create").wait_async(1, timeout="60s"))
            attempts = asyncio.create_task(emulator.webhooks.wait_async(1, timeout="60s", delivered=True))
            await order(emulator, hello, url)
            assert [each.operation for each in await exchanges] == ["batch.create"]
            await emulator.clock.advance_async("2s")
            assert [each.status for each in await attempts] == [204]

    asyncio.run(test())


def test_a_wait_in_vain_fails_the_test(emulator: Emulator) -> None:
    async def test() -> None:
        with pytest.raises(AssertionError, match="there were 0"):
            await emulator.requests().wait_async(1, timeout="1ms")

    asyncio.run(test())


def test_a_wait_can_be_given_up(emulator: Emulator) -> None:
    async def test() -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01):
                await emulator.requests("models.list").wait_async(1, timeout="60s")

    asyncio.run(test())  # which ends although the server still waits
    loopback.get(emulator.base_url("aiexport") + "/models", headers={"X-API-Key": emulator.key("pro")})


@pytest.mark.parametrize("kind", [WorldClock, Exchanges, Webhooks])
def test_a_twin_takes_what_its_method_takes(kind: type) -> None:
    twins = [name for name in dir(kind) if name.endswith("_async")]
    assert twins
    for name in twins:
        plain = getattr(kind, name.removesuffix("_async"))
        assert inspect.iscoroutinefunction(getattr(kind, name))
        assert inspect.signature(getattr(kind, name)) == inspect.signature(plain)
