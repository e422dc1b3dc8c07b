"""Time limits of a connection: how long it may be idle, a head may take, and the next part of a body.

One timer a connection looks at time stamps; a request that is read at once sets none. The timer fires at least once in
the shortest of the times, so what begins after it was set can't be late before it fires. Seconds are real.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from emulator.clock.timers import Timer
from emulator.clock.world_clock import Clock
from emulator.server.head import BadRequest
from emulator.server.ports import Ports
from emulator.server.write_batch import WriteBatch

PAUSED = math.inf  # instead of a time stamp: the server itself has paused reading


class ServerConfig(uvicorn.Config):
    """uvicorn's configuration, and `read_timeout`: the seconds that a head may take, and a pause within a body.

    `ports` are those of the server, `writes` the responses that its connections are about to write.
    """

    read_timeout = math.inf
    ports: Ports
    writes: WriteBatch


class IdleLimit:
    """Closes a connection after so many seconds of silence, by the clock of a world: a fault."""

    def __init__(self, clock: Clock, seconds: float, close: Callable[[], None]) -> None:
        self._clock, self._seconds, self._close = clock, seconds, close
        self._timer: Timer | None = None

    def start(self) -> None:
        """Begins to count, from now."""
        self.stop()
        self._timer = self._clock.call_at(self._clock.now() + self._seconds, self._close)

    def stop(self) -> None:
        """Stops counting."""
        if self._timer is not None:
            self._timer.cancel()


class TimedProtocol(HttpToolsProtocol):
    """uvicorn's connection with time limits; `closed_unused` is called when a client leaves without a request.

    A request is refused with 408 if its head or the next part of its body does not come in time. Not late is what the
    server does not read: while a response is in progress, or the application has not used what came before.
    """

    config: ServerConfig
    closed_unused: Callable[[], None] | None = None
    _head_complete = True  # whether the head of the last request is complete
    _timer: asyncio.TimerHandle | None = None
    _idle_since = 0.0  # when the connection was made or the last response complete
    _head_since = 0.0  # when the head began, if it is not complete
    _idle_limit: IdleLimit | None = None  # beside that of the server
    _body_since: float | None = None  # when the last part of a body came whose rest is to come, or PAUSED

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._start_idle()

    def connection_lost(self, exc: Exception | None) -> None:
        if self.closed_unused is not None and not hasattr(self, "url"):  # it is set when a request starts
            self.closed_unused()
        super().connection_lost(exc)
        self._stop_timer()

    def on_headers_complete(self) -> None:
        super().on_headers_complete()
        self._note_body()

    def on_body(self, body: bytes) -> None:
        super().on_body(body)
        self._note_body()

    def on_message_complete(self) -> None:
        super().on_message_complete()
        self._body_since = None

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._unset_keepalive_if_required()
        self._start_idle()

    def _refuse(self, reason: BadRequest) -> None:
        """Refuses the request that is being read, and closes the connection."""
        raise NotImplementedError

    def _start_idle(self) -> None:
        """Notes that the connection is idle from here; the timer looks at that when it fires."""
        self._idle_since = self.loop.time()
        if self._idle_limit is not None:
            self._idle_limit.start()
        if self._timer is None:
            self._start_timer(math.inf)

    def _note_body(self) -> None:
        """Notes that the rest of the body is waited for from here, unless the server does not read on."""
        self._body_since = PAUSED if self.flow.read_paused else self.loop.time()

    def _start_timer(self, seconds: float) -> None:
        seconds = min(seconds, self.timeout_keep_alive, self.config.read_timeout)
        self._timer = self.loop.call_later(seconds, self._check_time)

    @property
    def idle(self) -> bool:
        """Whether no request is being read or answered."""
        cycle: RequestResponseCycle | None = self.cycle
        return self._head_complete and (cycle is None or cycle.response_complete)

    def _close_if_idle(self) -> None:
        """Closes the connection unannounced; if a request came meanwhile, its response starts the count anew."""
        if self.idle:
            self.timeout_keep_alive_handler()

    def _stop_timer(self) -> None:
        if self._idle_limit is not None:
            self._idle_limit.stop()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _check_time(self) -> None:
        """Closes the connection if what it waits for is late, with 408 if that is the rest of a request."""
        self._timer = None
        now, limit = self.loop.time(), self.config.read_timeout
        cycle: RequestResponseCycle | None = self.cycle
        responded = cycle is None or cycle.response_complete
        if self._body_since == PAUSED and not self.flow.read_paused:
            self._body_since = now
        if self._body_since is not None:
            part, left = "" if responded else "body", self._body_since + limit - now
        elif not responded:
            part, left = "", math.inf
        elif not self._head_complete:
            part, left = "head", max(self._head_since, self._idle_since) + limit - now
        else:
            part, left = "", self._idle_since + self.timeout_keep_alive - now
        if left > 0:
            self._start_timer(left)
            return
        self.closed_unused = None  # it is the server that leaves
        if part:
            self._refuse(BadRequest(408, f"the {part} of the request did not come within {limit:g} s"))
        else:
            self.timeout_keep_alive_handler()


class ForgottenConnection(asyncio.Protocol):
    """Stands in for a connection that its server has forgotten: it is closed when the next request arrives, of which
    nothing is read."""

    def __init__(self, connection: TimedProtocol) -> None:
        self._connection = connection

    def data_received(self, data: bytes) -> None:
        self._connection.transport.close()

    def eof_received(self) -> None:
        self._connection.eof_received()

    def connection_lost(self, exc: Exception | None) -> None:
        self._connection.connection_lost(exc)

    def pause_writing(self) -> None:
        self._connection.pause_writing()

    def resume_writing(self) -> None:
        self._connection.resume_writing()
