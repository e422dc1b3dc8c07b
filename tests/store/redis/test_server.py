"""A server: worlds lie apart under one prefix, and what is wrong with it is said in a clause."""

from __future__ import annotations

import pytest
from redis.exceptions import AuthenticationError, OutOfMemoryError, ReadOnlyError

from emulator.errors import StoreUnavailable
from emulator.store.redis.server import RedisServer, reason, shown
from tests.redis_server import new_world, redis_url


def test_a_world_begins_once_and_is_forgotten_alone() -> None:
    server, one, other = RedisServer(redis_url()), new_world(), new_world()
    assert [server.load(one, epoch).epoch for epoch in ("first", "second")] == ["first", "first"]
    server.load(other, "other")
    server.forget(one)
    assert [server.load(world, "new").epoch for world in (one, other)] == ["new", "other"]
    server.blocking.close()


def test_keys_of_a_world_lie_in_one_slot_under_the_prefix() -> None:
    keys = RedisServer("redis://localhost/").keys("w")
    assert all(key.startswith("ai-api-emulator:{w}:") for key in keys)
    assert len(set(keys)) == 7


@pytest.mark.parametrize(
    ("error", "clause"),
    [
        (ReadOnlyError(), "the store is read-only"),
        (OutOfMemoryError(), "the store is full"),
        (AuthenticationError(), "the store refuses the password"),
        (TimeoutError(), "the store did not answer in time"),
        (ConnectionError("no route"), "the store can't be reached: no route"),
    ],
)
def test_what_is_wrong_is_said(error: Exception, clause: str) -> None:
    assert reason(error) == clause


def test_a_server_that_is_not_there_is_unavailable() -> None:
    with pytest.raises(StoreUnavailable, match="the store can't be reached"):
        RedisServer("unix:///nowhere/socket").load("w", "e")


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("redis://:hunter2@host:1/0", "redis://host:1/0"),
        ("redis://me:hun?ter2@host/0", "redis://host/0"),
        ("unix:///run/redis.sock?password=hunter2", "unix:///run/redis.sock"),
        ("unix:///run/redis.sock?password=hunt@er2", "unix:///run/redis.sock"),
        ("unix://me:hunter2@/run/redis.sock", "unix:///run/redis.sock"),
    ],
)
def test_a_url_is_shown_without_the_password(url: str, expected: str) -> None:
    assert shown(url) == expected
