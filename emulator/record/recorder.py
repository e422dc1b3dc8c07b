"""The recorder: an application that passes each call on, and puts what is answered on the tape."""

from __future__ import annotations

import logging
from urllib.parse import quote

import httpx
from starlette.types import Receive, Send
from starlette.types import Scope as Connection

from emulator.app import Application
from emulator.errors import ApiError
from emulator.exchange import Exchange, Header, Incoming, Reply
from emulator.record.events import EventReader
from emulator.record.listen import Listener, Understood
from emulator.record.recorded import Answered, Recorded
from emulator.record.tape import Tape
from emulator.record.upstream import Upstreams
from emulator.record.worth import kept, passed_back, passed_on
from emulator.serving.body import ClientLeft, read
from emulator.serving.incoming import open_incoming

LOG = logging.getLogger("emulator")
PATIENCE = httpx.Timeout(300.0, connect=10.0)
EVENTS = "text/event-stream"


class Recorder:
    """Answers as the upstream does; what can't be passed on is refused in the API's own words."""

    def __init__(self, emulated: Application, api: str, upstreams: Upstreams, tape: Tape) -> None:
        self.tape = tape
        self._emulated = emulated
        self._upstreams = upstreams
        self._clock = emulated.clock
        self._listener = Listener(emulated, api, tape.hidden)
        self._client = httpx.AsyncClient(timeout=PATIENCE, trust_env=not upstreams.is_loopback)

    async def __call__(self, connection: Connection, receive: Receive, send: Send) -> None:
        if connection["type"] == "lifespan":
            await self._lifespan(receive, send)
            return
        incoming = open_incoming(connection)
        try:
            incoming.raw = await read(incoming, receive, self._emulated.settings.max_body)
        except ClientLeft:
            return
        except ApiError as error:
            await self._refuse(error, incoming, send)
            return
        understood = self._listener.understand(incoming)
        if understood.foreign:
            await self._refuse(ApiError("not_found", understood.foreign, hint=understood.foreign), incoming, send)
            return
        await self._pass_on(connection, incoming, understood, send)

    async def _pass_on(self, connection: Connection, incoming: Incoming, understood: Understood, send: Send) -> None:
        path = connection.get("raw_path") or quote(incoming.path).encode()
        url = self._upstreams.url(understood.host, path, connection["query_string"])
        headers = passed_on(connection["headers"])
        request = httpx.Request(incoming.method, url, headers=headers, content=incoming.raw or None)
        try:
            response = await self._client.send(request, stream=True)
            try:
                if response.headers.get("content-type", "").startswith(EVENTS):
                    await self._stream(response, understood, send)
                    return
                body = await response.aread()
            finally:
                await response.aclose()
        except httpx.HTTPError as error:
            await self._refuse(self._unreached(error, url), incoming, send)
            return
        body = self._moved(body, incoming.origin)
        self._keep(understood, response, body=body)
        lines = passed_back(response, [(origin, incoming.origin) for origin in self._upstreams.origins])
        await _send(Reply(response.status_code, lines, body), send)

    async def _stream(self, response: httpx.Response, understood: Understood, send: Send) -> None:
        """Pass the bytes on as they come; the answer's end waits until it is recorded."""
        reader, begun = EventReader(), self._clock.real()
        start = {"type": "http.response.start", "status": response.status_code, "headers": passed_back(response)}
        await send(start)
        try:
            async for chunk in response.aiter_bytes():
                reader.feed(chunk, self._clock.real() - begun)
                await send({"type": "http.response.body", "body": chunk, "more_body": True})
        except httpx.HTTPError as error:
            LOG.warning("%s is not recorded: its stream broke off (%s)", understood.name, _said(error))
            return  # without an end, so that the client's connection breaks off too
        if not (reader.exact and reader.whole):
            LOG.info("%s: the bytes of its events are written in another way when replayed", understood.name)
        self._keep(understood, response, reader=reader)
        await send({"type": "http.response.body", "body": b""})

    def _keep(
        self, understood: Understood, response: httpx.Response, body: bytes = b"", reader: EventReader | None = None
    ) -> None:
        if understood.asked is None:
            LOG.warning("%s is passed on and not recorded: %s", understood.name, understood.problem)
            return
        self._listener.learn(understood, response, body, reader)
        try:
            body.decode()
        except UnicodeDecodeError:
            LOG.warning("%s is passed on and not recorded: its body is no text", understood.name)
            return
        events = None if reader is None else tuple(reader.events)
        headers = kept(
            response, understood.generated, [(each, understood.asked.origin) for each in self._upstreams.origins]
        )
        answered = Answered(response.status_code, headers, body, events)
        if self.tape.add(Recorded(understood.asked, answered)):
            LOG.info("%s %s → %s", understood.name, response.status_code, self.tape.path.name)
        if understood.problem:
            LOG.warning("%s: %s", understood.name, understood.problem)

    def _moved(self, body: bytes, origin: str) -> bytes:
        """The body with the upstream's own URLs leading here, so that what is polled for is recorded as well."""
        for each in self._upstreams.origins:
            body = body.replace(b'"' + each.encode() + b"/", b'"' + origin.encode() + b"/")
        return body

    def _unreached(self, error: httpx.HTTPError, url: httpx.URL) -> ApiError:
        where = f"{url.scheme}://{url.netloc.decode()}"
        count = len(self.tape.exchanges)
        LOG.error("the upstream %s does not answer (%s); exchanges kept so far: %d", where, _said(error), count)
        hint = f"is --upstream right, and is it up? Exchanges kept in {self.tape.path.name} so far: {count}"
        message = f"The upstream {where} does not answer: {_said(error)}."
        return ApiError(self._listener.gateway, message, status=502, hint=hint)

    async def _refuse(self, error: ApiError, incoming: Incoming, send: Send) -> None:
        exchange = Exchange(0, self._clock.now(), incoming.method, incoming.path, incoming.query)
        await _send(self._listener.refuse(error, incoming, exchange), send)

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self._client.aclose()
        await self._emulated.close()
        await send({"type": "lifespan.shutdown.complete"})


def _said(error: httpx.HTTPError) -> str:
    return str(error) or type(error).__name__


async def _send(reply: Reply, send: Send) -> None:
    length: Header = (b"content-length", b"%d" % len(reply.body))
    lines = [(name.lower(), value) for name, value in reply.headers]
    await send({"type": "http.response.start", "status": reply.status, "headers": [*lines, length]})
    await send({"type": "http.response.body", "body": reply.body})
