"""The connection: uvicorn's, with a shorter way for requests and answers that are whole.

Such a request is answered where it is read, without a task; status line, headers and body leave in one write, without
the checks that uvicorn makes for strangers' applications. All else goes the way of ASGI.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from uvicorn._types import ASGI3Application
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle

from emulator.exchange import Header
from emulator.serving.deliver import WIRE


class HttpWire:
    """One request's way to the socket."""

    __slots__ = ("_cycle",)

    def __init__(self, cycle: RequestResponseCycle) -> None:
        self._cycle = cycle

    def respond(self, status: int, lines: Iterable[Header], body: bytes, chunked: bool) -> bool:
        """Send a whole answer, its body as one chunk if it is a stream (RFC 9112 section 7.1).

        False when it must go the usual way, because the socket is full, the client is gone, or is of an older kind.
        """
        cycle = self._cycle
        if cycle.disconnected or cycle.response_started or cycle.flow.write_paused or cycle.scope["method"] == "HEAD":
            return False
        if chunked and cycle.scope["http_version"] != "1.1":
            return False
        content = [STATUS_LINE[status]]
        for name, value in lines:
            content += (name, b": ", value, b"\r\n")
        if not cycle.keep_alive:
            content.append(b"connection: close\r\n")
        if chunked:
            content += (b"transfer-encoding: chunked\r\n\r\n%x\r\n" % len(body), body, b"\r\n0\r\n\r\n")
        else:
            content += (b"\r\n", body)
        cycle.transport.write(b"".join(content))
        cycle.waiting_for_100_continue = False
        cycle.response_started = cycle.response_complete = True
        cycle.message_event.set()
        if not cycle.keep_alive:
            cycle.transport.close()
        cycle.on_response()
        return True


def _raising(error: Exception) -> Any:
    async def application(scope: object, receive: object, send: object) -> None:
        raise error

    return application


class Connection(HttpToolsProtocol):
    """One client's connection."""

    _held: RequestResponseCycle | None = None  # a request whose body may be whole before a task is needed

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGI3Application) -> None:
        cycle.scope["extensions"] = {WIRE: {"wire": HttpWire(cycle)}}
        if cycle is self.cycle and cycle.more_body and not cycle.waiting_for_100_continue:
            self._held = cycle
        else:
            super()._start_asgi_task(cycle, app)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        held, self._held = self._held, None
        if held is not None:  # its body is still on the way
            super()._start_asgi_task(held, self.app)

    def on_message_complete(self) -> None:
        super().on_message_complete()
        held, self._held = self._held, None
        if held is None:
            return
        app: Any = self.app
        later: Any = app
        if hasattr(app, "at_once"):
            try:
                later = app.at_once(held.scope, bytes(held.body), held.scope["extensions"][WIRE]["wire"])
            except Exception as error:  # raised here, it would pass for a request that can't be read
                later = _raising(error)
        if later is not None:
            super()._start_asgi_task(held, later)
