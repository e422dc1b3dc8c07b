"""The worlds of one emulator on a Redis server, which is checked before anything is kept there."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

import orjson
import redis

from emulator import __version__
from emulator.clock.world_clock import Clock
from emulator.errors import ConfigError, StoreUnavailable
from emulator.store.redis.backend import RedisBackend
from emulator.store.redis.records import RedisRecords
from emulator.store.redis.server import PREFIX, RedisServer, reason, shown

LEAST_VERSION = (6, 2)
BATCH = 1_000  # keys that are removed at once


class RedisStores:
    """Opens the backends of worlds on a server. `types` maps kinds of collections to the types of their values.

    `issued_in` is the collection of credentials that requests have made.
    """

    def __init__(self, url: str, types: Mapping[str, Any], issued_in: str = "issued") -> None:
        self.server = RedisServer(url)
        self._url, self._types, self._issued_in = url, types, issued_in

    def check(self) -> None:
        """Raises ConfigError when no state can be kept there, or another version keeps its own there."""
        try:
            why = self._unfit()
        except (redis.RedisError, OSError) as error:
            why = reason(error)
        if why:
            self.server.blocking.close()
            raise ConfigError(f"--store {shown(self._url)}: {why}")

    def _unfit(self) -> str:
        """Why the server can't be used; empty when it can."""
        client = self.server.blocking
        info: dict[str, Any] = client.info()
        version = str(info["redis_version"])
        if tuple(map(int, version.split(".")[:2])) < LEAST_VERSION:
            return f"the server is Redis {version}; {'.'.join(map(str, LEAST_VERSION))} or later is needed"
        if info.get("maxmemory", 0) and str(info.get("maxmemory_policy", "")).startswith("allkeys"):
            return "the server drops keys when it is full; set its maxmemory-policy to noeviction"
        about = f"{PREFIX}:about"
        try:
            client.hsetnx(about, "version", __version__)
            kept = str(client.hget(about, "version") or b"", "utf-8", "replace")  # type: ignore[arg-type] # as sent
        except redis.ResponseError as error:
            if str(error).startswith("WRONGTYPE"):
                return f"the key {about} belongs to another application"
            raise
        if kept != __version__:
            return (
                f"the state there is that of version {kept}, and this is version {__version__}; "
                "`emulator store clear` removes it"
            )
        return ""

    def open(self, world: str, clock: Clock, entries: int, size: int) -> RedisBackend:
        """Opens the backend of a world. Raises ConfigError."""
        try:
            return RedisBackend(self.server, world, clock, entries, size, self._types)
        except StoreUnavailable as error:
            raise ConfigError(f"--store {shown(self._url)}: {error}") from error

    def forget(self, world: str) -> None:
        """Removes the state of a world. Raises StoreUnavailable."""
        self.server.forget(world)

    async def issued(self, credentials: Sequence[str], worlds: Sequence[str]) -> list[tuple[str, str]]:
        """Returns those of the credentials that were issued in a world, each with its name. Raises StoreUnavailable."""
        return await asyncio.to_thread(self._issued, credentials, worlds)

    def _issued(self, credentials: Sequence[str], worlds: Sequence[str]) -> list[tuple[str, str]]:
        asked = [(credential, world) for credential in credentials for world in worlds]
        try:
            with self.server.blocking.pipeline(transaction=False) as pipeline:
                for credential, world in asked:
                    field = orjson.dumps([RedisRecords.letter, self._issued_in, credential]).decode()
                    pipeline.hexists(self.server.keys(world)[0], field)
                found = pipeline.execute()
        except (redis.RedisError, OSError) as error:
            raise StoreUnavailable(reason(error)) from error
        return [pair for pair, known in zip(asked, found, strict=True) if known]

    async def close(self) -> None:
        """Closes the connections."""
        await self.server.close()


def clear(url: str) -> int:
    """Removes everything that emulators keep on a server; returns how many keys that were. Raises ConfigError."""
    client, removed = RedisServer(url).blocking, 0
    try:
        keys = list(client.scan_iter(match=f"{PREFIX}:*", count=BATCH))
        for first in range(0, len(keys), BATCH):
            removed += int(client.unlink(*keys[first : first + BATCH]))
    except (redis.RedisError, OSError) as error:
        raise ConfigError(f"--store {shown(url)}: {reason(error)}") from error
    finally:
        client.close()
    return removed
