"""Delivering: a reply goes out on the wire, each event when it is due, and what the client took of it is noted."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from typing import Protocol

from starlette.types import Receive, Send

from emulator.clock import Clock
from emulator.exchange import Exchange, Frame, Header, Reply

BODILESS = (204, 304)  # what would follow is taken for the next answer (RFC 9112 section 6.3)


class Wire(Protocol):
    """A server's shorter way to the socket."""

    def respond(self, status: int, lines: Iterable[Header], body: bytes, chunked: bool) -> bool: ...


async def deliver(reply: Reply, exchange: Exchange, clock: Clock, receive: Receive, send: Send) -> None:
    """Send a reply, and write into the exchange how that went."""
    if reply.frames is not None or reply.delay:
        await _Watched(exchange, clock, receive, send).deliver(reply)
        return
    await send({"type": "http.response.start", "status": reply.status, "headers": _lines(reply)})
    await send({"type": "http.response.body", "body": reply.body})
    _note(reply, exchange)


def respond(reply: Reply, exchange: Exchange, wire: Wire) -> bool:
    """Send a whole reply by the short way, if that is open."""
    if reply.closes or not wire.respond(reply.status, _lines(reply), reply.body, reply.events > 0):
        return False
    _note(reply, exchange)
    return True


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

    def __init__(self, exchange: Exchange, clock: Clock, receive: Receive, send: Send) -> None:
        self._exchange = exchange
        self._clock = clock
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
        """Frames that are due at the same time leave in one write; a late one does not delay those after it."""
        clock, exchange, at = self._clock, self._exchange, 0
        while at < len(frames):
            due = frames[at].due
            if due:
                await clock.sleep_until(begun + due)
            until = at + 1
            while until < len(frames) and frames[until].due <= due:
                until += 1
            data = frames[at].data if until == at + 1 else b"".join([frame.data for frame in frames[at:until]])
            await self._send({"type": "http.response.body", "body": data, "more_body": True})
            exchange.sent_events = until
            exchange.sent_bytes += len(data)
            at = until
