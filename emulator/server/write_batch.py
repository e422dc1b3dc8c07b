"""WriteBatch: the responses of one turn of the event loop, written one after another at its end.

A write to a socket wakes the client's process, which on a virtual machine takes as long as a quarter of a message. Of
writes that follow each other closely only the first does, as the client is then at work.
"""

from __future__ import annotations

import asyncio

MAX_RESPONSES = 32  # the first has waited for the others
LARGE_BYTES = 65_536  # such a response takes longer than waking the client


class WriteBatch:
    """Responses that are about to be written.

    What a connection writes or ends in the same turn comes after a `flush`; what a task does comes later by itself, as
    its first step is scheduled after this. Not more than MAX_RESPONSES wait, nor one of over LARGE_BYTES, so that a
    client that does not read is noticed.
    """

    def __init__(self) -> None:
        self._writes: list[tuple[asyncio.Transport, bytes]] = []

    def add(self, transport: asyncio.Transport, data: bytes, loop: asyncio.AbstractEventLoop) -> None:
        """Writes data at the end of this turn of the loop, or at once if much is waiting."""
        if not self._writes:
            loop.call_soon(self.flush)
        self._writes.append((transport, data))
        if len(self._writes) >= MAX_RESPONSES or len(data) > LARGE_BYTES:
            self.flush()

    def flush(self) -> None:
        """Writes what is waiting, in the order in which it came; drops what belongs to connections that have ended."""
        writes, self._writes = self._writes, []
        for transport, data in writes:
            if not transport.is_closing():
                transport.write(data)
