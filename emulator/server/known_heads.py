"""Requests whose head was read before: clients send the same one again and again, and only the bodies differ.

What a head says depends on its bytes alone, so those of the last few hundred are remembered with what httptools found
in them. The rest of a connection's state is its own: a head that says anything about the connection or about how the
body comes is not for here, and nor is a request that has not arrived whole.
"""

from __future__ import annotations

from functools import lru_cache

import httptools
from msgspec import Struct

from emulator.engine.body import read_host
from emulator.http.headers import Header, size_of_lines
from emulator.http.request import Request
from emulator.server.head import BadRequest, check_head, read_target

MAX_BUFFERED = 65_536  # bytes of a head, and of a body that is buffered without a request cycle's back-pressure
MAX_KNOWN = 256
MAX_LENGTH = 4_096  # bytes of a head that is remembered
END = b"\r\n\r\n"
END_LENGTH = len(END)
ELSEWHERE = (b"HEAD", b"CONNECT")  # methods whose requests go through ASGI, or leave HTTP
UNUSUAL = frozenset((b"connection", b"expect", b"transfer-encoding", b"upgrade"))  # but for a usual `connection`


class Head(Struct, frozen=True):
    """What the head of a request says, whose bytes are `raw`; `length` is that of its body, `size` that of its headers.
    All requests with this head share it."""

    raw: bytes
    url: bytes
    method: str
    path: str
    query: str
    lines: tuple[Header, ...]
    fields: dict[bytes, bytes]
    host: str
    authority: str
    length: int
    size: int

    def request(self, body: bytes, scheme: str, peer: object) -> Request:
        """Returns a request with this head, of a client's connection."""
        method, path, query, lines, authority = self.method, self.path, self.query, self.lines, self.authority
        origin = f"{scheme}://{authority}"
        return Request(
            method, path, query, self.fields, self.host, scheme, authority, body, origin, lines, peer, self.size
        )


def whole_request(data: bytes, last: Head | None = None) -> tuple[Head, bytes] | None:
    """Returns head and body if the data is one whole request of the usual kind, else None.

    `last` is a head that it may begin with, as that of the connection's last request, which is sooner compared than
    looked up.
    """
    if last is not None and data.startswith(last.raw) and len(data) == len(last.raw) + last.length:
        return last, data[len(last.raw) :]
    end = data.find(END)
    if not 0 <= end <= MAX_LENGTH:
        return None
    end += END_LENGTH
    head = read_head(data[:end])
    if head is None or head.length > MAX_BUFFERED:
        return None
    body = data[end:]
    return (head, body) if len(body) == head.length else None


@lru_cache(maxsize=MAX_KNOWN)
def read_head(data: bytes) -> Head | None:
    """Reads a head, up to the empty line. Returns None for one that is invalid, or not of the usual kind."""
    found = _Found()
    parser = httptools.HttpRequestParser(found)
    try:
        parser.feed_data(data)
        if parser.get_http_version() != "1.1" or parser.get_method() in ELSEWHERE or parser.should_upgrade():
            return None
        check_head(found.lines, "1.1")
        target = read_target(found.url)
    except (httptools.HttpParserError, httptools.HttpParserUpgrade, UnicodeDecodeError, BadRequest):
        return None  # the connection's parser says what is wrong
    fields = dict(found.lines)
    length = fields.get(b"content-length", b"0")
    authority, host = read_host(fields[b"host"])
    keeps = parser.should_keep_alive() and fields.get(b"connection", b"keep-alive").lower() == b"keep-alive"
    usual = keeps and UNUSUAL.isdisjoint(fields.keys() - {b"connection"}) and length.isdigit() and authority
    # A line that ends without a carriage return may have ended the head before.
    if not usual or target.proxied is not None or data.count(b"\n") != data.count(b"\r\n"):
        return None
    method, query = parser.get_method().decode("ascii"), target.query.decode("latin-1")
    size = size_of_lines(found.lines)
    lines = tuple(found.lines)
    return Head(data, found.url, method, target.path, query, lines, fields, host, authority, int(length), size)


class _Found:
    """What the parser calls back with."""

    def __init__(self) -> None:
        self.url = b""
        self.lines: list[Header] = []

    def on_url(self, url: bytes) -> None:
        self.url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        self.lines.append((name.lower(), value))
