"""HTTP connection: uvicorn's, with a fast path for complete requests and responses.

A request whose head and body are complete is handled where it is read: without uvicorn's request cycle, event and task,
with status line, headers and body in one write (write_batch), and with one timer per connection (time_limits). The
rules:

- The fast path takes a request if HTTP/1.1, not HEAD, and no response is in progress on the connection.
- A request that arrives whole does not pass the parser if it begins like an earlier one (known_heads). If it needs
  time, the parser reads it after all, and it goes on through ASGI.
- The fast path falls back to ASGI when the body is incomplete or longer than MAX_BUFFERED, when the application needs
  time (`try_now` returns a continuation), or when the socket is full.
- What waits for a commit is postponed: the response is written later, and what the client sends meanwhile waits.
- `_body` is the state: bytes while the request is on the fast path, None once it goes through ASGI.
- A CONNECT leaves HTTP: `_tunnel` is its target, and the socket is given to `open_tunnel`.
- Any other offer to upgrade is ignored. The parser skips the body of a request that makes one, so the head is parsed
  again without it; `_offered` are the headers as they came, meanwhile.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

import httptools
from starlette.types import Receive, Scope, Send
from uvicorn._types import ASGI3Application
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, RequestResponseCycle

from emulator.clock.system_time import steady
from emulator.clock.world_clock import Clock
from emulator.engine.body import open_request
from emulator.engine.deliver import CHUNKS, RAW_SOCKET, REFUSE
from emulator.faults.raw_response import Outage
from emulator.http.headers import Header
from emulator.http.request import Peer, Request
from emulator.http.status import BODILESS
from emulator.https.proxy import HttpsProxy, ProxyRefusal
from emulator.server.close_delimited import CloseDelimited
from emulator.server.head import BadRequest, RequestTarget, check_head, host_header, plain_target, read_target
from emulator.server.known_heads import MAX_BUFFERED, whole_request
from emulator.server.postponed import PostponingProtocol
from emulator.server.raw_socket import RawSocket
from emulator.server.time_limits import ForgottenConnection, IdleLimit
from emulator.server.tls import open_tunnel

LOG = logging.getLogger("emulator")
TLS_PREFIX = b"\x16\x03"  # the first bytes of a handshake (RFC 8446 section 5.1)
LAST_CHUNK = b"\r\n0\r\n\r\n"  # with the end of the chunk before it (RFC 9112 section 7.1)
STEADY = steady()
TLS_HINT = "a client sent TLS to the http:// port; --tls-listen opens a port for https://"
join_header = b": ".join  # a name and a value become a header line
join_lines = b"\r\n".join


class ProxyingProtocol(PostponingProtocol):
    """uvicorn's connection with proxy requests."""

    _target = RequestTarget("", b"")
    _tunnel: bytes | None = None  # the target of a CONNECT
    _offered: list[Header] | None = None  # the headers of a request that offers to upgrade, while it is parsed again

    def _blocked(self) -> Any:
        """Returns the application that blocks a proxy request for a host that is not emulated, or None.

        The host of the target takes precedence over the Host header (RFC 9112 section 3.2.2).
        """
        proxy = getattr(self.app, "proxy", None)
        proxied = self._target.proxied
        if proxied is None:
            return None
        self.headers = [(b"host", host_header(self.url)), *(each for each in self.headers if each[0] != b"host")]
        return None if proxy is None or proxy.route(*proxied, self.server) is not None else proxy.block(*proxied)

    def _parse(self, data: bytes) -> None:
        """Parses data as uvicorn does, handles CONNECT, and ignores other upgrades (RFC 9110 section 7.8)."""
        self._unset_keepalive_if_required()
        try:
            while (rest := self._feed(data)) is not None:
                if self._tunnel is not None:
                    self._start_tunnel(rest)
                    return
                data = self._without_upgrade() + rest
        except httptools.HttpParserError as error:
            reason = error.__context__ if isinstance(error.__context__, BadRequest) else BadRequest(400, "not HTTP/1.1")
            self._refuse(reason, TLS_HINT if data.startswith(TLS_PREFIX) else None)

    def _feed(self, data: bytes) -> bytes | None:
        """Feeds the parser; returns what follows the head of a request that leaves HTTP or offers to, else None."""
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            return data[upgrade.args[0] :]
        return None

    def _without_upgrade(self) -> bytes:
        """Returns the head of the request that was just parsed, without its offer to upgrade, for a new parser."""
        self._offered = self.headers
        line = b"%b %b HTTP/%b" % (self.parser.get_method(), self.url, self.parser.get_http_version().encode())
        self.parser = httptools.HttpRequestParser(self)  # the old one reads nothing after `Connection: close`
        self.parser.set_dangerous_leniencies(lenient_data_after_close=True)
        return join_lines((line, *(join_header(each) for each in self.headers if each[0] != b"upgrade"), b"", b""))

    def _refuse(self, reason: BadRequest, warning: str | None = None) -> None:
        """Refuses what is no valid request and closes the connection, at once when a response is in progress."""
        if self.transport.is_closing():
            return
        if warning is None or warning:
            LOG.warning(warning or f"refused a request: {reason}")
        self.config.writes.flush()
        cycle: RequestResponseCycle | None = self.cycle
        if cycle is None or cycle.response_complete or (cycle.more_body and not cycle.response_started):
            head = b"%bcontent-type: text/plain; charset=utf-8\r\nconnection: close\r\n" % STATUS_LINE[reason.status]
            body = f"{reason}\n".encode()
            self.transport.write(b"%bcontent-length: %d\r\n\r\n%b" % (head, len(body), body))
        self.transport.close()

    def _start_tunnel(self, early: bytes) -> None:
        """Gives the socket to a tunnel, with the bytes that came after the CONNECT."""
        cycle: RequestResponseCycle | None = self.cycle
        proxy: HttpsProxy | None = getattr(self.app, "proxy", None)
        if proxy is None or self.scheme == "https" or (cycle is not None and not cycle.response_complete):
            self._refuse(BadRequest(400, "CONNECT is not possible here"), "")
            return
        self._stop_timer()
        self.config.writes.flush()
        route = proxy.connect((self._tunnel or b"").decode("latin-1"), self.server)
        if isinstance(route, ProxyRefusal):
            self.transport.write(route.raw())
            self.transport.close()
            return
        self.connections.discard(self)
        make = partial(type(self), self.config, self.server_state, self.app_state, self.loop)
        open_tunnel(proxy, route, early, self.transport, make, self.tasks)


def _raising(error: Exception) -> Callable[[Scope, Receive, Send], Awaitable[None]]:
    """Returns an application that raises the error, so that uvicorn logs it and responds with 500."""

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        raise error

    return application


class HttpProtocol(ProxyingProtocol):
    """One client's connection; for a request on the fast path also its FastPath."""

    _head_size = 0  # bytes of an incomplete head after the read that it began in; -1 during that read
    _framing_size: int | None = None  # bytes that are no content since a chunk began or ended: extensions, trailers
    _reading = False  # whether the parser is within a request
    _try_now: Any = None  # the application's way to answer at once, if it has one

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._try_now = getattr(self.app, "try_now", None)
        if self.client is not None:
            self.client = peer = Peer(self.client)
            peer.opened = STEADY()

    def eof_received(self) -> None:
        self._note_closed()
        self.config.writes.flush()
        super().eof_received()

    def connection_lost(self, exc: Exception | None) -> None:
        self._note_closed()
        super().connection_lost(exc)

    def shutdown(self) -> None:
        self.config.writes.flush()
        super().shutdown()

    def timeout_keep_alive_handler(self) -> None:
        self.config.writes.flush()
        super().timeout_keep_alive_handler()

    def _note_closed(self) -> None:
        if isinstance(self.client, Peer):
            self.client.closed = min(self.client.closed, STEADY())

    # ------------------------------------------------------------------ reading

    def on_message_begin(self) -> None:
        self._reading = True
        self.url = b""
        self.headers = []
        self._head_complete = False
        self._head_size = -1
        self._framing_size = None

    def on_header(self, name: bytes, value: bytes) -> None:
        if not self._head_complete:  # what follows the body is a trailer, and no header (RFC 9110 section 6.5.1)
            self.headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        self._head_complete = True
        self._framing_size = 0
        parser = self.parser
        if parser.get_method() == b"CONNECT":  # its target says all; a Host beside it is of no account
            self._tunnel = self.url
            return
        check_head(self.headers, parser.get_http_version())
        if parser.should_upgrade():
            return
        if self._offered is not None:
            self.headers, self._offered = self._offered, None
        self._target = read_target(self.url)  # an invalid one is an error of the parser here, and so a 400
        if self._target.proxied is not None and (refusal := self._blocked()) is not None:
            self._application = refusal
            self._begin_cycle()
        elif self._application is not None:
            self._begin_cycle()
        elif self._responded and parser.get_http_version() == "1.1" and parser.get_method() != b"HEAD":
            self._body = b""
        else:
            self._begin_cycle()

    def on_chunk_header(self) -> None:
        self._framing_size = 0

    def on_chunk_complete(self) -> None:
        self._framing_size = 0

    def on_body(self, body: bytes) -> None:
        self._framing_size = None
        if self._body is None:
            super().on_body(body)
            return
        self._body += body
        if len(self._body) > MAX_BUFFERED:
            self._use_asgi(self.app)

    def on_message_complete(self) -> None:
        self._reading = False
        if self.parser.should_upgrade():
            return
        if self._body is None:
            super().on_message_complete()
            return
        self._keep_alive = self.parser.should_keep_alive()
        application = self._answer_now(self._read_request(self._body))
        if application is not None:
            self._use_asgi(application)
            super().on_message_complete()
        self._body = None

    def data_received(self, data: bytes) -> None:
        if not self._reading and self._responded and (found := whole_request(data, self._last_head)) is not None:
            head, body = found
            self.url, self._keep_alive, self._last_head = head.url, True, head
            self._application = self._answer_now(head.request(body, self.scheme or "http", self.client))
            if self._application is None:
                return
        if self._postponed is not None:
            self._postponed.early += data
            self.flow.pause_reading()
            return
        if self._framing_size is not None:
            self._framing_size += len(data)  # unless this read has content, or another chunk
        self._parse(data)
        if self._tunnel is not None:
            return
        if self._body is not None and self.transport.is_closing():  # it was not HTTP
            self._body = None
        elif self._body is not None:  # the rest of the body is still to come
            self._use_asgi(self.app)
        elif not self._head_complete:  # the rest of the head is still to come
            if self._head_size < 0:
                self._head_since, self._head_size = self.loop.time(), 0
            else:
                self._head_size += len(data)
            if self._head_size > MAX_BUFFERED:
                self._refuse(BadRequest(400, f"the head is longer than {MAX_BUFFERED:,} bytes"))
        if self._framing_size is not None and self._framing_size > MAX_BUFFERED:
            self._refuse(BadRequest(400, f"chunk extensions or trailers are longer than {MAX_BUFFERED:,} bytes"))

    @property
    def _responded(self) -> bool:
        """Whether no response is in progress."""
        cycle: RequestResponseCycle | None = self.cycle
        return cycle is None or cycle.response_complete

    def _read_request(self, body: bytes) -> Request:
        """Returns the request that the parser has read."""
        path, query, _, scheme = self._target
        scope = {
            "method": self.parser.get_method().decode("ascii"),
            "path": path,
            "query_string": query,
            "headers": self.headers,
            "scheme": scheme or self.scheme,
            "server": self.server,
            "client": self.client,
        }
        return open_request(scope, body)

    def _answer_now(self, request: Request) -> Any:
        """Responds to the request and returns None, or returns the application that has to do it through ASGI."""
        if self._try_now is None:
            return self.app
        try:
            return self._try_now(request, self)
        except Exception as error:  # raised here, it would look like an invalid request
            return _raising(error)

    def _use_asgi(self, application: Any) -> None:
        """Continues through ASGI with what was read so far."""
        body, self._body = self._body, None
        self._application = application
        self._begin_cycle()
        if body:
            super().on_body(body)

    def _begin_cycle(self) -> None:
        """Passes the head to uvicorn, as if its own callbacks had read it."""
        url, headers = self.url, self.headers
        super().on_message_begin()
        self.url = plain_target(url)
        self.headers += headers  # the scope has this list
        self.expect_100_continue = any(
            name == b"expect" and value.lower() == b"100-continue" for name, value in headers
        )
        super().on_headers_complete()
        scope: Any = self.scope
        scope["path"], scope["scheme"] = self._target.path, self._target.scheme or self.scheme

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGI3Application) -> None:
        application, self._application = self._application, None
        extensions: dict[str, Any] = {
            CHUNKS: partial(self._write_chunk, cycle),
            RAW_SOCKET: partial(RawSocket, cycle, self.flow, self.loop, self),
            REFUSE: self,
        }
        cycle.scope["extensions"] = extensions
        app = application or app
        if cycle.scope["http_version"] == "1.0":
            app = CloseDelimited(app, cycle)
        super()._start_asgi_task(cycle, app)

    # ------------------------------------------------------------------ faults

    def forget(self, silence: float | None, clock: Clock) -> None:
        """Closes the connection after so many seconds of silence, or when the next request arrives."""
        if silence is None:
            self.transport.set_protocol(ForgottenConnection(self))
        else:
            self._idle_limit = IdleLimit(clock, silence, self._close_if_idle)

    def refuse(self, outage: Outage) -> None:
        """Lets the server refuse connections for a while."""
        self.config.writes.flush()
        self.config.ports.refuse(outage, self.server_state.connections)

    def describe(self, outage: Outage) -> str:
        """Returns how the server would refuse connections, in words."""
        return self.config.ports.describe(outage)

    # ------------------------------------------------------------------ writing

    def respond(self, status: int, head: str, body: bytes, chunked: bool) -> bool:
        """Sends a complete response, its body as one chunk if it is a stream (RFC 9112 section 7.1).

        `head` are the header lines. Returns False when the response must go through ASGI, because the socket is full or
        the client has disconnected.
        """
        transport = self.transport
        if self.flow.write_paused or transport.is_closing():
            return False
        end = "\r\n" if self._keep_alive else "connection: close\r\n\r\n"
        tail = b""
        if chunked:
            head, tail = f"{head}transfer-encoding: chunked\r\n{end}{len(body):x}\r\n", LAST_CHUNK
        elif status in BODILESS:
            head += end
        else:
            head = f"{head}content-length: {len(body)}\r\n{end}"
        self.config.writes.add(
            transport, b"".join((STATUS_LINE[status], head.encode("latin-1"), body, tail)), self.loop
        )
        if not self._keep_alive:
            self.config.writes.flush()
            transport.close()
        self._idle_since = self.loop.time()
        if self._timer is None or self._idle_limit is not None:
            self._start_idle()
        return True

    def _write_chunk(self, cycle: RequestResponseCycle, chunk: bytes) -> bool:
        """Writes a chunk of the response in progress; returns False for one that uvicorn has to send."""
        if self.flow.write_paused or cycle.disconnected or not cycle.chunked_encoding:
            return False
        self.transport.write(b"%x\r\n%b\r\n" % (len(chunk), chunk))
        return True
