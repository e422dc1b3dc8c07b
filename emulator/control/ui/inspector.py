"""The inspector: serves the page at /_emulator/ui, which shows the exchanges of a world and steers it.

The page is plain files beside this module: no build step, nothing from elsewhere. They hold no data, so they are served
without a token; whatever the page shows, it asks of the control API, as any other client does.
"""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from msgspec import Struct
from starlette.types import ASGIApp, Receive, Scope, Send

from emulator.compile.lint import CONTROL
from emulator.http.entity_tags import is_known, tag_of
from emulator.http.headers import Header

PREFIX = f"{CONTROL}/ui"
INDEX = "index.html"
METHODS = ("GET", "HEAD")
FOLDER = Path(__file__).parent
TYPES = {".html": b"text/html", ".js": b"text/javascript", ".css": b"text/css"}
CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'"
)
HEADERS: tuple[Header, ...] = (
    (b"cache-control", b"no-cache"),  # kept, but never shown before the server has said that it is still the same
    (b"content-security-policy", CSP.encode()),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"referrer-policy", b"no-referrer"),
    (b"vary", b"accept-encoding"),
    (b"x-content-type-options", b"nosniff"),
)


class _File(Struct, frozen=True):
    plain: tuple[bytes, bytes]  # its bytes, and their tag
    packed: tuple[bytes, bytes]
    kind: bytes


class Inspector:
    """The ASGI application of the page's files; everything else goes to the control API."""

    def __init__(self, control: ASGIApp) -> None:
        self._control = control

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["path"]
        if scope["type"] != "http" or not path.startswith(PREFIX):
            await self._control(scope, receive, send)
            return
        file = _files().get(path[len(PREFIX) :].strip("/") or INDEX)
        if file is None or path[len(PREFIX) : len(PREFIX) + 1] not in ("", "/"):
            await self._control(scope, receive, send)  # which answers that there is no such route
            return
        if scope["method"] not in METHODS:
            await _refuse(scope["method"] == "OPTIONS", send)
            return
        fields = dict(scope["headers"])
        packs = b"gzip" in fields.get(b"accept-encoding", b"")
        body, tag = file.packed if packs else file.plain
        lines = [*HEADERS, (b"etag", tag), (b"content-type", file.kind + b"; charset=utf-8")]
        status = 304 if is_known(fields.get(b"if-none-match", b""), tag) else 200
        if status == 200:
            lines += [(b"content-length", b"%d" % len(body)), *([(b"content-encoding", b"gzip")] if packs else [])]
        await send({"type": "http.response.start", "status": status, "headers": lines})
        shown = status == 200 and scope["method"] == "GET"
        await send({"type": "http.response.body", "body": body if shown else b""})


async def _refuse(asked: bool, send: Send) -> None:
    """Lists the methods that a file takes: 204 for OPTIONS, which asked for them, 405 for others."""
    lines = [*HEADERS, (b"allow", b"GET, HEAD, OPTIONS"), *([] if asked else [(b"content-length", b"0")])]
    await send({"type": "http.response.start", "status": 204 if asked else 405, "headers": lines})
    await send({"type": "http.response.body", "body": b""})


@cache
def _files() -> dict[str, _File]:
    """Returns the files of the page by name; read once."""
    return {path.name: file for path, file in _read()}


def _read() -> Iterator[tuple[Path, _File]]:
    for path in sorted(FOLDER.iterdir()):
        if path.suffix in TYPES:
            plain = path.read_bytes()
            packed = gzip.compress(plain, mtime=0)
            yield path, _File((plain, tag_of(plain)), (packed, tag_of(packed)), TYPES[path.suffix])
