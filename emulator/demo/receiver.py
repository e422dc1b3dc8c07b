"""Receives webhooks on a free port of this machine, so that the demo can show what the emulator sends."""

from __future__ import annotations

from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import Empty, Queue
from threading import Thread
from types import TracebackType

from msgspec import Struct

from emulator.errors import EmulatorError

TIMEOUT = 10.0  # real seconds that a webhook may take


class Webhook(Struct, frozen=True):
    """One request that was received."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


class Receiver:
    """Accepts every POST with 204 while its `with` lasts."""

    def __init__(self) -> None:
        self._queue: Queue[Webhook] = Queue()
        queue = self._queue

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                queue.put(Webhook("POST", self.path, dict(self.headers.items()), body))
                self.send_response(204)
                self.end_headers()

            def log_message(self, format: str, *arguments: object) -> None:
                """Writes nothing: the demo shows what it receives."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def next(self) -> Webhook:
        """Returns the next webhook. Raises EmulatorError when none comes in time."""
        try:
            return self._queue.get(timeout=TIMEOUT)
        except Empty:
            raise EmulatorError(f"no webhook has come to {self.url} in {TIMEOUT:g} seconds") from None

    def __enter__(self) -> Receiver:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
