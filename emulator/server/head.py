"""Request heads: what their target says, and whether they keep to the rules of HTTP."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple
from urllib.parse import unquote

import httptools

from emulator.http.headers import Header
from emulator.https.hosts import normalize_host
from emulator.https.proxy import HTTP, HTTPS

AUTHORITY = re.compile(rb"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._~!$&'()*+;=%-]*)(:[0-9]{0,5})?")
MAX_PORT = 65_535
ENCODED_SLASH = re.compile("%2F", re.IGNORECASE)


class BadRequest(Exception):
    """A request that breaks the rules of HTTP itself; raised by a callback of the parser, it refuses the request."""

    def __init__(self, status: int, reason: str) -> None:
        self.status = status
        super().__init__(reason)


class RequestTarget(NamedTuple):
    """Target of a request: its decoded path and its query; of an absolute one (to a proxy) also host, port, scheme."""

    path: str
    query: bytes
    proxied: tuple[str, int] | None = None
    scheme: str = ""


@lru_cache(maxsize=128)
def read_target(target: bytes) -> RequestTarget:
    """Parses a request's target. An encoded slash stays `%2F`: it does not separate segments (RFC 3986 section 2.2).

    Cached, because clients send the same targets again and again. Raises httptools.HttpParserError or
    UnicodeDecodeError for an invalid one.
    """
    if target == b"*":  # OPTIONS, about the server as a whole (RFC 9110 section 9.3.7)
        return RequestTarget("*", b"")
    url = httptools.parse_url(target)
    path = (url.path or b"/").decode("ascii")  # an empty path is the same as `/` (RFC 9110 section 4.2.3)
    if "%" in path:
        path = "%2F".join(map(unquote, ENCODED_SLASH.split(path)))
    if not url.host:
        return RequestTarget(path, url.query or b"")
    scheme = "https" if url.schema and url.schema.lower() == b"https" else "http"
    port = url.port or (HTTPS if scheme == "https" else HTTP)
    return RequestTarget(path, url.query or b"", (normalize_host(url.host.decode("ascii")), port), scheme)


def plain_target(target: bytes) -> bytes:
    """Returns a target as uvicorn can parse it, with a path: `http://host?query` becomes `http://host/?query`."""
    place, mark, query = target.partition(b"?")
    if place == b"*":
        return b"/*"
    return target if place.count(b"/") > 2 or place.startswith(b"/") else b"%b/%b%b" % (place, mark, query)


def host_header(target: bytes) -> bytes:
    """Returns the Host header of an absolute target: its host and port, without the user."""
    url = httptools.parse_url(target)
    host = b"[%b]" % url.host if b":" in url.host else url.host
    return b"%b:%d" % (host, url.port) if url.port else host


def check_head(headers: list[Header], version: str) -> None:
    """Raises BadRequest: 400 unless there is one valid Host (RFC 9112 section 3.2; none will do in HTTP/1.0), 501 for a
    transfer coding other than chunked (section 6.1)."""
    hosts = 0
    for name, value in headers:
        if name == b"host":
            hosts += 1
            if not is_authority(value):
                raise BadRequest(400, "the Host header is not a host and port")
        elif name == b"transfer-encoding" and (version == "1.0" or value.strip().lower() != b"chunked"):
            raise BadRequest(501, "a transfer coding other than chunked in HTTP/1.1 is not supported")
    if hosts != 1 and (hosts or version != "1.0"):
        raise BadRequest(
            400, f"there are {hosts} Host headers; expected one" if hosts else "the Host header is missing"
        )


@lru_cache(maxsize=128)
def is_authority(host: bytes) -> bool:
    """Whether the value of a Host header is a host, perhaps with a port, or empty (RFC 9112 section 3.2)."""
    found = AUTHORITY.fullmatch(host)
    return found is not None and int((found[2] or b"")[1:] or 0) <= MAX_PORT
