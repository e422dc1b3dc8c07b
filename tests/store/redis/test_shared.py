"""Fields that processes share: a version is passed once, and who is behind learns what it missed."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from emulator.store.redis.shared import LEASE, AboutWorker, SharedFields
from tests.redis_server import Server


def fields(server: Server, id: str) -> SharedFields:
    return SharedFields(server.url, AboutWorker(id, 1, "here", 0.0))


def played(server: Server, play: Callable[[SharedFields, SharedFields], Awaitable[None]]) -> None:
    async def run() -> None:
        one, other = fields(server, "one"), fields(server, "other")
        try:
            await play(one, other)
        finally:
            await one.close()
            await other.close()

    asyncio.run(run())


def test_only_one_of_two_that_know_the_same_can_change_something(server: Server) -> None:
    async def play(one: SharedFields, other: SharedFields) -> None:
        await one.catch_up()
        await other.catch_up()
        assert await one.change({"a": b"1"})
        assert not await other.change({"a": b"2"})
        assert other.fields == {"a": b"1"}
        assert await other.change({"b": b"2"}, ["a"])
        assert await one.catch_up()
        assert one.fields == {"b": b"2"}
        assert not await one.catch_up()

    played(server, play)


def test_who_is_far_behind_gets_everything(server: Server) -> None:
    async def play(one: SharedFields, other: SharedFields) -> None:
        await one.catch_up()
        await one.change({"a": b"1", "b": b"1"})
        await other.catch_up()
        server.client.hset("ai-api-emulator:server:head", "floor", one.version + 1)
        server.client.hset("ai-api-emulator:server:head", "version", one.version + 1)
        server.client.hdel("ai-api-emulator:server:fields", "a")
        assert await other.catch_up()
        assert other.fields == {"b": b"1"}

    played(server, play)


def test_a_server_that_was_emptied_gets_back_what_the_first_to_ask_knows(server: Server) -> None:
    async def play(one: SharedFields, other: SharedFields) -> None:
        await one.catch_up()
        await one.change({"a": b"1"})
        await other.catch_up()
        server.client.flushall()
        assert await other.catch_up()
        await one.catch_up()
        assert one.fields == other.fields == {"a": b"1"}
        assert (one.epoch, one.version) == (other.epoch, other.version)

    played(server, play)


def test_a_lock_whose_owner_died_ends(server: Server) -> None:
    async def play(one: SharedFields, other: SharedFields) -> None:
        server.client.set("ai-api-emulator:server:lock", "of the dead", px=50)
        async with one.lock():
            assert server.client.get("ai-api-emulator:server:lock") != b"of the dead"
        assert server.client.get("ai-api-emulator:server:lock") is None

    played(server, play)


def test_a_worker_that_is_not_seen_any_more_is_none(server: Server) -> None:
    async def play(one: SharedFields, other: SharedFields) -> None:
        await one.beat()
        assert [each.about.id for each in await other.beat()] == ["one", "other"]
        seen = (await one.workers())[0].seen - LEASE - 1
        row = server.client.hget("ai-api-emulator:server:workers", "one")
        assert isinstance(row, bytes)
        old = row.replace(f"{seen + LEASE + 1:.6f}".encode(), f"{seen:.6f}".encode())
        assert old != row
        server.client.hset("ai-api-emulator:server:workers", "one", old)
        assert [each.about.id for each in await other.workers()] == ["other"]
        await other.leave()
        assert await one.workers() == []

    played(server, play)


def test_a_change_is_announced(server: Server) -> None:
    async def play(one: SharedFields, other: SharedFields) -> None:
        await one.catch_up()
        news = other.news()
        assert await anext(news) == b""
        await one.change({"a": b"1"})
        assert await anext(news) == b"version 1"
        await one.announce()
        assert await anext(news) == b"applied"
        await news.aclose()  # type: ignore[attr-defined]

    played(server, play)
