"""Ports: the listening sockets of a server, which refuse connections for a while when a fault says so.

A port is closed, so that the machine refuses connections, if the control API has a port of its own. Otherwise nobody
could end the outage, so each connection is accepted, and reset when the head of its first request is not for the
control API (`guarded`); one over TLS is reset before anything is read. An outage ends after its time on the clock of
its world or, as nobody may be there to move a frozen clock, after as many real seconds; with its world; or when another
one begins.
"""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Callable, Iterable
from typing import Any, TypeAlias

from emulator.clock.world_clock import Clock
from emulator.engine.state import WorldEnded
from emulator.faults.raw_response import Outage
from emulator.server.listeners import BACKLOG, CONTROL, hold, is_shared
from emulator.server.raw_socket import reset

LOG = logging.getLogger("emulator")
BOTH = ("http", "https")
Make: TypeAlias = Callable[[], asyncio.BaseProtocol]
CLOSED = "its port is closed"
RESET = (
    "each connection is reset unless it asks for this control API, which shares the port "
    "(--control-listen gives it its own, and then the other is closed)"
)
RESET_UNREAD = "each connection is reset before anything is read"


class ResetConnection(asyncio.Protocol):
    """A connection that is reset before anything of it is read."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        reset(transport)


class Port:
    """A listening socket: open, closed for a while, or one that `resets` what it accepts; `make` makes connections.

    `kind` is `http`, `https` or `control`. `guarded` makes the connections, told their `port`, that are reset only when
    it is known what they ask for.
    """

    def __init__(self, kind: str, sock: socket.socket, make: Make, guarded: Callable[[], Any] | None = None) -> None:
        self.kind = kind
        self.address: tuple[str, int] = sock.getsockname()[:2]
        self._sock, self._shared = sock, is_shared(sock)
        self._make = make
        self._guarded = guarded
        self._server: asyncio.AbstractServer | None = None
        self._opening: asyncio.Task[None] | None = None
        self.resets = self._ended = False

    async def open(self) -> None:
        """Accepts connections."""
        self._server = await asyncio.get_running_loop().create_server(self._accept, sock=self._sock, backlog=BACKLOG)

    def refuse(self, closes: bool) -> None:
        """Refuses connections: the socket is closed, and another one keeps its address; or each is reset.

        Raises OSError when the address can't be kept: then the port is closed until `reopen`.
        """
        if not closes:
            self.resets = True
            return
        if self._opening is not None:
            self._opening.cancel()
        if self._server is not None:
            self._server.close()
        self._server = None
        self._sock.close()
        self._sock = hold(*self.address, shared=self._shared)

    def reopen(self) -> None:
        """Accepts connections again. Raises OSError when another process has taken the address."""
        self.resets = False
        if self._server is None and not self._ended:
            if self._sock.fileno() < 0:
                self._sock = hold(*self.address, shared=self._shared)
            self._sock.listen(BACKLOG)
            self._opening = asyncio.get_running_loop().create_task(self.open())

    def close(self) -> None:
        """Closes the port for good."""
        self._ended = True
        if self._server is not None:
            self._server.close()
        self._sock.close()

    def _accept(self) -> asyncio.BaseProtocol:
        if not self.resets:
            return self._make()
        if self._guarded is None:
            return ResetConnection()
        connection = self._guarded()
        connection.port = self
        return connection  # type: ignore[no-any-return]


class Ports:
    """All ports of a server."""

    def __init__(self) -> None:
        self._ports: list[Port] = []
        self._refusing: list[Port] = []
        self._clock: Clock | None = None  # by which they refuse
        self._task: asyncio.Task[None] | None = None

    async def open(self, kind: str, sock: socket.socket, make: Make, guarded: Callable[[], Any] | None = None) -> Port:
        """Opens a port, and returns it."""
        port = Port(kind, sock, make, guarded)
        await port.open()
        self._ports.append(port)
        return port

    def describe(self, outage: Outage) -> str:
        """Returns how connections would be refused, in words; empty for an outage of no time."""
        if outage.seconds <= 0:
            return ""
        meant = self._meant(outage)
        if not meant:
            return f"nothing is refused: there is no {outage.port} port"
        if self._closes:
            return CLOSED
        return RESET if any(port.kind == "http" for port in meant) else RESET_UNREAD

    def refuse(self, outage: Outage, connections: Iterable[Any]) -> None:
        """Refuses connections from here on, resets those of the server that are idle, and closes each other one after
        the response that is under way on it.

        An outage of no time ends the one there is, if that is of the same clock.
        """
        if outage.seconds <= 0 and outage.clock is not self._clock:
            return
        self._end()
        meant = self._meant(outage)
        if not meant:
            return
        self._refusing, self._clock = meant, outage.clock
        try:
            for port in meant:
                port.refuse(self._closes)
        except OSError as error:
            LOG.error("connections are not refused: %s", error)
            self._end()
            return
        for connection in list(connections):
            if self._port_of(connection) not in meant:
                continue
            if connection.idle:
                reset(connection.transport)
            else:
                connection.shutdown()
        self._task = asyncio.get_running_loop().create_task(_last(outage))
        self._task.add_done_callback(self._over)
        LOG.warning("refusing connections for %g s: %s", outage.seconds, self.describe(outage))

    @property
    def _closes(self) -> bool:
        """Whether a port that refuses is closed."""
        return any(port.kind == CONTROL for port in self._ports)

    def _meant(self, outage: Outage) -> list[Port]:
        """Returns the ports that refuse; none for an outage of no time."""
        kinds = BOTH if outage.port == "both" else (outage.port,)
        return [port for port in self._ports if port.kind in kinds and outage.seconds > 0]

    def _port_of(self, connection: Any) -> Port | None:
        """Returns the port that a connection came to: that of its address, else the one that listens on all of them."""
        host, number, *_ = connection.transport.get_extra_info("sockname") or ("", 0)
        for address in ((host, number), ("::" if ":" in host else "0.0.0.0", number)):
            for port in self._ports:
                if port.address == address:
                    return port
        return None

    def _over(self, task: asyncio.Task[None]) -> None:
        if task is self._task:
            self._end()

    def _end(self) -> None:
        task, self._task, self._clock = self._task, None, None
        if task is not None:
            task.cancel()
        refusing, self._refusing = self._refusing, []
        for port in refusing:
            try:
                port.reopen()
            except OSError as error:
                LOG.error("can't listen on %s:%d again: %s", *port.address, error)


async def _last(outage: Outage) -> None:
    """Waits until an outage is over, or its world."""
    loop = asyncio.get_running_loop()
    over: asyncio.Future[None] = loop.create_future()

    def end() -> None:
        if not over.done():
            over.set_result(None)

    timer = outage.clock.call_at(outage.clock.now() + outage.seconds, end, quiet=True)
    handle = loop.call_later(outage.seconds, end)
    try:
        with outage.attend():
            await over
    except WorldEnded:
        pass
    finally:
        timer.cancel()
        handle.cancel()
