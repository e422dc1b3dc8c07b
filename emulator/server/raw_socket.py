"""RawSocket: the socket of one response, lent to the code that sends bytes which no HTTP server would send."""

from __future__ import annotations

import asyncio
import fcntl
import socket
import struct
import sys
from typing import Any, Protocol

from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from emulator.clock.world_clock import Clock
from emulator.engine.deliver import KEPT
from emulator.faults.raw_response import Outage

NO_LINGER = struct.pack("ii", 1, 0)  # linger for 0 s: closing drops unsent bytes and resets (TCP RST)
SIOCOUTQ = 0x5411  # Linux: the bytes that the other side has not acknowledged
POLL_INTERVAL = 0.001  # real seconds between two checks for unsent bytes


class SocketOwner(Protocol):
    """The connection that lends its socket; see BorrowedSocket."""

    def forget(self, silence: float | None, clock: Clock) -> None: ...
    def refuse(self, outage: Outage) -> None: ...


def reset(transport: Any) -> None:
    """Resets a connection (TCP RST), unless it is ending already."""
    sock = transport.get_extra_info("socket")
    if not transport.is_closing() and sock is not None:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, NO_LINGER)
        transport.abort()
    else:
        transport.close()


class RawSocket:
    """Writes one response to the socket past uvicorn, and reports its end to uvicorn."""

    def __init__(
        self, cycle: RequestResponseCycle, flow: FlowControl, loop: asyncio.AbstractEventLoop, owner: SocketOwner
    ) -> None:
        self._owner = owner
        self._cycle = cycle
        self._transport = cycle.transport
        self._flow = flow
        self._loop = loop
        self.keep_alive = cycle.keep_alive

    def begin(self) -> None:
        """Takes over the connection: nothing else writes from here on."""
        self._cycle.response_started = True
        self._cycle.waiting_for_100_continue = False

    async def write(self, data: bytes) -> None:
        """Writes when there is room; does nothing when the client has disconnected."""
        if self._flow.write_paused:
            await self._flow.drain()
        if not self._transport.is_closing():
            self._transport.write(data)

    async def gap(self, seconds: float) -> None:
        """Waits so many real seconds, in which most clients read what was written as a segment of its own."""
        await self._pause(seconds)

    async def flush(self) -> None:
        """Waits until the client's machine has received everything, or the client has disconnected."""
        await self._pause(0)
        while not self._transport.is_closing() and (self._transport.get_write_buffer_size() or self._unsent()):
            await self._pause(POLL_INTERVAL)

    def forget(self, silence: float | None, clock: Clock) -> None:
        """Lets the connection be closed after so many seconds of silence, or when the next request arrives."""
        self._owner.forget(silence, clock)

    def refuse(self, outage: Outage) -> None:
        """Lets the server refuse connections for a while."""
        self._owner.refuse(outage)

    def end(self, how: str) -> None:
        """Ends the response: `keep` the connection for the next request, or `forget` it, `close` it or `reset` it.

        Does nothing when the response has already ended.
        """
        cycle, transport = self._cycle, self._transport
        if cycle.response_complete:
            return
        cycle.response_complete = True
        cycle.message_event.set()
        if how == "reset":
            reset(transport)
        elif how not in KEPT:
            transport.close()
        cycle.on_response()

    async def _pause(self, seconds: float) -> None:
        """Waits in real time: a network's delays are not on the clock of any world."""
        woken = self._loop.create_future()
        handle = self._loop.call_later(seconds, woken.set_result, None)
        try:
            await woken
        finally:
            handle.cancel()

    def _unsent(self) -> int:
        sock = self._socket()
        if sock is None or not sys.platform.startswith("linux"):
            return 0
        (unsent,) = struct.unpack("i", fcntl.ioctl(sock.fileno(), SIOCOUTQ, b"\0\0\0\0"))
        return int(unsent)

    def _socket(self) -> Any:
        return self._transport.get_extra_info("socket")
