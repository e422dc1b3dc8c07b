"""The connection: uvicorn's, with a shorter way for requests and answers that are whole.

A request that is there as a whole is answered where it is read: without the request cycle, event and task that uvicorn
makes for each, with status line, headers and body in one write, and with one keep-alive timer a connection instead of
one an answer. All else goes the way of ASGI.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import Any
from urllib.parse import unquote

import httptools
from starlette.types import Receive, Scope, Send
from uvicorn._types import ASGI3Application
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle

from emulator.exchange import Header

LONGEST = 65_536  # bytes of a head, and of a body that are waited for without the back-pressure of a request cycle


def _raising(error: Exception) -> Callable[[Scope, Receive, Send], Awaitable[None]]:
    """An application that only raises, so that uvicorn logs the error and answers 500."""

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        raise error

    return application


class Connection(HttpToolsProtocol):
    """One client's connection, and for a request on the short way its wire."""

    _body: bytes | None = None  # what has come of the body of a request on the short way; None: it goes the long one
    _opened: Any = None  # the scope of the last request whose head was whole
    _head = 0  # bytes of a head that is not
    _application: Any = None  # what answers a request that had to take the long way after all
    _idle_since = 0.0
    _idle: asyncio.TimerHandle | None = None

    # ------------------------------------------------------------------ reading

    def on_headers_complete(self) -> None:
        self._opened = self.scope
        cycle: RequestResponseCycle | None = self.cycle
        method = self.parser.get_method()
        if (
            (cycle is None or cycle.response_complete)
            and not self.expect_100_continue
            and method != b"HEAD"
            and self.parser.get_http_version() == "1.1"
            and not self.parser.should_upgrade()
        ):
            self.scope["method"] = method.decode("ascii")
            self._body = b""
        else:
            super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        if self._body is None:
            super().on_body(body)
            return
        self._body += body
        if len(self._body) > LONGEST:
            self._lengthen(self.app)

    def on_message_complete(self) -> None:
        if self._body is None:
            super().on_message_complete()
            return
        later = self._answer(self._body)
        if later is not None:
            self._lengthen(later)
            super().on_message_complete()
        self._body = None

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self._body is not None:  # the rest of it is still on the way
            try:
                self._lengthen(self.app)
            except (httptools.HttpParserError, UnicodeDecodeError):  # a target that can't be read
                self.send_400_response("Invalid HTTP request received.")
        elif self.scope is not self._opened:  # the rest of its head is
            self._head += len(data)
            if self._head > LONGEST:
                self.send_400_response("The head of the request is too long.")
        else:
            self._head = 0

    def _answer(self, body: bytes) -> Any:
        """Answer the request, or give the application that is to do it on the long way."""
        at_once = getattr(self.app, "at_once", None)
        if at_once is None:
            return self.app
        url = httptools.parse_url(self.url)
        path = url.path.decode("ascii")
        self.scope["path"] = unquote(path) if "%" in path else path
        self.scope["query_string"] = url.query or b""
        try:
            return at_once(self.scope, body, self)
        except Exception as error:  # raised here, it would pass for a request that can't be read
            return _raising(error)

    def _lengthen(self, application: Any) -> None:
        """Go on the long way with what was read so far."""
        body, self._body = self._body, None
        self._application = application
        super().on_headers_complete()
        if body:
            super().on_body(body)

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGI3Application) -> None:
        application, self._application = self._application, None
        super()._start_asgi_task(cycle, application or app)

    # ------------------------------------------------------------------ writing

    def respond(self, status: int, lines: Iterable[Header], body: bytes, chunked: bool) -> bool:
        """Send a whole answer, its body as one chunk if it is a stream (RFC 9112 section 7.1).

        False when it must go the long way, because the socket is full or the client is gone.
        """
        transport = self.transport
        if self.flow.write_paused or transport.is_closing():
            return False
        content = [STATUS_LINE[status]]
        for name, value in lines:
            content += (name, b": ", value, b"\r\n")
        keep_alive = self.parser.should_keep_alive()
        if not keep_alive:
            content.append(b"connection: close\r\n")
        if chunked:
            content += (b"transfer-encoding: chunked\r\n\r\n%x\r\n" % len(body), body, b"\r\n0\r\n\r\n")
        else:
            content += (b"\r\n", body)
        transport.write(b"".join(content))
        if not keep_alive:
            transport.close()
        self.server_state.total_requests += 1
        self._rest()
        return True

    # ------------------------------------------------------------------ resting

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._unset_keepalive_if_required()
        self._rest()

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        if self._idle is not None:
            self._idle.cancel()
            self._idle = None

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
