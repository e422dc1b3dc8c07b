"""The connection: uvicorn's, with a shorter way for requests and answers that are whole.

A request that is there as a whole is answered where it is read: without the request cycle, event and task that uvicorn
makes for each, with status line, headers and body in one write, and with one keep-alive timer a connection instead of
one an answer. All else goes the way of ASGI.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from functools import lru_cache, partial
from typing import Any
from urllib.parse import unquote

import httptools
from starlette.types import Receive, Scope, Send
from uvicorn._types import ASGI3Application
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle

from emulator.engine.deliver import CHUNKS
from emulator.engine.deliver import LINE as LENT
from emulator.http import BODILESS, Header
from emulator.https.hosts import normalize_host
from emulator.https.proxy import HTTP, HTTPS, HttpsProxy, ProxyRefusal
from emulator.server.raw_socket import RawSocket
from emulator.server.tls import open_tunnel

TLS = b"\x16\x03"  # how a handshake begins (RFC 8446 section 5.1)
TLS_HERE = "a client spoke TLS where http:// is spoken; --tls-listen opens a port for https://"
Target = tuple[str, bytes, tuple[str, int] | None]


@lru_cache(maxsize=128)
def read_target(target: bytes) -> Target:
    """A request's target: the path, percent-decoded, the query, and host and port where it says them, as to a proxy.

    Clients ask for the same ones again and again.

    Raises httptools.HttpParserError or UnicodeDecodeError for one that can't be read.
    """
    url = httptools.parse_url(target)
    path = (url.path or b"/").decode("ascii")  # none is the same as `/` (RFC 9110 section 4.2.3)
    port = url.port or (HTTPS if url.schema and url.schema.lower() == b"https" else HTTP)
    proxied = (normalize_host(url.host.decode("ascii")), port) if url.host else None
    return unquote(path) if "%" in path else path, url.query or b"", proxied


def rooted(target: bytes) -> bytes:
    """An absolute target with a path, as uvicorn wants it: `http://host?query` becomes `http://host/?query`."""
    place, mark, query = target.partition(b"?")
    return target if place.count(b"/") > 2 else b"%b/%b%b" % (place, mark, query)


def named(target: bytes) -> bytes:
    """The Host header that an absolute target stands for: its host and port, without the user."""
    url = httptools.parse_url(target)
    host = b"[%b]" % url.host if b":" in url.host else url.host
    return b"%b:%d" % (host, url.port) if url.port else host


class ProxyingProtocol(HttpToolsProtocol):
    """uvicorn's connection, and what of it concerns proxies. `unasked` is told of a client that goes without asking."""

    unasked: Callable[[], None] | None = None
    _target: Target = ("", b"", None)
    _tunnel: bytes | None = None  # what a CONNECT wants to be led to
    _idle: asyncio.TimerHandle | None = None

    def _astray(self) -> Any:
        """What refuses a request that asks a proxy for another host, None for one that belongs here.

        The host of the target stands for that of the header (RFC 9112 section 3.2.2).
        """
        front = getattr(self.app, "front", None)
        proxied = self._target[2]
        if proxied is None:
            return None
        self.headers = [(b"host", named(self.url)), *(each for each in self.headers if each[0] != b"host")]
        return None if front is None or front.way(*proxied, self.server) is not None else front.refuse(*proxied)

    def _feed(self, data: bytes) -> None:
        """As uvicorn does, but for CONNECT."""
        self._unset_keepalive_if_required()
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserError:
            self.logger.warning(TLS_HERE if data.startswith(TLS) else "Invalid HTTP request received.")
            self.send_400_response("Invalid HTTP request received.")
        except httptools.HttpParserUpgrade as upgrade:
            if self._tunnel is None:
                self._unsupported_upgrade_warning()
            else:
                self._leave_for_tunnel(data[upgrade.args[0] :])

    def _leave_for_tunnel(self, early: bytes) -> None:
        """Give the socket away; what came behind the CONNECT is the tunnel's."""
        cycle: RequestResponseCycle | None = self.cycle
        front: HttpsProxy | None = getattr(self.app, "front", None)
        if front is None or self.scheme == "https" or (cycle is not None and not cycle.response_complete):
            self.send_400_response("CONNECT is not for here.")
            return
        self._stop_idle()
        way = front.judge((self._tunnel or b"").decode("latin-1"), self.server)
        if isinstance(way, ProxyRefusal):
            self.transport.write(way.raw())
            self.transport.close()
            return
        self.connections.discard(self)
        make = partial(type(self), self.config, self.server_state, self.app_state, self.loop)
        open_tunnel(front, way, early, self.transport, make, self.tasks)

    def connection_lost(self, exc: Exception | None) -> None:
        if self.unasked is not None and not hasattr(self, "url"):  # it is set when a request begins
            self.unasked()
        super().connection_lost(exc)
        self._stop_idle()

    def _stop_idle(self) -> None:
        if self._idle is not None:
            self._idle.cancel()
            self._idle = None


LONGEST = 65_536  # bytes of a head, and of a body that are waited for without the back-pressure of a request cycle
LINE = b": ".join  # a name and a value become a header line
LINES = b"\r\n".join


def _raising(error: Exception) -> Callable[[Scope, Receive, Send], Awaitable[None]]:
    """An application that only raises, so that uvicorn logs the error and answers 500."""

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        raise error

    return application


class HttpProtocol(ProxyingProtocol):
    """One client's connection, and for a request on the short way its wire."""

    _body: bytes | None = None  # what has come of the body of a request on the short way; None: it goes the long one
    _opened = True  # whether the head of the last request was whole
    _head = 0  # bytes of a head that is not
    _application: Any = None  # what answers a request that had to take the long way after all
    _idle_since = 0.0

    # ------------------------------------------------------------------ reading

    def on_message_begin(self) -> None:
        self.url = b""
        self.headers = []
        self._opened = False

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        self._opened = True
        parser = self.parser
        if parser.get_method() == b"CONNECT":
            self._tunnel = self.url
            return
        self._target = read_target(self.url)  # one that can't be read is an error of the parser here, and so a 400
        cycle: RequestResponseCycle | None = self.cycle
        if self._target[2] is not None and (refusal := self._astray()) is not None:
            self._application = refusal
            self._begin_cycle()
        elif (
            (cycle is None or cycle.response_complete)
            and parser.get_http_version() == "1.1"
            and parser.get_method() != b"HEAD"
            and not parser.should_upgrade()
        ):
            self._body = b""
        else:
            self._begin_cycle()

    def on_body(self, body: bytes) -> None:
        if self._body is None:
            super().on_body(body)
            return
        self._body += body
        if len(self._body) > LONGEST:
            self._lengthen(self.app)

    def on_message_complete(self) -> None:
        if self._tunnel is not None:
            return
        if self._body is None:
            super().on_message_complete()
            return
        later = self._answer(self._body)
        if later is not None:
            self._lengthen(later)
            super().on_message_complete()
        self._body = None

    def data_received(self, data: bytes) -> None:
        self._feed(data)
        if self._tunnel is not None:
            return
        if self._body is not None and self.transport.is_closing():  # what came was no HTTP
            self._body = None
        elif self._body is not None:  # the rest of it is still on the way
            self._lengthen(self.app)
        elif not self._opened:  # the rest of its head is
            self._head += len(data)
            if self._head > LONGEST:
                self.send_400_response("The head of the request is too long.")
        else:
            self._head = 0

    def _answer(self, body: bytes) -> Any:
        """Answer the request, or give the application that is to do it on the long way."""
        try_now = getattr(self.app, "try_now", None)
        if try_now is None:
            return self.app
        path, query, _ = self._target
        scope = {
            "method": self.parser.get_method().decode("ascii"),
            "path": path,
            "query_string": query,
            "headers": self.headers,
            "scheme": self.scheme,
            "server": self.server,
            "client": self.client,
        }
        try:
            return try_now(scope, body, self)
        except Exception as error:  # raised here, it would pass for a request that can't be read
            return _raising(error)

    def _lengthen(self, application: Any) -> None:
        """Go on the long way with what was read so far."""
        body, self._body = self._body, None
        self._application = application
        self._begin_cycle()
        if body:
            super().on_body(body)

    def _begin_cycle(self) -> None:
        """Give the head to uvicorn, as if its own callbacks had read it."""
        url, headers = self.url, self.headers
        super().on_message_begin()
        self.url = url if self._target[2] is None else rooted(url)
        self.headers += headers  # it stands in the scope
        self.expect_100_continue = any(
            name == b"expect" and value.lower() == b"100-continue" for name, value in headers
        )
        super().on_headers_complete()

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGI3Application) -> None:
        application, self._application = self._application, None
        extensions: dict[str, Any] = {
            CHUNKS: partial(self._write_chunk, cycle),
            LENT: partial(RawSocket, cycle, self.flow, self.loop),
        }
        cycle.scope["extensions"] = extensions
        super()._start_asgi_task(cycle, application or app)

    # ------------------------------------------------------------------ writing

    def respond(self, status: int, lines: Iterable[Header], body: bytes, chunked: bool) -> bool:
        """Send a whole answer, its body as one chunk if it is a stream (RFC 9112 section 7.1); `lines` is not empty.

        False when it must go the long way, because the socket is full or the client is gone.
        """
        transport = self.transport
        if self.flow.write_paused or transport.is_closing():
            return False
        keep_alive = self.parser.should_keep_alive()
        head = STATUS_LINE[status] + LINES(map(LINE, lines))
        end = b"\r\n\r\n" if keep_alive else b"\r\nconnection: close\r\n\r\n"
        if chunked:
            size = len(body)
            answer = b"%b\r\ntransfer-encoding: chunked%b%x\r\n%b\r\n0\r\n\r\n" % (head, end, size, body)
        elif status in BODILESS:
            answer = head + end
        else:
            answer = b"%b\r\ncontent-length: %d%b%b" % (head, len(body), end, body)
        transport.write(answer)
        if not keep_alive:
            transport.close()
        self.server_state.total_requests += 1
        self._rest()
        return True

    def _write_chunk(self, cycle: RequestResponseCycle, chunk: bytes) -> bool:
        """Write a chunk of the answer under way; see deliver.Write. What does not go in chunks is left to uvicorn."""
        if self.flow.write_paused or cycle.disconnected or not cycle.chunked_encoding:
            return False
        self.transport.write(b"%x\r\n%b\r\n" % (len(chunk), chunk))
        return True

    # ------------------------------------------------------------------ resting

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._unset_keepalive_if_required()
        self._rest()

    def _rest(self) -> None:
        """Note that the connection is idle from here; the timer looks at that when it fires, and is not set anew."""
        self._idle_since = self.loop.time()
        if self._idle is None:
            self._idle = self.loop.call_later(self.timeout_keep_alive, self._look)

    def _look(self) -> None:
        self._idle = None
        left = self._idle_since + self.timeout_keep_alive - self.loop.time()
        cycle: RequestResponseCycle | None = self.cycle
        if left > 0 or (cycle is not None and not cycle.response_complete):
            self._idle = self.loop.call_later(max(left, 1.0), self._look)
        else:
            self.timeout_keep_alive_handler()
