"""A key and a certificate in Redis: kept whole, with a version, and written by one process at a time."""

from __future__ import annotations

import redis

from emulator.store.redis.secret import RedisSecret
from tests.redis_server import Server


def test_what_is_kept_is_read_with_its_version(server: Server) -> None:
    with redis.Redis.from_url(server.url) as client:
        one, other = RedisSecret(client), RedisSecret(client)
        assert (one.version(), one.read()) == (0, None)
        one.write(b"key", b"certificate")
        assert (other.version(), other.read()) == (1, (1, b"key", b"certificate"))
        other.write(b"new", b"one")
        assert one.version() == 2


def test_a_lock_is_given_back(server: Server) -> None:
    with redis.Redis.from_url(server.url) as client:
        for _ in "12":
            with RedisSecret(client).lock():
                assert client.exists("ai-api-emulator:server:authority-lock")
        assert not client.exists("ai-api-emulator:server:authority-lock")
