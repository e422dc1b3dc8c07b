"""HTTP over a bare socket, for tests that send what no well-behaved client sends, or that leave in the middle."""

from __future__ import annotations

import json
import socket
import struct
from collections.abc import Iterable
from dataclasses import dataclass
from types import TracebackType
from typing import Any

from tests.waiting import PATIENCE

GONE = struct.pack("ii", 1, 0)  # linger 0: closing is a reset


@dataclass(frozen=True)
class Answer:
    """One answer as it came: names of headers are lower-case, the body is put together from its chunks."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes
    chunks: tuple[bytes, ...] = ()

    def header(self, name: str) -> str | None:
        """The value of a header that stands there once at most."""
        values = [value for each, value in self.headers if each == name]
        assert len(values) <= 1, f"{name} stands there {len(values)} times"
        return values[0] if values else None

    def json(self) -> Any:
        return json.loads(self.body)


def request(
    method: str, target: str, headers: Iterable[tuple[str, str | bytes]] = (), body: bytes | None = None
) -> bytes:
    """A request as bytes; nothing is checked, and content-length is added when there is a body."""
    lines = [f"{method} {target} HTTP/1.1".encode("latin-1")]
    headers = list(headers)
    if "host" not in (name.lower() for name, _ in headers):
        lines.append(b"host: emulator.test")
    for name, value in headers:
        lines.append(name.encode("latin-1") + b": " + (value if isinstance(value, bytes) else value.encode("latin-1")))
    if body is not None:
        lines.append(b"content-length: %d" % len(body))
    return b"\r\n".join([*lines, b"", b""]) + (body or b"")


class Wire:
    """One connection."""

    def __init__(self, port: int, host: str = "127.0.0.1") -> None:
        self.socket = socket.create_connection((host, port), timeout=PATIENCE)
        self._file = self.socket.makefile("rb")

    def __enter__(self) -> Wire:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def send(self, data: bytes) -> None:
        self.socket.sendall(data)

    def ask(
        self, method: str, target: str, headers: Iterable[tuple[str, str | bytes]] = (), body: bytes | None = None
    ) -> Answer:
        """Send a request and read its answer."""
        self.send(request(method, target, headers, body))
        return self.answer(method)

    def line(self) -> bytes:
        """One line, without its end; empty when the server has closed the connection."""
        return self._file.readline().rstrip(b"\r\n")

    def head(self) -> tuple[int, list[tuple[str, str]]]:
        """Status and headers of an answer whose body is still to come."""
        version, status, _ = self.line().split(b" ", 2)
        assert version == b"HTTP/1.1"
        headers = []
        while line := self.line():
            name, _, value = line.partition(b":")
            headers.append((name.decode().lower(), value.strip().decode("latin-1")))
        return int(status), headers

    def answer(self, method: str = "GET") -> Answer:
        """One whole answer."""
        status, headers = self.head()
        named = dict(headers)
        if method == "HEAD" or status in (100, 204, 304):
            return Answer(status, headers, b"")
        if named.get("transfer-encoding") == "chunked":
            chunks = tuple(iter(self.chunk, b""))
            return Answer(status, headers, b"".join(chunks), chunks)
        return Answer(status, headers, self._file.read(int(named["content-length"])))

    def chunk(self) -> bytes:
        """One chunk of a chunked body; empty at its end."""
        size = int(self.line(), 16)
        data = self._file.read(size)
        assert self.line() == b""
        return data

    def read(self, size: int) -> bytes:
        """So many bytes of a body without chunks; fewer when the server has closed the connection."""
        return self._file.read(size)

    @property
    def ended(self) -> bool:
        """Whether the server has closed the connection; waits for it, or for more to come."""
        return self._file.read(1) == b""

    def leave(self) -> None:
        """Go without a word: the server sees a reset."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, GONE)
        self.close()

    def close(self) -> None:
        self._file.close()
        self.socket.close()
