"""The connection: uvicorn's, with a way past ASGI for what ASGI can't say or says slowly.

A whole answer is known when it is sent, so status line, headers and body leave in one write, without the checks that
uvicorn makes for strangers' applications.
"""

from __future__ import annotations

from collections.abc import Iterable

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


class Connection(HttpToolsProtocol):
    """One client's connection; hands each request its wire."""

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGI3Application) -> None:
        cycle.scope["extensions"] = {WIRE: {"wire": HttpWire(cycle)}}
        super()._start_asgi_task(cycle, app)
