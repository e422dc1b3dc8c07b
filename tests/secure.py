"""The server under test over TLS, with a certificate made for the occasion; the connection class is the same."""

from __future__ import annotations

import asyncio
import ssl
from pathlib import Path

import trustme
import uvloop

from emulator.server import Server
from tests.running import Running
from tests.wire import Wire

TUNNELLED = "api.small.test"


class SecureRunning(Running):
    """`authority` is a file with the certificate that clients must trust."""

    def __init__(self, folder: Path) -> None:
        issuer = trustme.CA()
        self.authority = folder / "authority.pem"
        self._certificate = folder / "server.pem"
        issuer.cert_pem.write_to_path(self.authority)
        issuer.issue_cert("127.0.0.1", "localhost").private_key_and_cert_chain_pem.write_to_path(self._certificate)
        super().__init__()

    @property
    def origin(self) -> str:
        return f"https://127.0.0.1:{self.port}"

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            self._loop = runner.get_loop()
            self._server = Server(self, self._ready.set)
            self._server.config.ssl_certfile = self._server.config.ssl_keyfile = str(self._certificate)
            runner.run(self._server.serve([self._socket]))


class SecureWire(Wire):
    """One connection over TLS; `raw` is the TCP socket below it."""

    host = "127.0.0.1"

    def __init__(self, port: int, authority: Path) -> None:
        super().__init__(port)
        self._file.close()
        self.raw = self.socket
        self._before()
        context = ssl.create_default_context(cafile=str(authority))
        self.socket = context.wrap_socket(
            self.raw, server_hostname=self.host, suppress_ragged_eofs=False, do_handshake_on_connect=True
        )
        self._file = self.socket.makefile("rb")

    def _before(self) -> None:
        """What is said before TLS begins."""


class TunnelWire(SecureWire):
    """One connection in a tunnel of the HTTPS front."""

    host = TUNNELLED

    def _before(self) -> None:
        self.raw.sendall(f"CONNECT {self.host}:443 HTTP/1.1\r\nHost: {self.host}:443\r\n\r\n".encode())
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            head += self.raw.recv(1)
        assert head.startswith(b"HTTP/1.1 200 ")
