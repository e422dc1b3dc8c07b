"""What the processes of a server have counted together: sums by name, and what each process has at present.

Each process publishes the differences of numbers that only grow. A publication has a number, so one whose reply was
lost is sent again and added once. What a process has published stays when it dies. If the server loses the sums, each
process publishes everything again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from secrets import token_hex
from typing import Any

import msgspec
from redis.asyncio import Redis
from redis.backoff import NoBackoff
from redis.exceptions import NoScriptError, RedisError
from redis.retry import Retry

from emulator.errors import StoreUnavailable
from emulator.store.redis.server import PREFIX, TIMEOUT, reason
from emulator.store.redis.shared import LEASE, StoredScript

ADD = StoredScript("totals.lua")
FORGOTTEN = 24 * 3_600.0  # seconds after which the number of a process' last publication is forgotten


class Sums(msgspec.Struct, frozen=True):
    """The sums of all processes by name, and what each that lives has at present."""

    totals: Mapping[str, float]
    present: list[dict[str, float]]


class Totals:
    """One process's part in the sums."""

    def __init__(self, url: str, prefix: str = PREFIX, timeout: float = TIMEOUT) -> None:
        self._id = token_hex(8)
        self._keys = [f"{prefix}:server:{part}" for part in ("totals", "counting")]
        self._epoch, self._number = "", 0
        self._published: Mapping[str, float] = {}
        self._in_doubt: Mapping[str, float] | None = None  # what was sent last, when no reply has come
        self._busy = asyncio.Lock()
        limits: dict[str, Any] = {"socket_timeout": timeout, "socket_connect_timeout": timeout}
        self._client: Redis = Redis.from_url(url, retry=Retry(NoBackoff(), 0), **limits)

    async def publish(self, read: Callable[[], Mapping[str, float]], present: Mapping[str, float]) -> Sums:
        """Adds what the values that are read, which only grow, have more than when they were last published; returns
        the sums.

        Raises StoreUnavailable; then it is added later, once.
        """
        async with self._busy:
            while True:
                fresh = self._in_doubt is None
                if self._in_doubt is None:
                    self._number += 1
                    self._in_doubt = dict(read())
                epoch, accepted, totals, others = await self._add(self._in_doubt, present)
                self._epoch = epoch.decode()
                self._published, self._in_doubt = self._in_doubt if accepted else {}, None
                if accepted and fresh:
                    return Sums(_numbers(totals), [msgspec.json.decode(each) for each in others])

    async def close(self) -> None:
        """Closes the connection."""
        with suppress(RedisError, OSError):
            await self._client.aclose()

    async def _add(self, values: Mapping[str, float], present: Mapping[str, float]) -> Any:
        known = self._published
        amounts = {name: value - known.get(name, 0) for name, value in values.items() if value != known.get(name, 0)}
        pairs = [each for name, amount in amounts.items() for each in (name, repr(amount))]
        said = msgspec.json.encode(present)
        head = [self._id, self._epoch, token_hex(8), self._number, said, LEASE, FORGOTTEN]
        try:
            return await self._call([*head, *pairs])
        except (RedisError, OSError) as error:
            raise StoreUnavailable(reason(error)) from error

    async def _call(self, arguments: list[Any]) -> Any:
        try:
            return await self._client.evalsha(ADD.sha, len(self._keys), *self._keys, *arguments)
        except NoScriptError:
            return await self._client.eval(ADD.text, len(self._keys), *self._keys, *arguments)


def _numbers(pairs: list[bytes]) -> dict[str, float]:
    return {name.decode(): float(value) for name, value in zip(pairs[::2], pairs[1::2], strict=True) if name}
