"""Responses without a length to HTTP/1.0 clients: that version has no chunks, so the connection's end is theirs."""

from __future__ import annotations

from typing import Any

from uvicorn._types import ASGI3Application, ASGIReceiveCallable, ASGISendCallable, ASGISendEvent, Scope
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from emulator.http.status import BODILESS


class CloseDelimited:
    """ASGI application that answers one HTTP/1.0 request as `app` does, without chunks (RFC 9112 section 6.3).

    uvicorn closes the connection after it, as after every response to HTTP/1.0.
    """

    def __init__(self, app: ASGI3Application, cycle: RequestResponseCycle) -> None:
        self._app = app
        self._cycle = cycle
        self._endless = False

    async def __call__(self, scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
        async def send_unchunked(message: ASGISendEvent) -> None:
            self._prepare(message)
            await send(message)

        await self._app(scope, receive, send_unchunked)

    def _prepare(self, message: Any) -> None:
        """Lets uvicorn take each part of a body without a length for the rest of one that has a length."""
        cycle = self._cycle
        if message["type"] == "http.response.start":
            bodiless = cycle.scope["method"] == "HEAD" or message["status"] in BODILESS
            self._endless = not bodiless and all(name.lower() != b"content-length" for name, _ in message["headers"])
            if self._endless:
                cycle.chunked_encoding = False
        elif self._endless:
            cycle.expected_content_length = len(message.get("body", b""))
