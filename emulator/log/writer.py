"""Writer: writes text to a file descriptor in a thread of its own, so that a slow reader holds up nobody."""

from __future__ import annotations

import logging
import os
import select
from queue import SimpleQueue
from threading import Thread

LOG = logging.getLogger("emulator")
MAX_PENDING = 2**20  # bytes that wait to be written
CLOSE_TIMEOUT = 1.0  # real seconds that a reader gets at the end


class LineWriter:
    """Writes to a descriptor, which it does not close. When that fails, says so once in the log and writes no more."""

    def __init__(self, descriptor: int, max_pending: int = MAX_PENDING) -> None:
        self._descriptor = descriptor
        self._max_pending = max_pending
        self._queue: SimpleQueue[bytes] = SimpleQueue()
        self._pending = 0
        self._thread: Thread | None = None
        self.failed = False

    def write(self, text: str) -> bool:
        """Hands over a text; False when it is not written because too much waits already, or writing has failed."""
        data = text.encode(errors="backslashreplace")
        if self.failed or (self._pending and self._pending + len(data) > self._max_pending):
            return False
        self._pending += len(data)
        self._queue.put(data)
        if self._thread is None:
            # A daemon: a reader that takes nothing must not keep the process from its end.
            self._thread = Thread(target=self._run, name="request log", daemon=True)
            self._thread.start()
        return True

    def close(self, timeout: float = CLOSE_TIMEOUT) -> None:
        """Writes what waits, for at most so many real seconds."""
        if self._thread is not None:
            self._queue.put(b"")
            self._thread.join(timeout)

    def _run(self) -> None:
        while data := self._queue.get():
            size = len(data)
            try:
                while data and not self.failed:
                    data = data[self._write(data) :]
            except OSError as error:
                self.failed = True
                LOG.warning("the request log can't be written and ends: %s", error.strerror)
            self._pending -= size

    def _write(self, data: bytes) -> int:
        try:
            return os.write(self._descriptor, data)
        except BlockingIOError:  # whoever started us made it non-blocking
            select.select([], [self._descriptor], [])
            return 0
