"""Guarded connections: those to a port that refuses all but the control API, which shares it.

Which of the two a request is for is known once its head is read: one for an API is reset, and nothing more of it is
read. When the outage is over, such a connection is like any other.
"""

from __future__ import annotations

from typing import Any

from emulator.compile.lint import CONTROL
from emulator.server.head import BadRequest
from emulator.server.protocol import HttpProtocol
from emulator.server.raw_socket import reset

PATH = CONTROL.encode()
ENDS = (b"", b"/", b"?")  # what may follow it


class GuardedProtocol(HttpProtocol):
    """A connection to a `port`, which says whether it still resets what is not for the control API."""

    port: Any = None

    @property
    def _resets(self) -> bool:
        return self.port is not None and self.port.resets

    @property
    def _responded(self) -> bool:
        """Whether a request may be taken at once, without a look at its head here."""
        return not self._resets and super()._responded

    def on_headers_complete(self) -> None:
        if self._resets and not is_control(self.url):
            self.config.writes.flush()
            reset(self.transport)
            raise BadRequest(400, "the connection is reset")  # so that the parser reads no more
        super().on_headers_complete()


def is_control(url: bytes) -> bool:
    """Whether the target of a request is the control API."""
    return url.startswith(PATH) and url[len(PATH) : len(PATH) + 1] in ENDS
