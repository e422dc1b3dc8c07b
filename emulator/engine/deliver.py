"""Delivers replies: sends each event when it is due, and counts in the exchange what was sent."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Sequence
from functools import partial
from typing import Any, Protocol

from starlette.types import Receive, Scope, Send

from emulator.clock.timers import Timer
from emulator.clock.world_clock import Clock
from emulator.engine.exchange_log import ExchangeLog
from emulator.faults.raw_response import Outage, RawResponse, Segment, raw_response
from emulator.http.exchange import Exchange
from emulator.http.headers import Header, write_lines
from emulator.http.reply import Frame, Reply
from emulator.http.status import BODILESS

CHUNKS = "emulator.chunks"  # the ASGI extension by which a server offers to write chunks; its value is of type Write

Write = Callable[[bytes], bool]
"""Writes a chunk of the answer under way at once; False when nothing was written, and `send` has to be awaited."""

Continuation = Callable[[Scope, Receive, Send], Awaitable[None]]
Serve = Callable[[Continuation, Scope, Receive, Send], Awaitable[None]]
Deliver = Callable[[Reply, Exchange, Scope, Receive, Send], Awaitable[None]]


class FastPath(Protocol):
    """A server's direct way to the socket; it adds the length of the body itself."""

    def respond(self, status: int, head: str, body: bytes, chunked: bool) -> bool: ...

    def can_postpone(self) -> bool: ...

    def postpone(self, body: bytes) -> None: ...

    def resume(self, application: Any = None) -> bool: ...


async def deliver(reply: Reply, exchange: Exchange, clock: Clock, scope: Scope, receive: Receive, send: Send) -> None:
    """Sends a reply, and records in the exchange what was sent and how it ended."""
    if reply.wire_edits:
        await watched(_perform(reply, exchange, clock, scope), exchange, receive)
        return
    if exchange.method == "HEAD":
        await _deliver_head(reply, exchange, clock, receive, send)
        return
    if reply.frames is not None or reply.delay:
        write: Write = scope.get("extensions", {}).get(CHUNKS, _never)
        await watched(_Timed(exchange, clock, write, send).deliver(reply), exchange, receive)
        return
    await send({"type": "http.response.start", "status": reply.status, "headers": _lines(reply)})
    await send({"type": "http.response.body", "body": reply.body})
    exchange.sent_events, exchange.sent_bytes, exchange.outcome = reply.events, len(reply.body), "complete"


async def _deliver_head(reply: Reply, exchange: Exchange, clock: Clock, receive: Receive, send: Send) -> None:
    """Sends what a response begins with; what it would hold is neither sent nor waited for."""
    if reply.delay:
        await watched(clock.sleep_until(_begun(exchange, clock) + reply.delay), exchange, receive)
        if exchange.outcome == "left":
            return
    await send({"type": "http.response.start", "status": reply.status, "headers": _lines(reply)})
    await send({"type": "http.response.body", "body": b""})
    exchange.outcome = "complete"


def respond(reply: Reply, exchange: Exchange, wire: FastPath) -> bool:
    """Sends a complete reply through the server's fast path; returns False when that is not possible."""
    body, events = reply.body, reply.events
    head = reply.head + write_lines(reply.lines) if reply.lines else reply.head
    if reply.closes or not wire.respond(reply.status, head, body, events > 0):
        return False
    exchange.sent_events, exchange.sent_bytes, exchange.outcome = events, len(body), "complete"
    return True


def note_whole(reply: Reply, exchange: Exchange) -> bool:
    """Records in the exchange that its reply was sent, if that leaves in one write; returns whether it does."""
    if reply.delay or reply.frames is not None or reply.wire_edits or reply.closes:
        return False
    exchange.sent_events, exchange.sent_bytes, exchange.outcome = reply.events, len(reply.body), "complete"
    return True


def answer_postponed(
    exchanges: ExchangeLog,
    deliver: Deliver,
    serve: Serve,
    wire: FastPath,
    decided: tuple[Reply, Exchange] | None,
    error: Exception | None,
) -> None:
    """Answers a postponed request, whose unit of work was committed or has failed with an error.

    A reply that needs time is delivered through ASGI, as all are that `serve` serves.
    """
    if decided is None:
        wire.resume(partial(serve, partial(_fail, error or RuntimeError("nothing was decided"))))
        return
    reply, exchange = decided
    if exchange.outcome == "open":
        if not wire.resume(partial(serve, partial(deliver, reply, exchange))):
            exchange.outcome = "left"
            exchanges.finish(exchange)
        return
    if wire.resume():
        respond(reply, exchange, wire)
    if exchange.allowance is not None:
        exchanges.release(exchange)


async def _fail(error: Exception, scope: Scope, receive: Receive, send: Send) -> None:
    """Fails where the server expects it."""
    raise error


def _never(chunk: bytes) -> bool:
    return False


def _lines(reply: Reply) -> list[Header]:
    """Returns the header lines; a body has a length, a stream is chunked (RFC 9112)."""
    if reply.events or reply.status in BODILESS:
        return reply.headers
    length = (b"content-length", b"%d" % len(reply.body))
    return [*reply.headers, length, (b"connection", b"close")] if reply.closes else [*reply.headers, length]


def _begun(exchange: Exchange, clock: Clock) -> float:
    """Returns when a response begins: when it came to stand in the journal, whatever the clock shows now."""
    return clock.now() if exchange.begun is None else exchange.begun


async def watched(delivery: Coroutine[Any, Any, None], exchange: Exchange, receive: Receive) -> None:
    """Runs a delivery that takes time, and ends it early when the client leaves."""
    watch = _Watch(receive)
    try:
        await delivery
    except asyncio.CancelledError:
        if not watch.left:
            exchange.outcome = "stopped"
            raise
        watch.forgive()
        exchange.outcome = "left"
    finally:
        watch.end()


class _Watch:
    """Wakes the task that made it when the client leaves; otherwise the task would sleep until the next event."""

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._task = asyncio.current_task()
        self._watching = asyncio.get_running_loop().create_task(self._watch())
        self.left = False

    def forgive(self) -> None:
        """Lets the task go on: it was woken, not cancelled."""
        if self._task is not None:
            self._task.uncancel()

    def end(self) -> None:
        """Stops watching."""
        self._watching.cancel()

    async def _watch(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass
        self.left = True
        if self._task is not None:
            self._task.cancel()


async def _perform(reply: Reply, exchange: Exchange, clock: Clock, scope: Scope) -> None:
    """Sends a reply that faults have changed, byte for byte."""
    begun = _begun(exchange, clock)
    line: BorrowedSocket = scope["extensions"][RAW_SOCKET]()
    raw = raw_response(reply, scope["method"], scope["http_version"], line.keep_alive)
    for edit in reply.wire_edits:
        edit(raw)
    await send_raw(raw, begun + reply.delay, exchange, clock, line)


class _Timed:
    """A delivery that takes time."""

    def __init__(self, exchange: Exchange, clock: Clock, write: Write, send: Send) -> None:
        self._exchange = exchange
        self._clock = clock
        self._write = write
        self._send = send

    async def deliver(self, reply: Reply) -> None:
        """Sends the reply when it is due, and each event when it is due."""
        begun = _begun(self._exchange, self._clock)
        if reply.delay:
            await self._clock.sleep_until(begun + reply.delay)
        await self._send({"type": "http.response.start", "status": reply.status, "headers": _lines(reply)})
        if reply.frames is None:
            await self._send({"type": "http.response.body", "body": reply.body})
            self._exchange.sent_bytes = len(reply.body)
        else:
            await self._paced(reply.frames, begun + reply.delay)
            await self._send({"type": "http.response.body", "body": b""})
        self._exchange.outcome = "complete"

    async def _paced(self, frames: Sequence[Frame], begun: float) -> None:
        playing = _Playing(frames, begun, self._clock, self._exchange, self._write)
        while (chunk := await playing.play()) is not None:
            await self._send({"type": "http.response.body", "body": chunk, "more_body": True})
            playing.sent(chunk, self._clock.now())


class _Playing:
    """The events of one stream: the clock calls back when one is due, and the callback writes it.

    No task is woken and nothing awaited for an event, which would cost more than its write. Events that are due at the
    same time share a chunk; a late one does not delay those after it.
    """

    def __init__(self, frames: Sequence[Frame], begun: float, clock: Clock, exchange: Exchange, write: Write) -> None:
        self._frames = frames
        self._begun = begun
        self._clock = clock
        self._exchange = exchange
        self._write = write
        self._at = self._until = 0  # events sent, and those with the chunk under way
        self._noted = _begin(exchange, begun)
        self._timer: Timer | None = None
        self._stopped: asyncio.Future[bytes | None]

    async def play(self) -> bytes | None:
        """Writes each chunk when it is due; returns one that has to be sent through ASGI, and None at the end."""
        self._stopped = asyncio.get_running_loop().create_future()
        try:
            self._next()
            return await self._stopped
        finally:
            if self._timer is not None:
                self._timer.cancel()

    def sent(self, chunk: bytes, now: float) -> None:
        """Counts the current chunk as sent."""
        self._at = self._exchange.sent_events = self._until
        self._exchange.sent_bytes += len(chunk)
        self._noted.append((self._until, now - self._begun))

    def _next(self) -> None:
        """Writes what is due, and sets a timer for what follows."""
        frames, now = self._frames, self._clock.now()
        while not self._stopped.done():  # it is done when the client leaves at this very moment
            if self._at == len(frames):
                self._stopped.set_result(None)
            elif (due := self._begun + frames[self._at].due) > now:
                self._timer = self._clock.call_at(due, self._next)
                return
            elif self._write(chunk := self._take()):
                self.sent(chunk, now)
            else:
                self._stopped.set_result(chunk)

    def _take(self) -> bytes:
        """Returns the next event, with those that are due at the same time."""
        frames, at = self._frames, self._at
        until, due = at + 1, frames[at].due
        while until < len(frames) and frames[until].due <= due:
            until += 1
        self._until = until
        return frames[at].data if until == at + 1 else b"".join([frame.data for frame in frames[at:until]])


RAW_SOCKET = (
    "emulator.server.raw_socket"  # the ASGI extension by which a server lends its socket; its value makes a RawSocket
)
REFUSE = "emulator.server.refuse"  # another one: the connection, which lets the server refuse others for a while

GAP = 0.001  # real seconds between two segments
KEPT = ("keep", "forget")  # endings after which the connection is there
MAX_GAPS = 1_000  # with more segments than that there are no gaps between those that are due together


class BorrowedSocket(Protocol):
    """The socket of one answer. Whoever borrows it writes the whole answer, head and all."""

    keep_alive: bool

    def begin(self) -> None:
        """Take over: nothing else writes from here on."""

    async def write(self, data: bytes) -> None:
        """Writes when there is room."""

    async def gap(self, seconds: float) -> None:
        """Let what was written leave by itself; in so many real seconds, most clients have read it."""

    async def flush(self) -> None:
        """Wait until the client's machine has all that was written."""

    def forget(self, silence: float | None, clock: Clock) -> None:
        """Close the connection after so many seconds of silence, or when the next request arrives; call it first."""

    def refuse(self, outage: Outage) -> None:
        """Let the server refuse connections for a while."""

    def end(self, how: str) -> None:
        """`keep` the connection for the next request, or `forget` it, `close` it or `reset` it."""


async def send_raw(raw: RawResponse, begun: float, exchange: Exchange, clock: Clock, line: BorrowedSocket) -> None:
    """Sends the segments, then ends the connection as the raw response says, once everything has reached the client."""
    line.begin()
    noted = _begin(exchange, begun)
    gap = GAP if len(raw.segments) <= MAX_GAPS else 0.0
    if begun > clock.now():
        await clock.sleep_until(begun)
    for together in _runs(raw.segments):
        if (due := begun + together[0].due) > clock.now():
            await clock.sleep_until(due)
        await line.write(b"".join(part.data for part in together))
        if together[-1].apart:
            await line.gap(gap)
        exchange.sent_events += sum(part.events for part in together)
        noted.append((exchange.sent_events, clock.now() - begun))
        exchange.sent_bytes += sum(part.size for part in together)
    if raw.ending not in KEPT or raw.wait != 0.0:
        await line.flush()
        await _wait(raw.wait, begun + raw.last, clock)
    if raw.outage is not None:
        line.refuse(raw.outage)
    elif raw.ending == "forget":
        line.forget(raw.silence, clock)
    line.end(raw.ending)
    exchange.outcome = "complete" if raw.whole else "cut"


def _begin(exchange: Exchange, begun: float) -> list[tuple[int, float]]:
    """Notes when a response begins; returns the list for what is sent of it, which goes nowhere without a schedule."""
    if exchange.schedule is None:
        return []
    exchange.schedule.begun = begun
    return exchange.schedule.sent


async def _wait(seconds: float | None, since: float, clock: Clock) -> None:
    if seconds is None:
        await asyncio.get_running_loop().create_future()
    elif seconds:
        await clock.sleep_until(since + seconds)


def _runs(parts: list[Segment]) -> Iterator[list[Segment]]:
    """Parts that are due together leave in one write, but for those that go apart."""
    run: list[Segment] = []
    for part in parts:
        if run and (part.apart or run[-1].apart or part.due > run[0].due):
            yield run
            run = []
        run.append(part)
    if run:
        yield run
