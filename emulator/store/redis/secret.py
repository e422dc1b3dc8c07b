"""A key and a certificate in Redis, which all processes on a store share."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import redis
from redis.exceptions import LockError, RedisError

from emulator.errors import ConfigError
from emulator.store.redis.server import PREFIX, reason

LOCKED = 20.0  # real seconds after which a lock ends whose owner died


class RedisSecret:
    """A hash of three fields; see emulator/https/stored_authority.py."""

    def __init__(self, client: redis.Redis, prefix: str = PREFIX) -> None:
        self._client = client
        self._name, self._lock = f"{prefix}:server:authority", f"{prefix}:server:authority-lock"
        self._version = 0

    def version(self) -> int:
        """Returns the number of the last change, the one known last while the store is away; 0: nothing was kept."""
        with suppress(RedisError, OSError):
            self._version = int(self._client.hget(self._name, "version") or 0)
        return self._version

    def read(self) -> tuple[int, bytes, bytes] | None:
        """Returns the version, the key and the certificate, None when nothing was kept. Raises ConfigError."""
        try:
            kept: Any = self._client.hgetall(self._name)
        except (RedisError, OSError) as error:
            raise _away(error) from error
        return (int(kept[b"version"]), kept[b"key"], kept[b"certificate"]) if kept else None

    def write(self, key: bytes, certificate: bytes) -> None:
        """Keeps a key and a certificate. Raises ConfigError."""
        try:
            with self._client.pipeline(transaction=True) as pipeline:
                pipeline.hset(self._name, mapping={"key": key, "certificate": certificate})
                pipeline.hincrby(self._name, "version", 1)
                pipeline.execute()
        except (RedisError, OSError) as error:
            raise _away(error) from error

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Lets one process at a time in. Raises ConfigError."""
        lock = self._client.lock(self._lock, timeout=LOCKED)
        try:
            lock.acquire()
        except (RedisError, OSError) as error:
            raise _away(error) from error
        try:
            yield
        finally:
            with suppress(LockError, RedisError, OSError):
                lock.release()


def _away(error: Exception) -> ConfigError:
    return ConfigError(f"the certificate authority in the store can't be used: {reason(error)}")
