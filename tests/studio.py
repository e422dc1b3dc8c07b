"""Recording in tests: an upstream, a recorder before it, an emulator that replays; each on a socket of its own."""

from __future__ import annotations

import asyncio
import re
import socket
import ssl
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType

import httpx
import uvloop
from starlette.types import ASGIApp

from emulator import Emulator
from emulator.clock.world_clock import Clock
from emulator.record.command import open_recorder
from emulator.record.recorder import STREAM_GRACE_SECONDS, Recorder
from emulator.server.http_server import Server
from emulator.server.listeners import bind
from emulator.settings.listen import Listen
from emulator.settings.options import Settings
from tests.waiting import PATIENCE

PATIENT = httpx.Timeout(PATIENCE)


class Served:
    """Any ASGI application in a thread: serves from `with` to its end."""

    def __init__(self, app: ASGIApp) -> None:
        (self._socket,) = bind(Settings(listen=Listen(port=0)))
        self._ready = threading.Event()
        self._server = Server(app, self._ready.set)
        self._thread = threading.Thread(target=self._run, daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._socket.getsockname()[1]}"

    def __enter__(self) -> Served:
        self._thread.start()
        assert self._ready.wait(PATIENCE)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.should_exit = True
        self._thread.join(PATIENCE)
        self._socket.close()
        assert not self._thread.is_alive()

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(self._server.serve([self._socket]))


class Raw:
    """An upstream that answers each connection with exactly these bytes, whatever is asked, and closes it.

    `pieces` is asked anew each time; one that waits for `stopped` waits until the end of `with`. `asked` are the
    requests, `left` is set when a connection was closed before all was sent.
    """

    def __init__(self, pieces: Callable[[Raw], Iterable[bytes]], context: ssl.SSLContext | None = None) -> None:
        self.asked: list[bytes] = []
        self.stopped = threading.Event()
        self.left = threading.Event()
        self._pieces = pieces
        self._context = context
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._threads = [threading.Thread(target=self._accept, daemon=True)]

    @property
    def url(self) -> str:
        return f"{'https' if self._context else 'http'}://127.0.0.1:{self._socket.getsockname()[1]}"

    def __enter__(self) -> Raw:
        self._threads[0].start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stopped.set()
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        for thread in self._threads:
            thread.join(PATIENCE)
            assert not thread.is_alive()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            thread = threading.Thread(target=self._answer, args=(connection,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _answer(self, connection: socket.socket) -> None:
        try:
            if self._context is not None:
                connection = self._context.wrap_socket(connection, server_side=True)
            with connection:
                self.asked.append(_whole_request(connection))
                for piece in self._pieces(self):
                    connection.sendall(piece)
        except OSError:
            self.left.set()
            connection.close()


def _whole_request(connection: socket.socket) -> bytes:
    """Reads head and body: closing with something unread resets the connection, and the answer may be lost.

    What is no HTTP, such as the beginning of a TLS handshake, is read once.
    """
    asked = b""
    while read := connection.recv(65_536):
        asked += read
        head, end, body = asked.partition(b"\r\n\r\n")
        length = re.search(rb"(?i)content-length: *(\d+)", head)
        if not asked[:1].isalpha() or (end and len(body) >= (int(length[1]) if length else 0)):
            break
    return asked


class Stopwatch(Clock):
    """A clock whose real seconds pass by hand as well."""

    def __init__(self) -> None:
        super().__init__(0.0, 0.0)
        self.passed = 0.0

    def real(self) -> float:
        return self.passed


class Studio:
    """Makes recorders that write to `out`, and emulators that replay it."""

    def __init__(self, folder: Path, upstream: Emulator) -> None:
        self.out = folder / "recorded.yaml"
        self.upstream = upstream

    @contextmanager
    def recording(
        self,
        api: str,
        upstream: str | None = None,
        force: bool = False,
        timeout: httpx.Timeout = PATIENT,
        grace: float = STREAM_GRACE_SECONDS,
        clock: Clock | None = None,
    ) -> Iterator[tuple[str, Recorder]]:
        given = [upstream or self.upstream.url]
        recorder, base = open_recorder(api, given, str(self.out), force, timeout=timeout, grace=grace, clock=clock)
        with Served(recorder) as served:
            yield served.url + base, recorder

    @contextmanager
    def replaying(self, base: str = "") -> Iterator[str]:
        with Emulator(scenarios=[str(self.out)], seed=99) as emulator:
            yield emulator.url + base
