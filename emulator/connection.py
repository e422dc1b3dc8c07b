"""The connection: uvicorn's, with a shorter way for requests and answers that are whole.

A request that is there as a whole is answered where it is read: without the request cycle, event and task that uvicorn
makes for each, with status line, headers and body in one write, and with one keep-alive timer a connection instead of
one an answer. All else goes the way of ASGI.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from functools import partial
from typing import Any

from starlette.types import Receive, Scope, Send
from uvicorn._types import ASGI3Application
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, RequestResponseCycle

from emulator.exchange import BODILESS, Header
from emulator.line import Line
from emulator.proxying import Proxying, read_target, rooted
from emulator.serving.deliver import CHUNKS
from emulator.serving.perform import LINE as LENT

LONGEST = 65_536  # bytes of a head, and of a body that are waited for without the back-pressure of a request cycle
LINE = b": ".join  # a name and a value become a header line
LINES = b"\r\n".join


def _raising(error: Exception) -> Callable[[Scope, Receive, Send], Awaitable[None]]:
    """An application that only raises, so that uvicorn logs the error and answers 500."""

    async def application(scope: Scope, receive: Receive, send: Send) -> None:
        raise error

    return application


class Connection(Proxying):
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
        at_once = getattr(self.app, "at_once", None)
        if at_once is None:
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
            return at_once(scope, body, self)
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
            LENT: partial(Line, cycle, self.flow, self.loop),
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
