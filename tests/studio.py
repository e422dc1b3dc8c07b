"""Recording in tests: an upstream, a recorder before it, an emulator that replays; each on a socket of its own."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType

import uvloop
from starlette.types import ASGIApp

from emulator import Emulator
from emulator.record.command import open_recorder
from emulator.record.recorder import Recorder
from emulator.server import Server, bind
from emulator.settings import Listen, Settings

PATIENCE = 30.0


class Served:
    """Any ASGI application in a thread: serves from `with` to its end."""

    def __init__(self, app: ASGIApp) -> None:
        self._socket = bind(Settings(listen=Listen(port=0)))
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


class Studio:
    """Makes recorders that write to `out`, and emulators that replay it."""

    def __init__(self, folder: Path, upstream: Emulator) -> None:
        self.out = folder / "recorded.yaml"
        self.upstream = upstream

    @contextmanager
    def recording(self, api: str, upstream: str | None = None, force: bool = False) -> Iterator[tuple[str, Recorder]]:
        recorder, base = open_recorder(api, [upstream or self.upstream.url], str(self.out), force)
        with Served(recorder) as served:
            yield served.url + base, recorder

    @contextmanager
    def replaying(self, base: str = "") -> Iterator[str]:
        with Emulator(scenarios=[str(self.out)], seed=99) as emulator:
            yield emulator.url + base
