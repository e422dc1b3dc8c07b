"""HTTP server: uvicorn configured for this application, with a stop that ends open streams."""

from __future__ import annotations

import asyncio
import logging
import math
import socket
from collections.abc import Callable, Sequence
from functools import partial
from types import FrameType
from typing import TYPE_CHECKING, Any

import uvicorn
from starlette.types import ASGIApp

from emulator.clock.world_clock import Clock
from emulator.https.proxy import HttpsProxy
from emulator.server.guarded import GuardedProtocol
from emulator.server.listeners import BACKLOG, CONTROL
from emulator.server.ports import Make, Ports
from emulator.server.protocol import HttpProtocol
from emulator.server.time_limits import ServerConfig
from emulator.server.tls import TlsListener, hello_context
from emulator.server.write_batch import WriteBatch
from emulator.settings.options import Settings

if TYPE_CHECKING:
    from emulator.state_file import StateFile

READ_TIMEOUT = Settings().read_timeout
KEEP_ALIVE = 75.0  # real seconds after which an idle connection is closed
# Passes of the loop in which what has arrived is processed: a full buffer of the kernel takes up to 24 reads, and what
# follows the last one (a failed handshake, a stream that ends with its client) fewer than ten.
SETTLING_PASSES = 100


class Server(uvicorn.Server):
    """uvicorn server that ends open streams at once when it stops, and calls `ready` once it accepts requests.

    Connections to `tls`, listening sockets, start with TLS; the application then has a `proxy` attribute. To those of
    `control`, its `control_only` responds.
    A connection that is idle for `keep_alive` real seconds is closed. A head that is not complete after `read_timeout`
    of them, and a body of which nothing comes for as long, are refused; 0: they may take any time.
    `state` is the file that the application's state comes from, and perhaps goes to.
    """

    def __init__(
        self,
        app: ASGIApp,
        ready: Callable[[], None] = lambda: None,
        tls: Sequence[socket.socket] = (),
        keep_alive: float = KEEP_ALIVE,
        read_timeout: float = READ_TIMEOUT,
        state: StateFile | None = None,
        control: Sequence[socket.socket] = (),
    ) -> None:
        self._ports = Ports()
        self._writes = WriteBatch()
        self._keep_alive, self._read_timeout = keep_alive, read_timeout
        super().__init__(self._config_of(app))
        self._app = app
        self._ready = ready
        self._tls = tls
        self._state = state
        self._control = control

    def _config_of(self, app: ASGIApp) -> ServerConfig:
        config = ServerConfig(
            app,
            interface="asgi3",
            proxy_headers=False,
            http="emulator.server.protocol:HttpProtocol",
            loop="none",
            ws="none",
            lifespan="on",
            log_config=None,
            access_log=False,
            date_header=False,
            server_header=False,
            backlog=BACKLOG,
            timeout_graceful_shutdown=0,
            timeout_keep_alive=self._keep_alive,  # type: ignore[arg-type]  # uvicorn only adds it
        )
        config.read_timeout = self._read_timeout or math.inf
        config.ports, config.writes = self._ports, self._writes
        return config

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Raises ConfigError when the state can't be what the file says."""
        if self._state is not None:
            await self._state.begin()
        await super().startup([])  # the ports are opened here
        if not self.started:
            return
        for sock in sockets or ():
            await self._open("http", sock, self._making(self.config), self._making(self.config, GuardedProtocol))
        for sock in self._tls:
            proxy: HttpsProxy = getattr(self._app, "proxy")  # noqa: B009 - an ASGI application need not have one
            make = self._making(self.config)
            await self._open("https", sock, partial(TlsListener, proxy, hello_context(), make, self.server_state.tasks))
        if self._control:
            config = self._config_of(getattr(self._app, "control_only"))  # noqa: B009
            config.load()
            for sock in self._control:
                await self._open(CONTROL, sock, self._making(config))
        self._ready()

    def _making(self, config: uvicorn.Config, kind: type[HttpProtocol] = HttpProtocol) -> Callable[[], HttpProtocol]:
        """Returns what makes the connections of a port."""
        loop = asyncio.get_running_loop()
        return partial(kind, config, self.server_state, self.lifespan.state, loop)

    async def _open(
        self, kind: str, sock: socket.socket, make: Make, guarded: Callable[[], HttpProtocol] | None = None
    ) -> None:
        port: Any = await self._ports.open(kind, sock, make, guarded)  # uvicorn only closes it
        self.servers.append(port)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Stops the server. uvicorn would raise the signal again afterwards, but a requested stop is not a failure."""
        super().handle_exit(sig, frame)
        self._captured_signals.clear()

    async def settle(self) -> None:
        """Processes what has arrived by now, such as the last bytes and the ends of connections of a client that left.

        A request that comes after them, on a connection of its own, may well be answered before: TLS and
        cancelled streams take several passes of the loop.
        """
        clock = Clock()
        for _ in range(SETTLING_PASSES):
            await clock.sleep(0)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        # From here on uvicorn only logs errors about open streams, which a stop ends on purpose.
        logging.getLogger("uvicorn").setLevel(logging.CRITICAL)
        await super().shutdown(sockets)
        for connection in list(self.server_state.connections):  # TLS connections wait for the client to close
            connection.transport.abort()
        if self._state is not None:
            self._state.end()  # in case a second signal kept the application from doing so
            if self._state.failure is not None:
                raise self._state.failure
