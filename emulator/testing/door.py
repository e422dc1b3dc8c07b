"""The door of a server that several processes share: it stands from the start, and opens when somebody knocks."""

from __future__ import annotations

import socket
import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from emulator.testing.thread import ServerThread


class Door:
    """A listening socket of the loopback, whose server is started by the first connection to it.

    Whoever runs tests in worker processes holds the door, so the server lives as long as all of them; and when nobody
    comes, nothing but a socket was ever made.
    """

    def __init__(self, **options: Any) -> None:
        self._options = options
        self._socket = socket.create_server(("127.0.0.1", 0), backlog=2_048)
        self._socket.set_inheritable(False)
        self._closing = False
        self._server: ServerThread | None = None
        self._porter = threading.Thread(target=self._wait, name="emulator's door", daemon=True)
        self._porter.start()

    @property
    def url(self) -> str:
        """What workers are told."""
        return f"http://127.0.0.1:{self._socket.getsockname()[1]}"

    def close(self) -> None:
        """Stop the server, if there is one."""
        self._closing = True
        if self._porter.is_alive():
            self._knock()
            self._porter.join()
        if self._server is not None:
            self._server.stop()
        self._socket.close()

    def _knock(self) -> None:
        with socket.create_connection(self._socket.getsockname()[:2]):
            pass

    def _wait(self) -> None:
        """Until somebody connects; the connection is left to the server."""
        import select

        select.select([self._socket], [], [])
        if self._closing:
            return
        from emulator import settings
        from emulator.testing.thread import ServerThread

        server = ServerThread(settings.load(self._options, {}), self._socket)
        server.start()
        self._server = server
