"""The line: the socket of one answer, lent to whoever must send bytes that no HTTP server would send."""

from __future__ import annotations

import asyncio
import fcntl
import socket
import struct
import sys
from typing import Any

from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

LINGER_NOT = struct.pack("ii", 1, 0)  # linger, for no time: closing drops what is unsent and resets (TCP RST)
UNSENT = 0x5411  # Linux, SIOCOUTQ: bytes that the other side has not acknowledged
PATIENCE = 0.001  # real seconds between two looks at what is unsent


class RawSocket:
    """One answer's way to the socket, past uvicorn, which is told when it is over."""

    def __init__(self, cycle: RequestResponseCycle, flow: FlowControl, loop: asyncio.AbstractEventLoop) -> None:
        self._cycle = cycle
        self._transport = cycle.transport
        self._flow = flow
        self._loop = loop
        self.keep_alive = cycle.keep_alive

    def begin(self) -> None:
        """Take over: nothing else writes from here on."""
        self._cycle.response_started = True
        self._cycle.waiting_for_100_continue = False

    async def write(self, data: bytes) -> None:
        """Write when there is room; nothing when the client is gone."""
        if self._flow.write_paused:
            await self._flow.drain()
        if not self._transport.is_closing():
            self._transport.write(data)

    async def gap(self, seconds: float) -> None:
        """Let what was written leave by itself; in so many real seconds, most clients have read it."""
        await self._pause(seconds)

    async def flush(self) -> None:
        """Wait until the client's machine has all that was written, or the client is gone."""
        await self._pause(0)
        while not self._transport.is_closing() and (self._transport.get_write_buffer_size() or self._unsent()):
            await self._pause(PATIENCE)

    def end(self, how: str) -> None:
        """`keep` the connection for the next request, `close` it or `reset` it; uvicorn need not do anything more.

        Nothing when the answer is over already.
        """
        cycle, transport = self._cycle, self._transport
        if cycle.response_complete:
            return
        cycle.response_complete = True
        cycle.message_event.set()
        if how == "reset" and not transport.is_closing() and (sock := self._socket()) is not None:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_NOT)
            transport.abort()
        elif how != "keep":
            transport.close()
        cycle.on_response()

    async def _pause(self, seconds: float) -> None:
        """Real time: this is how long a network takes, which no world's clock knows of."""
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
        (unsent,) = struct.unpack("i", fcntl.ioctl(sock.fileno(), UNSENT, b"\0\0\0\0"))
        return int(unsent)

    def _socket(self) -> Any:
        return self._transport.get_extra_info("socket")
