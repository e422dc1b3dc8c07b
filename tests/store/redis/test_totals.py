"""What processes count together: it adds up, once, whatever dies or is lost meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from itertools import count
from typing import Any

import pytest

from emulator.errors import StoreUnavailable
from emulator.store.redis.totals import Totals
from tests.redis_server import Server


class Interrupted(Totals):
    """Loses the reply to each call while `loses` is set."""

    loses = False

    async def _call(self, arguments: list[Any]) -> Any:
        reply = await super()._call(arguments)
        if self.loses:
            raise ConnectionError("lost")
        return reply


def played(server: Server, play: Callable[[Interrupted, Interrupted], Awaitable[None]]) -> None:
    async def run() -> None:
        one, other = Interrupted(server.url), Interrupted(server.url)
        try:
            await play(one, other)
        finally:
            await one.close()
            await other.close()

    asyncio.run(run())


def test_what_each_publishes_adds_up_and_is_seen_by_all(server: Server) -> None:
    async def play(one: Totals, other: Totals) -> None:
        await one.publish(lambda: {"a": 2, "b": 0.5}, {"open": 1})
        assert (await other.publish(lambda: {"a": 3}, {"open": 2})).totals == {"a": 5, "b": 0.5}
        seen = await one.publish(lambda: {"a": 4, "b": 0.75}, {})
        assert seen.totals == {"a": 7, "b": 0.75}
        assert sorted(each.get("open", 0) for each in seen.present) == [0, 2]

    played(server, play)


def test_what_was_published_stays_when_a_process_dies_and_what_it_had_goes(server: Server) -> None:
    async def play(one: Totals, other: Totals) -> None:
        await one.publish(lambda: {"a": 2}, {"open": 1})
        server.client.hset(one._keys[1], one._id, '{"number": 1, "seen": 0, "present": "{}"}')  # long ago
        seen = await other.publish(lambda: {"a": 1}, {})
        assert seen.totals == {"a": 3}
        assert seen.present == [{}]
        assert server.client.hkeys(one._keys[1]) == [other._id.encode()]

    played(server, play)


def test_a_publication_whose_reply_was_lost_is_added_once(server: Server) -> None:
    async def play(one: Interrupted, other: Interrupted) -> None:
        await one.publish(lambda: {"a": 1}, {})
        one.loses = True
        for value in (2, 3):
            with pytest.raises(StoreUnavailable, match="lost"):
                await one.publish(partial(dict, a=value), {})
        one.loses = False
        assert (await one.publish(lambda: {"a": 4}, {})).totals == {"a": 4}
        assert (await other.publish(dict, {})).totals == {"a": 4}

    played(server, play)


def test_a_server_that_lost_the_sums_gets_them_again_from_all_that_live(server: Server) -> None:
    async def play(one: Totals, other: Totals) -> None:
        await one.publish(lambda: {"a": 2}, {})
        await other.publish(lambda: {"a": 3}, {})
        server.client.flushall()
        server.client.script_flush()
        await one.publish(lambda: {"a": 2}, {})
        assert (await other.publish(lambda: {"a": 4}, {})).totals == {"a": 6}
        assert (await one.publish(lambda: {"a": 2}, {})).totals == {"a": 6}

    played(server, play)


def test_many_that_publish_at_once_lose_nothing(server: Server) -> None:
    async def play(one: Totals, other: Totals) -> None:
        counted = count(1)
        for _ in range(30):
            grows: Callable[[], dict[str, float]] = lambda: {"a": next(counted)}  # noqa: E731
            same: Callable[[], dict[str, float]] = lambda: {"a": 29}  # noqa: E731
            await asyncio.gather(one.publish(grows, {}), other.publish(same, {}), one.publish(grows, {}))
        assert (await other.publish(lambda: {"a": 29}, {})).totals == {"a": 60 + 29}

    played(server, play)
