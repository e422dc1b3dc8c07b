"""A server in a thread of this process: it starts on a socket, tells its address, and stops when it is told to."""

from __future__ import annotations

import asyncio
import logging
import socket
import threading

import uvloop

from emulator.app import build
from emulator.errors import EmulatorError
from emulator.server import Server, bind
from emulator.settings import Listen, Settings

PATIENCE = 30.0  # seconds to start in, and to stop in


class ServerThread:
    """An emulator that serves in the background from `start` to `stop`.

    `sock` is a listening socket to serve on; without it, a free port of the loopback is taken. Raises DocumentError
    when a scenario is wrong.
    """

    def __init__(self, settings: Settings, sock: socket.socket | None = None) -> None:
        self._socket = sock or bind(Settings(listen=Listen(port=0)))
        try:
            self._ready = threading.Event()
            self._server = Server(build(settings), self._ready.set)
        except BaseException:
            self._socket.close()
            raise
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="emulator", daemon=True)

    @property
    def url(self) -> str:
        """Where it listens, such as `http://127.0.0.1:40123`."""
        host, port = self._socket.getsockname()[:2]
        return f"http://{Listen(host, port)}"

    def start(self) -> None:
        """Serve; returns when requests are answered. Raises EmulatorError when that does not come to pass."""
        self._thread.start()
        self._ready.wait(PATIENCE)
        if not self._server.started:
            self.stop()
            raise EmulatorError(f"the emulator did not start: {self._failure or 'it took too long'}")

    def stop(self) -> None:
        """Stop serving, cutting off what is still being sent."""
        self._server.should_exit = True
        self._thread.join(PATIENCE)
        self._socket.close()

    def _run(self) -> None:
        level = logging.getLogger("uvicorn").level
        try:
            with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
                runner.run(self._server.serve([self._socket]))
        except BaseException as error:
            self._failure = error
        finally:
            logging.getLogger("uvicorn").setLevel(level)  # a stop turns it down, and others may be using uvicorn too
            self._ready.set()
