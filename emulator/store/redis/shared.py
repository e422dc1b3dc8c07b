"""What the processes of a server share beside the states of worlds: fields with one version, and who they are.

A process knows all fields as they were at a version. It changes some only if it knows the last version, else it gets
what others have changed and tries again; a lock lets one process at a time try. Each change is announced on a channel.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager, suppress
from hashlib import sha1
from importlib.resources import files
from secrets import token_hex
from typing import Any

import msgspec
from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.client import PubSub
from redis.backoff import NoBackoff
from redis.exceptions import NoScriptError, RedisError
from redis.retry import Retry

from emulator.clock.system_time import pause
from emulator.errors import StoreUnavailable
from emulator.store.redis.server import PREFIX, TIMEOUT, reason

KNOWN_CHANGES = 10_000  # fields whose last change Redis remembers; who is further behind gets everything
LEASE = 5.0  # seconds by the server's clock after which a process that is not seen any more counts as gone
LOCKED = 5.0  # real seconds after which a lock ends whose owner died
LOCK_WAIT = (0.002, 0.05)  # real seconds between two looks at a lock, at first and at most
RELEASE = "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0"
APPLIED = b"applied"  # announced by a process that has applied a version


class StoredScript:
    """A script in a file beside this one."""

    def __init__(self, name: str) -> None:
        self.text = (files("emulator.store.redis") / name).read_text()
        self.sha = sha1(self.text.encode(), usedforsecurity=False).hexdigest()


CHANGE, WORKERS = StoredScript("shared.lua"), StoredScript("workers.lua")


class AboutWorker(msgspec.Struct, frozen=True):
    """What a process says of itself; `started` is in seconds since the epoch."""

    id: str
    pid: int
    host: str
    started: float


class Worker(msgspec.Struct, frozen=True):
    """A process that lives: when it was last seen, by the server's clock, and what it has applied."""

    about: AboutWorker
    seen: float
    epoch: str
    version: int


class SharedFields:
    """The fields as this process knows them: `fields` at `version`. Every method raises StoreUnavailable."""

    def __init__(self, url: str, me: AboutWorker, prefix: str = PREFIX, timeout: float = TIMEOUT) -> None:
        self.me = me
        self.fields: dict[str, bytes] = {}
        self.epoch, self.version = "", 0
        self.shared_version = 0  # the last one that is known to be there
        self._begins = token_hex(8)
        self.channel = f"{prefix}:server:news"
        self._keys = [f"{prefix}:server:{part}" for part in ("fields", "changes", "head")]
        self._workers, self._lock = f"{prefix}:server:workers", f"{prefix}:server:lock"
        limits: dict[str, Any] = {"socket_connect_timeout": timeout, "retry": Retry(NoBackoff(), 0)}
        pool = BlockingConnectionPool.from_url(
            url, socket_timeout=timeout, max_connections=8, timeout=timeout, **limits
        )
        self._client: Redis = Redis.from_pool(pool)
        self._listener: Redis = Redis.from_url(url, socket_timeout=None, **limits)

    async def change(self, sets: Mapping[str, bytes], drops: Collection[str] = ()) -> bool:
        """Changes fields; returns False, changing nothing, when others have changed some, which are known then."""
        pairs = [each for pair in sets.items() for each in pair]
        arguments = [self.epoch, self.version, "", KNOWN_CHANGES, self.channel, len(sets), *pairs, *drops]
        status, epoch, version, whole, changed = await self._run(CHANGE, self._keys, arguments)
        if status == b"lost":
            await self._begin()
            return False
        if status == b"done":
            self.fields.update(sets)
            for name in drops:
                self.fields.pop(name, None)
        else:
            self._take(bool(whole), changed)
        self.epoch, self.version = epoch.decode(), version
        self.shared_version = max(self.shared_version, version)
        return bool(status == b"done")

    async def catch_up(self) -> bool:
        """Learns what others have changed; returns whether there was something."""
        if await self.change({}):
            return False
        while not await self.change({}):
            pass
        return True

    async def _begin(self) -> None:
        """Writes everything as it is known here to a server that has nothing, unless another process was faster."""
        pairs = [each for pair in self.fields.items() for each in pair]
        arguments = ["", 0, self._begins, KNOWN_CHANGES, self.channel, len(self.fields), *pairs]
        status, epoch, version, whole, changed = await self._run(CHANGE, self._keys, arguments)
        if status == b"stale":
            self._take(bool(whole), changed)
        self.epoch, self.version = epoch.decode(), version
        self._begins = token_hex(8)

    def _take(self, whole: bool, changed: list[bytes | None]) -> None:
        if whole:
            self.fields.clear()
        for name, value in zip(changed[::2], changed[1::2], strict=True):
            assert name is not None
            if value is None:
                self.fields.pop(name.decode(), None)
            else:
                self.fields[name.decode()] = value

    # ------------------------------------------------------------------ workers

    async def beat(self) -> list[Worker]:
        """Says that this process lives and what it knows, and returns all that live, itself included."""
        return await self._tell(self.me.id, msgspec.json.encode(self.me))

    async def workers(self) -> list[Worker]:
        """The processes that live, the first that started first."""
        return await self._tell("", b"")

    async def leave(self) -> None:
        """Says that this process ends."""
        await self._tell(self.me.id, b"")
        await self.announce()

    async def announce(self) -> None:
        """Announces that this process has applied what it knows."""
        await self._guarded(self._client.publish(self.channel, APPLIED))

    async def _tell(self, id: str, about: bytes) -> list[Worker]:
        keys, arguments = [self._workers, self._keys[2]], [id, about, self.epoch, self.version, LEASE]
        _, version, rows = await self._run(WORKERS, keys, arguments)
        self.shared_version = version
        workers = []
        for row in rows[1::2]:
            each = msgspec.json.decode(row)
            about_worker = msgspec.json.decode(each["about"], type=AboutWorker)
            workers.append(Worker(about_worker, float(each["seen"]), each["epoch"], int(each["version"])))
        return sorted(workers, key=lambda worker: (worker.about.started, worker.about.id))

    # ------------------------------------------------------------------ lock and news

    @asynccontextmanager
    async def lock(self) -> AsyncIterator[None]:
        """Lets one process at a time in. It is a courtesy: whoever lost it without noticing can't change anything."""
        token, wait = token_hex(8), LOCK_WAIT[0]
        while not await self._guarded(self._client.set(self._lock, token, nx=True, px=int(LOCKED * 1000))):
            await pause(wait)
            wait = min(2 * wait, LOCK_WAIT[1])
        renewing = asyncio.get_running_loop().create_task(self._renew())
        try:
            yield
        finally:
            renewing.cancel()
            with suppress(StoreUnavailable):
                await self._guarded(self._client.eval(RELEASE, 1, self._lock, token))

    async def _renew(self) -> None:
        while True:
            await pause(LOCKED / 4)
            with suppress(StoreUnavailable):
                await self._guarded(self._client.pexpire(self._lock, int(LOCKED * 1000)))

    async def news(self) -> AsyncIterator[bytes]:
        """Yields what is announced, at first an empty text: what was announced before may have been missed."""
        pubsub: PubSub = self._listener.pubsub()
        try:
            await self._guarded(pubsub.subscribe(self.channel))
            async for message in pubsub.listen():
                yield b"" if message["type"] == "subscribe" else bytes(message["data"])
        except (RedisError, OSError) as error:
            raise StoreUnavailable(reason(error)) from error
        finally:
            with suppress(RedisError, OSError):
                await pubsub.aclose()  # type: ignore[no-untyped-call]

    async def close(self) -> None:
        """Closes the connections."""
        for client in (self._client, self._listener):
            with suppress(RedisError, OSError):
                await client.aclose()
        with suppress(RedisError, OSError):
            await self._client.connection_pool.disconnect()

    # ------------------------------------------------------------------ calls

    async def _run(self, script: StoredScript, keys: list[str], arguments: list[Any]) -> Any:
        try:
            try:
                return await self._client.evalsha(script.sha, len(keys), *keys, *arguments)
            except NoScriptError:
                return await self._client.eval(script.text, len(keys), *keys, *arguments)
        except (RedisError, OSError) as error:
            raise StoreUnavailable(reason(error)) from error

    async def _guarded(self, call: Any) -> Any:
        try:
            return await call
        except (RedisError, OSError) as error:
            raise StoreUnavailable(reason(error)) from error
