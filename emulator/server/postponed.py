"""Postponed responses: those that wait for a commit, on the fast path, without a request cycle and a task."""

from __future__ import annotations

from typing import Any

from emulator.server.known_heads import Head
from emulator.server.time_limits import TimedProtocol


class Postponed:
    """Stands in for uvicorn's request cycle while a response is waited for.

    `data` is the request as it came, which the parser reads if it has to go through ASGI after all; `early` is what the
    client has sent since.
    """

    response_complete = False
    response_started = True
    more_body = False
    disconnected = False
    keep_alive = True  # False: the server is about to stop

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.early = b""

    @property
    def message_event(self) -> Postponed:
        """What uvicorn sets when the client leaves."""
        return self

    def set(self) -> None:
        """Does nothing: nobody waits for more of the request."""


class PostponingProtocol(TimedProtocol):
    """A connection with a fast path, on which responses may be postponed."""

    _body: bytes | None = (
        None  # what has arrived of the body of a request on the fast path; None: the request goes through ASGI
    )
    _application: Any = None  # the application for a request that goes through ASGI after all
    _last_head: Head | None = None  # of the last request that did not pass the parser
    _keep_alive = True  # whether the connection stays open after the request on the fast path
    _postponed: Postponed | None = None  # a request on the fast path whose response is to come

    def _parse(self, data: bytes) -> None:
        """Has the parser read data."""
        raise NotImplementedError

    def can_postpone(self) -> bool:
        """Whether the response to a request may be written later: it came whole, and the socket has room."""
        return self._body is None and not self.flow.write_paused and not self.transport.is_closing()

    def postpone(self, body: bytes) -> None:
        """Leaves a request with this body until `resume`."""
        assert self._last_head is not None
        self.cycle = self._postponed = Postponed(self._last_head.raw + body)  # type: ignore[assignment]

    def resume(self, application: Any = None) -> bool:
        """Goes on with a request, through ASGI or by `respond`, which comes next. False when its client has left."""
        postponed, self._postponed = self._postponed, None
        assert postponed is not None
        self.cycle = None  # type: ignore[assignment]
        if postponed.disconnected or self.transport.is_closing():
            return False
        self._keep_alive = postponed.keep_alive
        if application is not None:
            self._application = application
            self._parse(postponed.data)
            self.cycle.keep_alive = self.cycle.keep_alive and postponed.keep_alive
        if postponed.early:
            self.loop.call_soon(self._read_on, postponed.early)
        return True

    def _read_on(self, data: bytes) -> None:
        """Reads what came while a response was waited for."""
        if not self.transport.is_closing():
            self.flow.resume_reading()
            self.data_received(data)
