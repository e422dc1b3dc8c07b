"""Proxying: what a client asks of a proxy, which this server only looks like: a CONNECT, or another host's page."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import lru_cache, partial
from typing import Any
from urllib.parse import unquote

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from emulator.tunnel import dig

Target = tuple[str, bytes, tuple[str, int] | None]


@lru_cache(maxsize=128)
def read_target(target: bytes) -> Target:
    """A request's target: the path, percent-decoded, the query, and host and port where it says them, as to a proxy.

    Clients ask for the same ones again and again.

    Raises httptools.HttpParserError or UnicodeDecodeError for one that can't be read.
    """
    url = httptools.parse_url(target)
    if url.path is None:  # `http://host`, which uvicorn doesn't read either
        raise httptools.HttpParserInvalidURLError(target)
    path = url.path.decode("ascii")
    proxied = None if not url.host else (url.host.decode("ascii").lower(), url.port or 80)
    return unquote(path) if "%" in path else path, url.query or b"", proxied


class Proxying(HttpToolsProtocol):
    """uvicorn's connection, and what of it concerns proxies. `unasked` is told of a client that goes without asking."""

    unasked: Callable[[], None] | None = None
    _target: Target = ("", b"", None)
    _tunnel: bytes | None = None  # what a CONNECT wants to be led to
    _idle: asyncio.TimerHandle | None = None

    def _astray(self) -> Any:
        """What refuses a request that asks a proxy for another host, None for one that belongs here."""
        front = getattr(self.app, "front", None)
        proxied = self._target[2]
        if front is None or proxied is None or front.emulates(proxied[0]) or self.server is None:
            return None
        return None if proxied[1] == self.server[1] else front.refuse(*proxied)

    def _feed(self, data: bytes) -> None:
        """As uvicorn does, but for CONNECT."""
        self._unset_keepalive_if_required()
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserError:
            self.logger.warning("Invalid HTTP request received.")
            self.send_400_response("Invalid HTTP request received.")
        except httptools.HttpParserUpgrade as upgrade:
            if self._tunnel is None:
                self._unsupported_upgrade_warning()
            else:
                self._leave_for_tunnel(data[upgrade.args[0] :])

    def _leave_for_tunnel(self, early: bytes) -> None:
        """Give the socket away; what came behind the CONNECT is the tunnel's."""
        cycle: RequestResponseCycle | None = self.cycle
        target = self._tunnel or b""
        front = getattr(self.app, "front", None)
        if front is None or self.scheme == "https" or (cycle is not None and not cycle.response_complete):
            self.send_400_response("CONNECT is not for here.")
            return
        self.connections.discard(self)
        self._stop_idle()
        make = partial(type(self), self.config, self.server_state, self.app_state, self.loop)
        dig(front, target.decode("latin-1"), early, self.transport, make, self.tasks)

    def connection_lost(self, exc: Exception | None) -> None:
        if self.unasked is not None and not self.headers:
            self.unasked()
        super().connection_lost(exc)
        self._stop_idle()

    def _stop_idle(self) -> None:
        if self._idle is not None:
            self._idle.cancel()
            self._idle = None
