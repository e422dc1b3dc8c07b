"""A Redis server as the emulator uses it: one script that commits, and one read of everything that a world holds."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from contextlib import suppress
from hashlib import sha1
from importlib.resources import files
from typing import Any

import redis
from msgspec import Struct
from redis.asyncio import ConnectionPool
from redis.asyncio.connection import AbstractConnection
from redis.backoff import NoBackoff
from redis.exceptions import AuthenticationError, NoScriptError, OutOfMemoryError, ReadOnlyError, RedisError
from redis.retry import Retry

from emulator.errors import StoreUnavailable

PREFIX = "ai-api-emulator"
TIMEOUT = 5.0  # real seconds for a reply
SCRIPT = (files("emulator.store.redis") / "commit.lua").read_text()
SHA = sha1(SCRIPT.encode(), usedforsecurity=False).hexdigest()


class Reply(Struct):
    """What a commit came to: see commit.lua. `at` is the server's time, `changed` are fields and values by others.

    `known`: it had been committed before.
    """

    status: str
    seq: int
    at: float
    changed: list[tuple[bytes, bytes | None]]
    known: bool


class Stored(Struct):
    """Everything that Redis holds of a world."""

    epoch: str
    seq: int
    at: float
    fields: dict[bytes, bytes]
    entries: list[tuple[str, bytes]]
    entered: int


class RedisServer:
    """A server, by its URL."""

    def __init__(self, url: str, timeout: float = TIMEOUT, prefix: str = PREFIX) -> None:
        self._timeout, self._prefix = timeout, prefix
        limits: dict[str, Any] = {"socket_timeout": timeout, "socket_connect_timeout": timeout}
        self.blocking = redis.Redis.from_url(url, retry=Retry(NoBackoff(), 0), **limits)
        self._pool = ConnectionPool.from_url(url, socket_timeout=None, socket_connect_timeout=timeout)
        self._idle: list[AbstractConnection] = []

    def keys(self, world: str) -> list[str]:
        """The keys of a world: they lie in one slot of a cluster."""
        return [f"{self._prefix}:{{{world}}}:{part}" for part in ("state", "changes", "head", "journal")]

    async def commit(self, world: str, packed: Sequence[str | bytes]) -> Reply:
        """Runs the script that commits. Raises StoreUnavailable; then nobody knows whether it was committed."""
        arguments = [4, *self.keys(world), *packed]
        try:
            reply = await self._reply(arguments)
        except (RedisError, OSError) as error:
            raise StoreUnavailable(reason(error)) from error
        status, seq, seconds, micros, changed, known = reply
        others = list(zip(changed[::2], changed[1::2], strict=True))
        return Reply(status.decode(), seq, int(seconds) + int(micros) / 1e6, others, bool(known))

    async def _reply(self, arguments: list[Any]) -> Any:
        if self._idle:
            # The server may have closed it since. What is sent once more then is committed once: it has a number.
            with suppress(redis.ConnectionError, ConnectionError):
                return await self._sent(self._idle.pop(), arguments)
            await self._close_idle()
        return await self._sent(self._pool.make_connection(), arguments)  # type: ignore[no-untyped-call]

    async def _sent(self, connection: AbstractConnection, arguments: list[Any]) -> Any:
        try:
            async with asyncio.timeout(self._timeout):
                reply = await self._run(connection, arguments)
        except BaseException:
            await connection.disconnect(nowait=True)
            raise
        self._idle.append(connection)
        return reply

    async def _close_idle(self) -> None:
        while self._idle:
            await self._idle.pop().disconnect()

    async def _run(self, connection: AbstractConnection, arguments: list[Any]) -> Any:
        await connection.send_command("EVALSHA", SHA, *arguments)
        try:
            return await connection.read_response()
        except NoScriptError:
            await connection.send_command("EVAL", SCRIPT, *arguments)
            return await connection.read_response()

    def load(self, world: str, epoch: str) -> Stored:
        """Returns everything that Redis holds of a world, which begins with an epoch when it was not there.

        Raises StoreUnavailable.
        """
        state, _, head, journal = self.keys(world)
        try:
            with self.blocking.pipeline(transaction=True) as pipeline:
                pipeline.hsetnx(head, "epoch", epoch)
                pipeline.hmget(head, "epoch", "seq", "entered")
                pipeline.hgetall(state)
                pipeline.xrange(journal)
                pipeline.time()
                _, (known, seq, entered), fields, entries, (seconds, micros) = pipeline.execute()
        except (RedisError, OSError) as error:
            raise StoreUnavailable(reason(error)) from error
        pairs = [(kind.decode(), data) for _, each in entries for kind, data in each.items()]
        return Stored(known.decode(), int(seq or 0), seconds + micros / 1e6, fields, pairs, int(entered or 0))

    def forget(self, world: str) -> None:
        """Removes everything that Redis holds of a world. Raises StoreUnavailable."""
        try:
            self.blocking.delete(*self.keys(world))
        except (RedisError, OSError) as error:
            raise StoreUnavailable(reason(error)) from error

    async def close(self) -> None:
        """Closes the connections."""
        await self._close_idle()
        self.blocking.close()


def shown(url: str) -> str:
    """Returns a URL without the password, which stands before the host or in the query."""
    return re.sub("://[^@/]*@", "://", url, count=1).partition("?")[0]


def reason(error: Exception) -> str:
    """Returns in a clause what is wrong with a server."""
    if isinstance(error, ReadOnlyError):
        return "the store is read-only"
    if isinstance(error, OutOfMemoryError):
        return "the store is full"
    if isinstance(error, AuthenticationError):
        return "the store refuses the password"
    if isinstance(error, TimeoutError):
        return "the store did not answer in time"
    return f"the store can't be reached: {error}"
