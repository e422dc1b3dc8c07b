"""Recorder: an ASGI application that forwards every call to an upstream and records the exchange.

The steps of a call: read and parse the request (learning its secrets) → forward it → return the response while it
arrives if it is a stream or large, else when it is complete → record it, unless something makes that impossible. When
the upstream breaks off, so does the connection to the client; a stream is read on for `grace` seconds without a client.
"""

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
from emulator.clock.world_clock import Clock
from emulator.engine.body import ClientLeft, open_request, read
from emulator.engine.deliver import RAW_SOCKET, BorrowedSocket
from emulator.errors import ApiError
from emulator.http.headers import Header
from emulator.http.reply import Reply
from emulator.http.request import Request
from emulator.http.status import BODILESS
from emulator.language.document.reader import MAX_BYTES
from emulator.record.events import EventReader
from emulator.record.file import RecordingFile
from emulator.record.filter import RecordingFilter
from emulator.record.request import ParsedRequest, RequestReader
from emulator.record.upstream import Upstreams, client, describe, request_headers, response_headers, unreachable

TIMEOUT = httpx.Timeout(300.0, connect=10.0)
STREAM_GRACE_SECONDS = 2.0  # real seconds to read a stream on after its client left: many leave at the last event
EVENTS = "text/event-stream"
STATUSES = range(200, 600)
READABLE = frozenset({"", "identity", "gzip", "deflate"})  # encodings that httpx decodes without extra packages


class UpstreamCall(Struct, frozen=True):
    """Request in progress, and how to respond to its client; `disconnect` is done when the client has left."""

    request: Request
    parsed: ParsedRequest
    connection: Connection
    send: Send
    disconnect: asyncio.Task[float]

    def left(self, now: float, grace: float) -> bool:
        """Whether the client left more than `grace` real seconds ago, before it had everything."""
        return self.disconnect.done() and now - self.disconnect.result() > grace

    async def abort(self) -> None:
        """Closes the connection without the end of the response, as the upstream did."""
        raw_socket: BorrowedSocket = self.connection["extensions"][RAW_SOCKET]()
        await raw_socket.flush()
        raw_socket.end("close")


class SentTime:
    """The real time `at` which a request had been sent completely, in seconds of a steady clock.

    Waits of a stream count from there: name lookup, connection and TLS handshake belong to the first request of a
    connection, not to the response, and the emulator's own waits start when it has read the request.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.at = clock.real()

    async def trace(self, event: str, info: Mapping[str, Any]) -> None:
        """Notes the time; httpx calls this at each step of a request."""
        if event.endswith("send_request_body.complete"):
            self.at = self._clock.real()


class Recorder:
    """Responds as the upstream does; what can't be forwarded gets an error in the API's own shape.

    A stream is read on for `grace` real seconds after its client has left.
    """

    def __init__(
        self,
        emulated: Application,
        api: str,
        upstreams: Upstreams,
        recording_file: RecordingFile,
        timeout: httpx.Timeout = TIMEOUT,
        grace: float = STREAM_GRACE_SECONDS,
    ) -> None:
        self.recording_file = recording_file
        self._emulated = emulated
        self._grace = grace
        self._upstreams = upstreams
        self._clock = emulated.clock
        self._reader = RequestReader(emulated, api, recording_file.masker)
        self._filter = RecordingFilter(self._reader, recording_file, upstreams)
        self._client = client(upstreams, timeout)

    async def __call__(self, connection: Connection, receive: Receive, send: Send) -> None:
        if connection["type"] == "lifespan":
            await self._lifespan(receive, send)
            return
        request = open_request(connection)
        try:
            request.raw = await read(request, receive, self._emulated.settings.body_limit)
        except ClientLeft:
            return
        except ApiError as error:
            await self._send_error(error, request, send)
            return
        parsed = self._reader.parse(request)
        self.recording_file.mask_again()
        if parsed.refusal is not None:
            await self._send_error(parsed.refusal, request, send)
            return
        disconnect = asyncio.get_running_loop().create_task(self._wait_for_disconnect(receive))
        try:
            await self._forward(UpstreamCall(request, parsed, connection, send, disconnect))
        finally:
            disconnect.cancel()

    async def _wait_for_disconnect(self, receive: Receive) -> float:
        """Returns the real time at which the client leaves."""
        while (await receive())["type"] != "http.disconnect":
            pass
        return self._clock.real()

    async def _forward(self, call: UpstreamCall) -> None:
        request, connection = call.request, call.connection
        path = connection.get("raw_path") or quote(request.path).encode()
        url = self._upstreams.url(call.parsed.host, path, connection["query_string"])
        headers = request_headers(connection["headers"])
        sent = SentTime(self._clock)
        forwarded = httpx.Request(
            request.method, url, headers=headers, content=request.raw or None, extensions={"trace": sent.trace}
        )
        try:
            response = await self._client.send(forwarded, stream=True)
            try:
                end = await self._return(call, response, sent.at)
            finally:
                await response.aclose()
        except httpx.HTTPError as error:
            failure = unreachable(error, url, self._reader.gateway, self.recording_file)
            await self._send_error(failure, request, call.send)
            return
        if end is not None:
            await _send(end, request.method, call.send)

    async def _return(self, call: UpstreamCall, response: httpx.Response, started: float) -> Reply | None:
        """Returns the response for the client; a stream or large body is sent on while it arrives (None: it broke off).

        Raises HTTPError when the upstream breaks off before anything was sent on.
        """
        if response.status_code not in STATUSES:
            raise httpx.RemoteProtocolError(f"its status {response.status_code} is not valid in HTTP")
        readable = response.headers.get("content-encoding", "").strip().lower() in READABLE
        chunks = response.aiter_bytes() if readable else response.aiter_raw()
        origins = [(origin, call.request.origin) for origin in self._upstreams.origins]
        lines = response_headers(response, origins, plain=readable and call.request.method != "HEAD")
        streamed = response.headers.get("content-type", "").startswith(EVENTS)
        reader = EventReader() if streamed and readable else None
        unreadable = "" if readable else f"its encoding {response.headers['content-encoding']!r} was not requested"
        first = b"" if streamed else await _gather(chunks)
        if not streamed and len(first) <= MAX_BYTES:
            body = self._upstreams.replace_origins(first, call.request.origin) if readable else first
            self._filter.record(call.parsed, response, body, None, unreadable)
            return Reply(response.status_code, lines, body)
        await call.send({"type": "http.response.start", "status": response.status_code, "headers": lines})
        try:
            reason = await self._stream(call, chunks, first, reader, started)
        except httpx.HTTPError as error:
            reason = f"the upstream broke off ({describe(error)})"
            self._filter.record(call.parsed, response, b"", reader, reason)
            await call.abort()
            return None
        self._filter.record(call.parsed, response, b"", reader, unreadable or reason)
        return Reply(0, [])

    async def _stream(
        self, call: UpstreamCall, chunks: AsyncIterator[bytes], first: bytes, reader: EventReader | None, started: float
    ) -> str:
        """Sends on what arrives; returns why it can't be recorded, or an empty text."""
        if first:
            await call.send({"type": "http.response.body", "body": first, "more_body": True})
        async for chunk in chunks:
            now = self._clock.real()
            if call.left(now, self._grace):
                return "its client left before the end"
            if reader is not None:
                reader.feed(chunk, now - started)
            await call.send({"type": "http.response.body", "body": chunk, "more_body": True})
        return "" if reader is not None else f"its body has more than {MAX_BYTES >> 20} MiB"

    async def _send_error(self, error: ApiError, request: Request, send: Send) -> None:
        await _send(self._reader.refuse(error, request), request.method, send)

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self._client.aclose()
        await self._emulated.close()
        await send({"type": "lifespan.shutdown.complete"})


async def _gather(chunks: AsyncIterator[bytes]) -> bytes:
    """Reads a body, up to a little more than a recording can hold."""
    gathered = bytearray()
    async for chunk in chunks:
        gathered += chunk
        if len(gathered) > MAX_BYTES:
            break
    return bytes(gathered)


async def _send(reply: Reply, method: str, send: Send) -> None:
    """Sends a response, or the end of one that has started (status 0)."""
    if reply.status:
        lines: list[Header] = [(name.lower(), value) for name, value in reply.headers]
        if method != "HEAD" and reply.status not in BODILESS:
            lines = [line for line in lines if line[0] != b"content-length"]
            lines.append((b"content-length", b"%d" % len(reply.body)))
        await send({"type": "http.response.start", "status": reply.status, "headers": lines})
    await send({"type": "http.response.body", "body": reply.body})
