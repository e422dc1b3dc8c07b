"""The server under test over TLS: by a listener of its own, and in tunnels of the HTTPS proxy."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from pathlib import Path

import uvloop

from emulator.https.proxy import HttpsProxy
from emulator.server.http_server import READ_TIMEOUT, Server
from emulator.server.listeners import bind
from emulator.settings.listen import Listen
from emulator.settings.options import Settings
from tests.running import Running
from tests.wire import Wire

EMULATED = "api.small.test"


class SecureRunning(Running):
    """A server with a TLS listener, whose authority is in `folder`; `tls_port` is where it listens."""

    def __init__(
        self, folder: Path, read_timeout: float = READ_TIMEOUT, workers: Callable[[], int] = lambda: 1
    ) -> None:
        self._proxy = HttpsProxy(lambda: {EMULATED}, lambda: folder)
        (self._tls,) = bind(Settings(listen=Listen(port=0)))
        self.tls_port: int = self._tls.getsockname()[1]
        super().__init__(read_timeout=read_timeout, workers=workers)

    @property
    def proxy(self) -> HttpsProxy:
        return self._proxy

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            self.loop = runner.get_loop()
            self._server = Server(self, self._ready.set, [self._tls], read_timeout=self._read_timeout)
            runner.run(self._server.serve([self._socket]))


class SecureWire(Wire):
    """One connection over TLS to an emulated host; `raw` is the TCP socket below it."""

    def __init__(self, port: int, authority: Path) -> None:
        super().__init__(port)
        self._file.close()
        self.raw = self.socket
        self._before()
        context = ssl.create_default_context(cafile=str(authority))
        self.socket = context.wrap_socket(
            self.raw, server_hostname=EMULATED, suppress_ragged_eofs=False, do_handshake_on_connect=True
        )
        self._file = self.socket.makefile("rb")

    def _before(self) -> None:
        """What is said before TLS begins."""


class TunnelWire(SecureWire):
    """One connection in a tunnel of the HTTPS proxy."""

    def _before(self) -> None:
        self.raw.sendall(f"CONNECT {EMULATED}:443 HTTP/1.1\r\nHost: {EMULATED}:443\r\n\r\n".encode())
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            head += self.raw.recv(1)
        assert head.startswith(b"HTTP/1.1 200 ")
