"""Serving on a socket: uvicorn set up for this application, reading changed scenarios again, and a stop that stops."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import socket
from collections.abc import Callable
from functools import partial
from types import FrameType

import uvicorn
from starlette.types import ASGIApp

from emulator.app import Application
from emulator.errors import ConfigError
from emulator.https.proxy import HttpsProxy
from emulator.language.document.reader import SUFFIXES
from emulator.server.protocol import HttpProtocol
from emulator.server.tls import TlsListener, hearing
from emulator.settings import Listen, Settings

LOG = logging.getLogger("emulator")
BACKLOG = 2_048
KEEP_ALIVE = 75.0  # real seconds after which a connection that nothing is asked on is closed
# After how many objects made and not freed the collector looks at the youngest, how many such looks a generation waits
# for. It stands still meanwhile, so it must look at few: hundreds of open streams in one go are a tenth of a second.
GARBAGE = (2_000, 1, 500)


def bind(settings: Settings) -> socket.socket:
    """A listening socket. Raises ConfigError when the address can't be had."""
    return _bind(settings.listen, "--listen")


def bind_tls(settings: Settings) -> socket.socket | None:
    """The socket of the TLS listener, if there is to be one. Raises ConfigError when the address can't be had."""
    return None if settings.tls_listen is None else _bind(settings.tls_listen, "--tls-listen")


def _bind(address: Listen, flag: str) -> socket.socket:
    host, port = address.host, address.port
    sock: socket.socket | None = None
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        sock = socket.socket(family, socket.SOCK_STREAM)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((host, port))
        sock.listen(BACKLOG)  # until then another process may bind the same port, and find out too late
    except OSError as error:
        if sock is not None:
            sock.close()
        raise ConfigError(
            f"can't listen on {address}: {error.strerror or error}; choose another with {flag} HOST:PORT"
        ) from error
    return sock


class Server(uvicorn.Server):
    """A uvicorn server that ends open streams at once when it is told to stop, and tells when it is ready.

    On `tls`, a listening socket, connections begin with TLS; the application has a `front` then.
    A connection that is idle for `keep_alive` real seconds is closed.
    """

    def __init__(
        self,
        app: ASGIApp,
        ready: Callable[[], None] = lambda: None,
        tls: socket.socket | None = None,
        keep_alive: float = KEEP_ALIVE,
    ) -> None:
        config = uvicorn.Config(
            app,
            interface="asgi3",
            proxy_headers=False,
            http="emulator.server.protocol:HttpProtocol",
            loop="uvloop",
            ws="none",
            lifespan="on",
            log_config=None,
            access_log=False,
            date_header=False,
            server_header=False,
            backlog=BACKLOG,
            timeout_graceful_shutdown=0,
            timeout_keep_alive=keep_alive,  # type: ignore[arg-type]  # uvicorn only adds it
        )
        super().__init__(config)
        self._app = app
        self._ready = ready
        self._tls = tls

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started and self._tls is not None:
            await self._listen_tls(self._tls)
        if self.started:
            self._ready()

    async def _listen_tls(self, sock: socket.socket) -> None:
        front: HttpsProxy = getattr(self._app, "front")  # noqa: B009 - an ASGI application need not have one
        loop = asyncio.get_running_loop()
        make = partial(HttpProtocol, self.config, self.server_state, self.lifespan.state, loop)
        doorway = partial(TlsListener, front, hearing(), make, self.server_state.tasks)
        self.servers.append(await loop.create_server(doorway, sock=sock, backlog=BACKLOG))

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Stop. uvicorn would raise the signal again afterwards, but a stop that was asked for is no failure."""
        super().handle_exit(sig, frame)
        self._captured_signals.clear()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        # From here on uvicorn only complains of streams that a stop cuts off, and that is what a stop is for.
        logging.getLogger("uvicorn").setLevel(logging.CRITICAL)
        await super().shutdown(sockets)
        for connection in list(self.server_state.connections):  # above TLS they wait for the client's farewell
            connection.transport.abort()


async def serve(
    app: Application, sock: socket.socket, ready: Callable[[], None], tls: socket.socket | None = None
) -> None:
    """Serve until told to stop, reading changed scenarios again when the settings say so."""
    watch = asyncio.create_task(watch_files(app)) if app.settings.reload else None
    try:
        await Server(app, ready, tls).serve([sock])
    finally:
        if watch is not None:
            watch.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await watch


async def watch_files(app: Application) -> None:
    """Reload when a scenario or fixture changes on disk; ends, and says so, when the system can't watch any more."""
    from watchfiles import awatch

    try:
        while True:
            folders = app.watched()
            async for _ in awatch(*folders, watch_filter=_is_document, debounce=200, step=50, recursive=False):
                app.reload()
                if app.watched() != folders:
                    break
    except OSError as error:
        LOG.warning("changed scenarios will not be read again: %s", error)


def _is_document(change: object, path: str) -> bool:
    return path.endswith(SUFFIXES)


def run(app: Application, sock: socket.socket, ready: Callable[[], None], tls: socket.socket | None = None) -> int:
    """Serve until SIGINT or SIGTERM; gives the exit status, 0 for both."""
    import uvloop

    # What is loaded stays: the collector need not look through it again and again while requests are answered.
    gc.collect()
    gc.freeze()
    gc.set_threshold(*GARBAGE)
    gc.enable()
    with contextlib.suppress(KeyboardInterrupt):
        uvloop.run(serve(app, sock, ready, tls))
    return 0
