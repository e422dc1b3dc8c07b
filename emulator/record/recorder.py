"""The recorder: an application that passes each call on, and puts what is answered on the tape."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import Any
from urllib.parse import quote

import httpx
from msgspec import Struct
from starlette.types import Receive, Send
from starlette.types import Scope as Connection

from emulator.app import Application
from emulator.clock import Clock
from emulator.engine.body import ClientLeft, open_request, read
from emulator.engine.deliver import RAW_SOCKET, BorrowedSocket
from emulator.errors import ApiError
from emulator.http import BODILESS, Header, Reply, Request
from emulator.language.document.reader import MOST_BYTES
from emulator.record.events import EventReader
from emulator.record.file import RecordingFile
from emulator.record.filter import RecordingFilter
from emulator.record.request import RequestReader, Understood
from emulator.record.upstream import Upstreams, client, passed_back, passed_on, said, unreached

PATIENCE = httpx.Timeout(300.0, connect=10.0)
GRACE = 2.0  # real seconds for which a stream is read on without a client: many leave at the last event
EVENTS = "text/event-stream"
STATUSES = range(200, 600)
READABLE = frozenset({"", "identity", "gzip", "deflate"})  # encodings that httpx reads whatever else is installed


class UpstreamCall(Struct, frozen=True):
    """One request on its way, and how its client is answered; `leaving` is done when the client has left."""

    incoming: Request
    understood: Understood
    connection: Connection
    send: Send
    leaving: asyncio.Task[float]

    def left(self, now: float, grace: float) -> bool:
        """Whether the client left so long ago, more than `grace` real seconds, that it wanted no more."""
        return self.leaving.done() and now - self.leaving.result() > grace

    async def break_off(self) -> None:
        """End the connection without the answer's end, as the upstream did."""
        line: BorrowedSocket = self.connection["extensions"][RAW_SOCKET]()
        await line.flush()
        line.end("close")


class Sent:
    """The real moment `at` which a request was on its way as a whole.

    Waits of a stream count from there: looking up a name, connecting and the TLS handshake belong to the first request
    of a connection, not to the answer, and the emulator's own waits begin when it has read the request.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.at = clock.real()

    async def trace(self, event: str, info: Mapping[str, Any]) -> None:
        """Note the moment; httpx calls this at each step of a request."""
        if event.endswith("send_request_body.complete"):
            self.at = self._clock.real()


class Recorder:
    """Answers as the upstream does; what can't be passed on is refused in the API's own words.

    `grace`: for so many real seconds a stream is read on without its client.
    """

    def __init__(
        self,
        emulated: Application,
        api: str,
        upstreams: Upstreams,
        tape: RecordingFile,
        patience: httpx.Timeout = PATIENCE,
        grace: float = GRACE,
    ) -> None:
        self.tape = tape
        self._emulated = emulated
        self._grace = grace
        self._upstreams = upstreams
        self._clock = emulated.clock
        self._listener = RequestReader(emulated, api, tape.masker)
        self._keeper = RecordingFilter(self._listener, tape, upstreams)
        self._client = client(upstreams, patience)

    async def __call__(self, connection: Connection, receive: Receive, send: Send) -> None:
        if connection["type"] == "lifespan":
            await self._lifespan(receive, send)
            return
        incoming = open_request(connection)
        try:
            incoming.raw = await read(incoming, receive, self._emulated.settings.max_body)
        except ClientLeft:
            return
        except ApiError as error:
            await self._refuse(error, incoming, send)
            return
        understood = self._listener.understand(incoming)
        self.tape.hide()
        if understood.foreign:
            await self._refuse(ApiError("not_found", understood.foreign, hint=understood.foreign), incoming, send)
            return
        leaving = asyncio.get_running_loop().create_task(self._leaving(receive))
        try:
            await self._pass_on(UpstreamCall(incoming, understood, connection, send, leaving))
        finally:
            leaving.cancel()

    async def _leaving(self, receive: Receive) -> float:
        """The real moment at which the client leaves."""
        while (await receive())["type"] != "http.disconnect":
            pass
        return self._clock.real()

    async def _pass_on(self, call: UpstreamCall) -> None:
        incoming, connection = call.incoming, call.connection
        path = connection.get("raw_path") or quote(incoming.path).encode()
        url = self._upstreams.url(call.understood.host, path, connection["query_string"])
        headers = passed_on(connection["headers"])
        sent = Sent(self._clock)
        request = httpx.Request(
            incoming.method, url, headers=headers, content=incoming.raw or None, extensions={"trace": sent.trace}
        )
        try:
            response = await self._client.send(request, stream=True)
            try:
                end = await self._pass_back(call, response, sent.at)
            finally:
                await response.aclose()
        except httpx.HTTPError as error:
            failure = unreached(error, url, self._listener.gateway, self.tape)
            await self._refuse(failure, incoming, call.send)
            return
        if end is not None:
            await _send(end, incoming.method, call.send)

    async def _pass_back(self, call: UpstreamCall, response: httpx.Response, begun: float) -> Reply | None:
        """Pass on what comes as it comes if it is a stream or large. Gives what is left to be sent then; None: nothing.

        Raises HTTPError when the upstream breaks off before anything was passed on.
        """
        if response.status_code not in STATUSES:
            raise httpx.RemoteProtocolError(f"its status is {response.status_code}, which HTTP has not")
        readable = response.headers.get("content-encoding", "").strip().lower() in READABLE
        chunks = response.aiter_bytes() if readable else response.aiter_raw()
        moves = [(origin, call.incoming.origin) for origin in self._upstreams.origins]
        lines = passed_back(response, moves, plain=readable and call.incoming.method != "HEAD")
        streamed = response.headers.get("content-type", "").startswith(EVENTS)
        reader = EventReader() if streamed and readable else None
        foreign = "" if readable else f"it comes in {response.headers['content-encoding']!r}, which was not asked for"
        first = b"" if streamed else await _gather(chunks)
        if not streamed and len(first) <= MOST_BYTES:
            body = self._upstreams.moved(first, call.incoming.origin) if readable else first
            self._keeper.keep(call.understood, response, body, None, foreign)
            return Reply(response.status_code, lines, body)
        await call.send({"type": "http.response.start", "status": response.status_code, "headers": lines})
        try:
            reason = await self._stream(call, chunks, first, reader, begun)
        except httpx.HTTPError as error:
            broken = f"the upstream broke off ({said(error)})"
            self._keeper.keep(call.understood, response, b"", reader, broken)
            await call.break_off()
            return None
        self._keeper.keep(call.understood, response, b"", reader, foreign or reason)
        return Reply(0, [])

    async def _stream(
        self, call: UpstreamCall, chunks: AsyncIterator[bytes], first: bytes, reader: EventReader | None, begun: float
    ) -> str:
        """Pass on what comes. Gives why it can't be recorded, or nothing."""
        if first:
            await call.send({"type": "http.response.body", "body": first, "more_body": True})
        async for chunk in chunks:
            now = self._clock.real()
            if call.left(now, self._grace):
                return "its client left before the end"
            if reader is not None:
                reader.feed(chunk, now - begun)
            await call.send({"type": "http.response.body", "body": chunk, "more_body": True})
        return "" if reader is not None else f"its body has more than {MOST_BYTES >> 20} MiB"

    async def _refuse(self, error: ApiError, incoming: Request, send: Send) -> None:
        await _send(self._listener.refuse(error, incoming), incoming.method, send)

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self._client.aclose()
        await self._emulated.close()
        await send({"type": "lifespan.shutdown.complete"})


async def _gather(chunks: AsyncIterator[bytes]) -> bytes:
    """A body, or what is more of it than a recording can have."""
    gathered = bytearray()
    async for chunk in chunks:
        gathered += chunk
        if len(gathered) > MOST_BYTES:
            break
    return bytes(gathered)


async def _send(reply: Reply, method: str, send: Send) -> None:
    """Send an answer, or the end of one that has begun (status 0)."""
    if reply.status:
        lines: list[Header] = [(name.lower(), value) for name, value in reply.headers]
        if method != "HEAD" and reply.status not in BODILESS:
            lines = [line for line in lines if line[0] != b"content-length"]
            lines.append((b"content-length", b"%d" % len(reply.body)))
        await send({"type": "http.response.start", "status": reply.status, "headers": lines})
    await send({"type": "http.response.body", "body": reply.body})
