"""A Redis server as the emulator uses it: one script that commits, and one read of everything that a world holds."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from contextlib import asynccontextmanager, suppress
from functools import partial
from hashlib import sha1
from importlib.resources import files
from typing import Any

import redis
from msgspec import Struct
from redis.asyncio import ConnectionPool
from redis.asyncio.connection import AbstractConnection
from redis.backoff import NoBackoff
from redis.connection import HiredisRespSerializer
from redis.exceptions import AuthenticationError, NoScriptError, OutOfMemoryError, ReadOnlyError, RedisError
from redis.retry import Retry

from emulator.errors import StoreUnavailable

PREFIX = "ai-api-emulator"
PARTS = ("state", "changes", "head", "journal", "workers", "alone", "offers")
FIRST = "0-0"  # before all entries of a journal
TIMEOUT = 5.0  # real seconds for a reply
JOURNAL = ("epoch", "journal", "entered", "ended")  # what is said of a journal in the head of its world
PACKER = HiredisRespSerializer()  # the one that asynchronous connections use takes several times as long
SCRIPT = (files("emulator.store.redis") / "commit.lua").read_text()
LOCK = """
local holder = redis.call('GET', KEYS[1])
if holder and holder ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1"""
UNLOCK = "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0"
SHA = sha1(SCRIPT.encode(), usedforsecurity=False).hexdigest()
RECOVER = (files("emulator.store.redis") / "recover.lua").read_text()
FORGOTTEN = 60  # seconds for which a world that was removed is known to have been there


class CommitResult(Struct):
    """What a commit came to: see commit.lua. `at` is the server's time, `changed` are fields and values by others.

    `known`: it had been committed before. `last` is the last number that was reserved, `entries` how many the journal
    had before, `journal` its name since it was cleared, and `entry` the id of the last one that was added.
    """

    status: str
    seq: int
    at: float
    changed: list[tuple[bytes, bytes | None]]
    known: bool
    last: int
    entries: int
    journal: str
    entry: str


class JournalEntries(Struct):
    """Entries of a journal behind a place: kind and exchange. `last` is the id of the last one, `count` how many there
    were in all since it was cleared, `entered` how many of those were exchanges, and `journal` its name since then."""

    journal: str
    rows: list[tuple[str, bytes]]
    last: str
    count: int
    entered: int


class Stored(Struct):
    """Everything that Redis holds of a world."""

    epoch: str
    seq: int
    at: float
    fields: dict[bytes, bytes]
    entries: JournalEntries


class RedisServer:
    """A server, by its URL."""

    def __init__(self, url: str, timeout: float = TIMEOUT, prefix: str = PREFIX) -> None:
        self._timeout, self._prefix = timeout, prefix
        limits: dict[str, Any] = {"socket_timeout": timeout, "socket_connect_timeout": timeout}
        self.blocking = redis.Redis.from_url(url, retry=Retry(NoBackoff(), 0), **limits)
        self._pool = ConnectionPool.from_url(url, socket_timeout=None, socket_connect_timeout=timeout, protocol=2)
        self._idle: list[AbstractConnection] = []
        self._closed = False

    def keys(self, world: str) -> list[str]:
        """The keys of a world: they lie in one slot of a cluster."""
        return [f"{self._prefix}:{{{world}}}:{part}" for part in PARTS]

    async def commit(self, world: str, packed: Sequence[str | bytes]) -> CommitResult:
        """Runs the script that commits. Raises StoreUnavailable; then nobody knows whether it was committed."""
        status, seq, seconds, micros, changed, known, last, entries, journal, *entry = await self._reply(
            partial(_run, [len(PARTS), *self.keys(world), *packed])
        )
        others = list(zip(changed[::2], changed[1::2], strict=True))
        at, added = int(seconds) + int(micros) / 1e6, entry[0].decode() if entry and entry[0] else ""
        return CommitResult(status.decode(), seq, at, others, bool(known), last, entries, journal.decode(), added)

    async def recover(self, world: str, offer: Sequence[str], known: Iterable[str]) -> str:
        """Returns what a process is to do about a world that is lost: see recover.lua. Raises StoreUnavailable."""
        _, _, head, _, workers, _, offers = self.keys(world)
        command = ("EVAL", RECOVER, "3", head, offers, workers, *offer, *known)
        replies: list[bytes] = await self._reply(partial(_ask, (command,)))
        return replies[0].decode()

    async def entries(self, world: str, after: str) -> JournalEntries:
        """Returns the entries of a world's journal after one of them. Raises StoreUnavailable."""
        _, _, head, journal, *_ = self.keys(world)
        commands = (("MULTI",), ("XRANGE", journal, f"({after}", "+"), ("HMGET", head, *JOURNAL), ("EXEC",))
        *_, (rows, about) = await self._reply(partial(_ask, commands))
        return _entries([(id, pairs) for id, pairs in rows], about, after)

    async def workers(self, world: str) -> dict[str, int]:
        """Returns up to which commit each worker of a world has done all that follows. Raises StoreUnavailable."""
        rows = await self._reply(partial(_ask, (("HGETALL", self.keys(world)[4]),)))
        return {name.decode(): int(value.split()[1]) for name, value in zip(rows[0][::2], rows[0][1::2], strict=True)}

    async def lock(self, world: str, holder: str, seconds: float) -> bool:
        """Makes a holder the only one that does something, for so many seconds from now, also when it has been that
        already or the server has lost it; returns False when another one is. Raises StoreUnavailable."""
        return await self._alone(LOCK, world, holder, str(int(seconds * 1000)))

    async def unlock(self, world: str, holder: str) -> bool:
        """Ends what `lock` began; returns False when it had ended. Raises StoreUnavailable."""
        return await self._alone(UNLOCK, world, holder)

    async def _alone(self, script: str, world: str, *arguments: str) -> bool:
        replies: list[int] = await self._reply(partial(_ask, (("EVAL", script, "1", self.keys(world)[5], *arguments),)))
        return replies == [1]

    @asynccontextmanager
    async def notices(self, world: str) -> AsyncIterator[Callable[[], Awaitable[bytes]]]:
        """Yields what waits for what is published when something is committed. Raises StoreUnavailable."""
        connection = self._pool.make_connection()  # type: ignore[no-untyped-call]
        try:
            await connection.send_command("SUBSCRIBE", self.keys(world)[2])
            await connection.read_response()

            async def next() -> bytes:
                try:
                    *_, message = await connection.read_response()
                except (RedisError, OSError) as error:
                    raise StoreUnavailable(reason(error)) from error
                return bytes(message)

            yield next
        except (RedisError, OSError) as error:
            raise StoreUnavailable(reason(error)) from error
        finally:
            await connection.disconnect()

    async def _reply(self, ask: Callable[[AbstractConnection], Awaitable[Any]]) -> Any:
        """Returns what is answered. Raises StoreUnavailable; then nobody knows whether it was done."""
        try:
            if self._idle:
                # The server may have closed it since. What is sent once more then is committed once: it has a number.
                with suppress(redis.ConnectionError, ConnectionError):
                    return await self._sent(self._idle.pop(), ask)
                await self._close_idle()
            return await self._sent(self._pool.make_connection(), ask)  # type: ignore[no-untyped-call]
        except (RedisError, OSError) as error:
            raise StoreUnavailable(reason(error)) from error

    async def _sent(self, connection: AbstractConnection, ask: Callable[[AbstractConnection], Awaitable[Any]]) -> Any:
        try:
            async with asyncio.timeout(self._timeout):
                reply = await ask(connection)
        except BaseException:
            await connection.disconnect(nowait=True)
            raise
        if self._closed:  # nobody would close it
            await connection.disconnect(nowait=True)
        else:
            self._idle.append(connection)
        return reply

    async def _close_idle(self) -> None:
        while self._idle:
            await self._idle.pop().disconnect()

    def load(self, world: str, epoch: str = "") -> Stored:
        """Returns everything that Redis holds of a world, which begins with an epoch, if one is given, when it was not
        there.

        Raises StoreUnavailable.
        """
        state, _, head, journal, *_ = self.keys(world)
        try:
            with self.blocking.pipeline(transaction=True) as pipeline:
                if epoch:
                    pipeline.hsetnx(head, "epoch", epoch)
                    pipeline.persist(head)
                pipeline.hmget(head, "seq", *JOURNAL)
                pipeline.hgetall(state)
                pipeline.xrange(journal)
                pipeline.time()
                *_, (seq, *about), fields, rows, (seconds, micros) = pipeline.execute()
        except (RedisError, OSError) as error:
            raise StoreUnavailable(reason(error)) from error
        entries = _entries([(id, next(iter(pairs.items()))) for id, pairs in rows], about, FIRST)
        return Stored((about[0] or b"").decode(), int(seq or 0), seconds + micros / 1e6, fields, entries)

    def forget(self, world: str) -> None:
        """Removes everything that Redis holds of a world, but for a while the number of its last commit: one of that
        name that begins then counts on, so that nobody takes it for what was lost of this one. Raises StoreUnavailable.
        """
        keys = self.keys(world)
        try:
            seq = self.blocking.hget(keys[2], "seq")
            with self.blocking.pipeline(transaction=True) as pipeline:
                pipeline.delete(*keys)
                if seq is not None:
                    pipeline.hset(keys[2], mapping={"seq": seq, "forgotten": 1})
                    pipeline.expire(keys[2], FORGOTTEN)
                pipeline.execute()
        except (RedisError, OSError) as error:
            raise StoreUnavailable(reason(error)) from error

    async def close(self) -> None:
        """Closes the connections."""
        self._closed = True
        await self._close_idle()
        self.blocking.close()


async def _run(arguments: Sequence[Any], connection: AbstractConnection) -> Any:
    """Runs the script that commits."""
    await connection.send_packed_command(PACKER.pack("EVALSHA", SHA, *arguments))  # type: ignore[arg-type] # as sent
    try:
        return await connection.read_response()
    except NoScriptError:
        await connection.send_command("EVAL", SCRIPT, *arguments)
        return await connection.read_response()


async def _ask(commands: Sequence[Sequence[str]], connection: AbstractConnection) -> list[Any]:
    """Sends commands at once; returns their replies."""
    await connection.send_packed_command(connection.pack_commands(commands))
    return [await connection.read_response() for _ in commands]


def _entries(
    rows: Sequence[tuple[bytes, Sequence[bytes]]], about: Sequence[bytes | None], after: str
) -> JournalEntries:
    epoch, name, entered, ended = about
    counts = int(entered or 0), int(ended or 0)
    pairs = [(kind.decode(), data) for _, (kind, data) in rows]
    last = rows[-1][0].decode() if rows else after
    return JournalEntries((name or (epoch or b"")[:8]).decode(), pairs, last, sum(counts), counts[0])


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
