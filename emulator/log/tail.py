"""Tail: follows the exchanges of a running emulator over its event stream, and connects again when that breaks."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any

import httpx
import msgspec
from msgspec import Struct

from emulator.clock.system_time import pause
from emulator.compile.lint import CONTROL
from emulator.errors import ConfigError, EmulatorError
from emulator.log.address import TOKEN_HINT, check_address
from emulator.log.feed import Batch
from emulator.log.row import Row
from emulator.worlds.registry import DEFAULT, HEADER

PATH = f"{CONTROL}/exchanges/stream"
TIMEOUT = httpx.Timeout(45.0, connect=5.0)  # real seconds; the server sends something each 15
RETRY = (0.5, 1.0, 2.0, 5.0)  # real seconds before each further try; the last one again and again
MAX_REMEMBERED = 2_000  # places of rows that were printed: those that ended about when the stream broke are sent again
BATCH = msgspec.json.Decoder(Batch)


class WorldGone(EmulatorError):
    """The world that is followed was deleted."""


class Wanted(Struct, frozen=True):
    """What to follow: the server's URL, a world, a filter, how many older exchanges come first, and the token."""

    url: str
    world: str = DEFAULT
    filter: str = ""
    last: int = 10
    token: str = ""


def wanted(url: str, world: str, filter: str, last: int, token: str) -> Wanted:
    """Returns what to follow, checked. Raises ConfigError that names the option, its value and what was expected."""
    address, token = check_address(url, world, token)
    return Wanted(address, world, filter, last, token)


class Event(Struct, frozen=True):
    """A server-sent event."""

    id: str
    name: str
    data: bytes


class Tail:
    """Prints each exchange that has ended, by `show`; `notice` reports what became of the connection.

    `wait` waits real seconds.
    """

    def __init__(
        self,
        wanted: Wanted,
        show: Callable[[Row], None],
        notice: Callable[[str], None],
        wait: Callable[[float], Awaitable[None]] = pause,
    ) -> None:
        self._wanted = wanted
        self._show = show
        self._notice = notice
        self._wait = wait
        self._position = ""
        self._printed: dict[int, None] = {}
        self._failures = 0

    async def follow(self) -> None:
        """Follows until it is cancelled. Raises ConfigError when the server refuses, WorldGone when the world ends."""
        # Proxies of the environment lead to the emulator, or nowhere.
        async with httpx.AsyncClient(trust_env=False, timeout=TIMEOUT) as client:
            while True:
                try:
                    await self._connect(client)
                    reason = "it ended the stream"
                except httpx.TransportError as error:
                    reason = str(error) or type(error).__name__
                if not self._failures:
                    begun = "lost the emulator" if self._position else "no emulator answers"
                    self._notice(f"{begun} at {self._wanted.url} ({reason}); trying again")
                await self._wait(RETRY[min(self._failures, len(RETRY) - 1)])
                self._failures += 1

    async def _connect(self, client: httpx.AsyncClient) -> None:
        wanted = self._wanted
        query: dict[str, Any] = {"last": wanted.last, "filter": wanted.filter}
        headers = {HEADER.decode(): wanted.world, "Accept": "text/event-stream"}
        if wanted.token:
            headers["Authorization"] = f"Bearer {wanted.token}"
        if self._position:
            headers["Last-Event-ID"] = self._position
        async with client.stream("GET", f"{wanted.url.rstrip('/')}{PATH}", params=query, headers=headers) as answer:
            if answer.status_code != 200:
                raise ConfigError(refusal(answer.status_code, await answer.aread(), wanted.filter))
            if self._failures:
                self._notice(f"connected to {wanted.url}")
                self._failures = 0
            async for event in events(answer.aiter_bytes()):
                self._take(event)

    def _take(self, event: Event) -> None:
        if event.name == "ended":
            raise WorldGone(f"the world {self._wanted.world!r} was deleted")
        batch = BATCH.decode(event.data)
        if batch.reset:
            self._printed.clear()
            if self._position:
                self._notice("the journal begins anew")
        if batch.missed:
            self._notice(f"{batch.missed:,} exchanges were dropped by the journal before they could be shown")
        for row in batch.exchanges:
            if row.outcome != "open" and row.place not in self._printed:
                self._printed[row.place] = None
                if len(self._printed) > MAX_REMEMBERED:
                    del self._printed[next(iter(self._printed))]
                self._show(row)
        self._position = event.id


async def events(chunks: AsyncIterator[bytes]) -> AsyncIterator[Event]:
    """Yields the events of a stream. Lines end with a line feed, as the emulator writes them, and with nothing else."""
    rest, fields = b"", dict[bytes, bytes]()
    async for chunk in chunks:
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            name, _, value = line.rstrip(b"\r").partition(b": ")
            if name:
                fields[name] = value
                continue
            if b"data" in fields:
                yield Event(fields.get(b"id", b"").decode(), fields.get(b"event", b"").decode(), fields[b"data"])
            fields = {}


def refusal(status: int, body: bytes, filter: str) -> str:
    """Returns what a refusal says, with the place in the filter shown below it."""
    error = _error(body)
    hint = TOKEN_HINT if status == 403 and "token" in error.get("message", "") else error.get("hint", "")
    complaints = error.get("complaints") or []
    lines = [f"{each['file']}:{each['line']}:{each['column']}: {each['message']}" for each in complaints]
    if len(complaints) == 1:
        lines += _pointed_at(filter, complaints[0]["line"], complaints[0]["column"])
    lines = lines or [error.get("message") or f"the server answers {status}; is it an emulator of this version?"]
    return "\n".join([*lines, *([f"hint: {hint}"] if hint else [])])


def _error(body: bytes) -> Mapping[str, Any]:
    try:
        error: Mapping[str, Any] = json.loads(body)["error"]
        return error if isinstance(error, dict) else {}
    except (ValueError, KeyError, TypeError):
        return {}


def _pointed_at(text: str, line: int, column: int) -> list[str]:
    lines = text.split("\n")
    if not 0 < line <= len(lines) or not lines[line - 1].isprintable():
        return []
    return [f"  {lines[line - 1]}", f"  {' ' * (column - 1)}^"]
