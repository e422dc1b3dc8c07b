"""Streams: the feed of a world as server-sent events, and records as lines of JSON."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Sequence
from typing import Any

import msgspec
from starlette.types import Receive, Scope, Send

from emulator.clock.system_time import pause
from emulator.engine.state import WorldEnded
from emulator.http.headers import Header
from emulator.log.feed import Feed
from emulator.worlds.registry import UnknownWorld, WorldRegistry
from emulator.worlds.world import World

INTERVAL = 0.1  # real seconds between two batches
CHUNK = 64 * 2**10  # bytes of lines that are sent at once, after which others get a turn
RETRY_MS = 1_000  # milliseconds after which a browser connects again
HEADERS = {"x-content-type-options": "nosniff", "cross-origin-resource-policy": "same-origin"}


class EventStream:
    """The ASGI application that sends what is new in a world, at most ten times a second, until the client leaves.

    It survives a reset of the world, and ends with an event `ended` when the world is deleted, or after `count` events.
    """

    def __init__(self, worlds: WorldRegistry, world: World, feed: Feed, count: int | None = None) -> None:
        self._worlds = worlds
        self._world = world
        self._feed = feed
        self._count = count

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        # Here, because importing it changes how uvicorn's servers stop.
        from sse_starlette import EventSourceResponse

        response = EventSourceResponse(self._events(), headers=HEADERS, sep="\n")
        await response(scope, receive, send)

    async def _events(self) -> AsyncIterator[dict[str, Any]]:
        sent = 0
        while self._is_there():
            if (batch := self._feed.take()) is not None:
                yield self._event("exchanges", msgspec.json.encode(batch).decode())
                sent += 1
                if sent == self._count:
                    return
                await pause(INTERVAL)
            try:
                with self._world.state.attend():
                    await self._feed.wait()
            except WorldEnded:
                continue
        yield self._event("ended", "{}")

    def _event(self, name: str, data: str) -> dict[str, Any]:
        return {"event": name, "id": self._feed.position, "data": data, "retry": RETRY_MS}

    def _is_there(self) -> bool:
        try:
            return self._worlds.find(self._world.name) is self._world
        except UnknownWorld:
            return False


class LineStream:
    """The ASGI application that sends records as lines of JSON, as many at once as fit a chunk."""

    def __init__(self, records: Iterable[Any], headers: Sequence[Header] = ()) -> None:
        self._records = records
        self._headers = headers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        own = [(b"content-type", b"application/x-ndjson"), (b"cache-control", b"no-store")]
        common = [(name.encode(), value.encode()) for name, value in HEADERS.items()]
        await send({"type": "http.response.start", "status": 200, "headers": [*own, *common, *self._headers]})
        chunk = b""
        for record in self._records if scope["method"] != "HEAD" else ():
            chunk += msgspec.json.encode(record) + b"\n"
            if len(chunk) >= CHUNK:
                await send({"type": "http.response.body", "body": chunk, "more_body": True})
                await pause(0.0)
                chunk = b""
        await send({"type": "http.response.body", "body": chunk})
