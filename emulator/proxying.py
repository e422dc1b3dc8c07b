"""Proxying: what a client asks of a proxy, which this server only looks like: a CONNECT, or another host's page."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import lru_cache, partial
from typing import Any
from urllib.parse import unquote

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from emulator.intercept.front import HTTP, HTTPS, Front, Refusal
from emulator.intercept.host import spelled
from emulator.tunnel import dig

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
    proxied = (spelled(url.host.decode("ascii")), port) if url.host else None
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


class Proxying(HttpToolsProtocol):
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
        front: Front | None = getattr(self.app, "front", None)
        if front is None or self.scheme == "https" or (cycle is not None and not cycle.response_complete):
            self.send_400_response("CONNECT is not for here.")
            return
        self._stop_idle()
        way = front.judge((self._tunnel or b"").decode("latin-1"), self.server)
        if isinstance(way, Refusal):
            self.transport.write(way.raw())
            self.transport.close()
            return
        self.connections.discard(self)
        make = partial(type(self), self.config, self.server_state, self.app_state, self.loop)
        dig(front, way, early, self.transport, make, self.tasks)

    def connection_lost(self, exc: Exception | None) -> None:
        if self.unasked is not None and not hasattr(self, "url"):  # it is set when a request begins
            self.unasked()
        super().connection_lost(exc)
        self._stop_idle()

    def _stop_idle(self) -> None:
        if self._idle is not None:
            self._idle.cancel()
            self._idle = None
