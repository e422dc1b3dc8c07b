"""Delivering: a reply goes out on the wire, each event when it is due, and what the client took of it is noted."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

from starlette.types import Receive, Scope, Send

from emulator.clock import Clock, Timer
from emulator.exchange import BODILESS, Exchange, Frame, Header, Reply

CHUNKS = "emulator.chunks"  # the ASGI extension by which a server offers to write chunks; its value is of type Write

Write = Callable[[bytes], bool]
"""Writes a chunk of the answer under way at once; False when nothing was written, and `send` has to be awaited."""


class Wire(Protocol):
    """A server's shorter way to the socket, which says itself how long a body is."""

    def respond(self, status: int, lines: Iterable[Header], body: bytes, chunked: bool) -> bool: ...


async def deliver(
    reply: Reply, exchange: Exchange, clock: Clock, connection: Scope, receive: Receive, send: Send
) -> None:
    """Send a reply, and write into the exchange how that went."""
    if reply.frames is not None or reply.delay:
        write: Write = connection.get("extensions", {}).get(CHUNKS, _never)
        await _Watched(exchange, clock, write, receive, send).deliver(reply)
        return
    await send({"type": "http.response.start", "status": reply.status, "headers": _lines(reply)})
    await send({"type": "http.response.body", "body": reply.body})
    _note(reply, exchange)


def respond(reply: Reply, exchange: Exchange, wire: Wire) -> bool:
    """Send a whole reply by the short way, if that is open."""
    if reply.closes or not wire.respond(reply.status, reply.headers, reply.body, reply.events > 0):
        return False
    _note(reply, exchange)
    return True


def _never(chunk: bytes) -> bool:
    return False


def _note(reply: Reply, exchange: Exchange) -> None:
    exchange.sent_events = reply.events
    exchange.sent_bytes = len(reply.body)
    exchange.outcome = "complete"


def _lines(reply: Reply) -> list[Header]:
    """The header lines; a body says how long it is, a stream goes in chunks (RFC 9112)."""
    if reply.events or reply.status in BODILESS:
        return reply.headers
    length = (b"content-length", b"%d" % len(reply.body))
    return [*reply.headers, length, (b"connection", b"close")] if reply.closes else [*reply.headers, length]


class _Watched:
    """A delivery that takes time, and ends early when the client leaves."""

    def __init__(self, exchange: Exchange, clock: Clock, write: Write, receive: Receive, send: Send) -> None:
        self._exchange = exchange
        self._clock = clock
        self._write = write
        self._receive = receive
        self._send = send
        self._left = False
        self._task = asyncio.current_task()

    async def deliver(self, reply: Reply) -> None:
        watch = asyncio.get_running_loop().create_task(self._watch())
        try:
            await self._all(reply)
            self._exchange.outcome = "complete"
        except asyncio.CancelledError:
            if not self._left or self._task is None:
                self._exchange.outcome = "stopped"
                raise
            self._task.uncancel()
            self._exchange.outcome = "left"
        finally:
            watch.cancel()

    async def _watch(self) -> None:
        """Wake the delivery when the client goes; without this, it would sleep on until the next event."""
        while (await self._receive())["type"] != "http.disconnect":
            pass
        self._left = True
        if self._task is not None:
            self._task.cancel()

    async def _all(self, reply: Reply) -> None:
        begun = self._clock.now()
        if reply.delay:
            await self._clock.sleep_until(begun + reply.delay)
        await self._send({"type": "http.response.start", "status": reply.status, "headers": _lines(reply)})
        if reply.frames is None:
            await self._send({"type": "http.response.body", "body": reply.body})
            self._exchange.sent_bytes = len(reply.body)
            return
        await self._paced(reply.frames, begun + reply.delay)
        await self._send({"type": "http.response.body", "body": b""})

    async def _paced(self, frames: Sequence[Frame], begun: float) -> None:
        playing = _Playing(frames, begun, self._clock, self._exchange, self._write)
        while (chunk := await playing.play()) is not None:
            await self._send({"type": "http.response.body", "body": chunk, "more_body": True})
            playing.sent(chunk)


class _Playing:
    """The events of one stream on their way: the clock calls when one is due, and it is written there and then.

    Neither a task is woken nor anything awaited for an event, which would cost more than its write. Events that are due
    at the same time share a chunk; a late one does not delay those after it.
    """

    def __init__(self, frames: Sequence[Frame], begun: float, clock: Clock, exchange: Exchange, write: Write) -> None:
        self._frames = frames
        self._begun = begun
        self._clock = clock
        self._exchange = exchange
        self._write = write
        self._at = self._until = 0  # events sent, and those with the chunk under way
        self._timer: Timer | None = None
        self._stopped: asyncio.Future[bytes | None]

    async def play(self) -> bytes | None:
        """Write each chunk when it is due; gives one that can't be written, to be sent, and None at the end."""
        self._stopped = asyncio.get_running_loop().create_future()
        try:
            self._next()
            return await self._stopped
        finally:
            if self._timer is not None:
                self._timer.cancel()

    def sent(self, chunk: bytes) -> None:
        """Note that the chunk under way has left."""
        self._at = self._exchange.sent_events = self._until
        self._exchange.sent_bytes += len(chunk)

    def _next(self) -> None:
        """Write what is due, and come back for what follows it."""
        frames, now = self._frames, self._clock.now()
        while not self._stopped.done():  # it is when the client leaves in the same moment
            if self._at == len(frames):
                self._stopped.set_result(None)
            elif (due := self._begun + frames[self._at].due) > now:
                self._timer = self._clock.call_at(due, self._next)
                return
            elif self._write(chunk := self._take()):
                self.sent(chunk)
            else:
                self._stopped.set_result(chunk)

    def _take(self) -> bytes:
        """The next event, with those that are due together with it."""
        frames, at = self._frames, self._at
        until, due = at + 1, frames[at].due
        while until < len(frames) and frames[until].due <= due:
            until += 1
        self._until = until
        return frames[at].data if until == at + 1 else b"".join([frame.data for frame in frames[at:until]])
