"""Fixtures: the default scenario with its own certificate authority, and tunnels to it."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from emulator.settings.listen import Listen
from emulator.settings.options import Settings
from tests.running import Emulated, Running
from tests.waiting import PATIENCE


class Proxied(Emulated):
    """An emulator with an authority in a folder."""

    def __init__(self, running: Running, folder: Path) -> None:
        settings = Settings(listen=Listen(port=0), reload=False, authority=str(folder))
        super().__init__(running, ("default",), settings=settings)

    @property
    def certificate(self) -> Path:
        return self.app.proxy.authority.certificate_path

    def trusting(self) -> ssl.SSLContext:
        """What a client of Python 3.13 checks by."""
        context = ssl.create_default_context(cafile=str(self.certificate))
        context.verify_flags |= ssl.VERIFY_X509_STRICT
        return context

    def proxied(self) -> httpx.Client:
        """A client that goes through the proxy."""
        client = httpx.Client(proxy=self.origin, verify=self.trusting(), trust_env=False, timeout=PATIENCE)
        self._clients.append(client)
        return client

    def connect(self, target: str, early: bytes = b"") -> tuple[socket.socket, bytes]:
        """A socket on which a CONNECT was sent, and the head of the answer."""
        wire = socket.create_connection(("127.0.0.1", self.running.port), PATIENCE)
        wire.sendall(f"CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n\r\n".encode() + early)
        head = b""
        while not head.endswith(b"\r\n\r\n") and (byte := wire.recv(1)):
            head += byte
        return wire, head


@pytest.fixture
def proxied(running: Running, tmp_path: Path) -> Iterator[Proxied]:
    emulated = Proxied(running, tmp_path / "authority")
    yield emulated
    emulated.close()
