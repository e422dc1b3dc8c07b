"""Running: the server on an event loop of its own, until a signal stops it.

The loop is uvloop's where it is installed, else asyncio's, which is slower and otherwise the same.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import socket
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

from emulator.app import Application
from emulator.server.http_server import Server
from emulator.server.reload import watch_files

# Thresholds of the garbage collector's three generations. Nothing else runs during a collection, so each must be small:
# hundreds of open streams in one collection take a tenth of a second.
GC_THRESHOLDS = (2_000, 1, 500)


def loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """Returns what makes the loop, as asyncio.Runner takes it."""
    try:
        import uvloop
    except ImportError:
        return None
    return uvloop.new_event_loop


def run_loop(work: Coroutine[Any, Any, None]) -> None:
    """Runs a coroutine to its end on a loop of its own."""
    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        runner.run(work)


async def serve(
    app: Application,
    sockets: list[socket.socket],
    ready: Callable[[], None],
    tls: Sequence[socket.socket] = (),
    control: Sequence[socket.socket] = (),
) -> None:
    """Serves until a signal stops it; reloads changed scenarios if the settings say so.

    Raises ConfigError when the file of the state can't be restored, or can't be written at the end.
    """
    watch = asyncio.create_task(watch_files(app)) if app.settings.reload else None
    try:
        server = Server(app, ready, tls, read_timeout=app.settings.read_timeout, state=app.state_file, control=control)
        await server.serve(sockets)
    finally:
        if watch is not None:
            watch.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await watch


def run(
    app: Application,
    sockets: list[socket.socket],
    ready: Callable[[], None],
    tls: Sequence[socket.socket] = (),
    control: Sequence[socket.socket] = (),
) -> int:
    """Serves until SIGINT or SIGTERM; returns the exit status, 0 for both. Raises ConfigError as `serve` does."""
    # What is loaded stays: the collector need not scan it again and again while requests are served. Nor once now,
    # which would take a tenth of the start and find some hundred objects.
    gc.freeze()
    gc.set_threshold(*GC_THRESHOLDS)
    gc.enable()
    with contextlib.suppress(KeyboardInterrupt):
        run_loop(serve(app, sockets, ready, tls, control))
    return 0
