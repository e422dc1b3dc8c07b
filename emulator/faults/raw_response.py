"""A script: an answer as the bytes of the wire, each run with its moment, and what becomes of the connection."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from typing import Literal

from msgspec import Struct

from emulator.http import BODILESS, Header, Reply

Kind = Literal["head", "body", "tail"]
Ending = str  # keep, close or reset: what becomes of the connection


class Segment(Struct, frozen=True):
    """Bytes that leave together, due so many seconds after the answer begins.

    With the last of them, `events` events and `size` bytes of the content have left. What is `apart` is written by
    itself, so that it travels in a segment of its own.
    """

    kind: Kind
    data: bytes
    due: float = 0.0
    events: int = 0
    size: int = 0
    apart: bool = False


class RawResponse(Struct):
    """All parts in order; `wait` seconds after the last (None: for ever), the connection ends as `ending` says.

    `whole` is whether the client can take what it gets for a complete answer; `chunked` that the body goes in chunks.
    """

    parts: list[Segment]
    chunked: bool
    ending: Ending = "keep"
    wait: float | None = 0.0
    whole: bool = True

    @property
    def last(self) -> float:
        """When the last part is due."""
        return self.parts[-1].due if self.parts else 0.0

    def cut(self, ending: Ending = "close", wait: float | None = 0.0) -> None:
        """Leave out what ends the body, and end the connection instead."""
        self.parts = [part for part in self.parts if part.kind != "tail"]
        self.ending, self.wait, self.whole = ending, wait, False


Twist = Callable[[RawResponse], None]


def raw_response(reply: Reply, method: str, version: str, keep_alive: bool) -> RawResponse:
    """The answer as it would leave without faults (RFC 9112)."""
    frames = reply.frames
    bodiless = method == "HEAD" or reply.status in BODILESS
    chunked = reply.events > 0 and reply.status not in BODILESS
    ends = chunked and version == "1.0"  # which knows no chunks: the end of the connection ends the body
    keep_alive = keep_alive and not ends and not reply.closes
    lines = list(reply.headers)
    if chunked and not ends:
        lines.append((b"transfer-encoding", b"chunked"))
    elif not chunked and reply.status not in BODILESS:
        lines.append((b"content-length", b"%d" % len(reply.body)))
    script = RawResponse([], chunked and not ends, "keep" if keep_alive else "close")
    script.parts.append(Segment("head", head(reply.status, lines, keep_alive)))
    if bodiless:
        return script
    if frames is None:
        script.parts.append(_body(script, reply.body, 0.0, reply.events))
    else:
        script.parts += [_body(script, frame.data, frame.due, 1) for frame in frames]
    if script.chunked:
        script.parts.append(Segment("tail", b"0\r\n\r\n", script.last))
    return script


def head(status: int, lines: list[Header], keep_alive: bool) -> bytes:
    """Status line and header lines as they leave."""
    phrase = HTTPStatus(status).phrase.encode() if status in _KNOWN else b""
    closing = [] if keep_alive else [(b"connection", b"close")]
    written = [b"HTTP/1.1 %d %b" % (status, phrase), *(name + b": " + value for name, value in [*lines, *closing])]
    return b"\r\n".join([*written, b"", b""])


def chunk(data: bytes) -> bytes:
    """Data as one chunk (RFC 9112 section 7.1)."""
    return b"%x\r\n%b\r\n" % (len(data), data)


def _body(script: RawResponse, data: bytes, due: float, events: int) -> Segment:
    return Segment("body", chunk(data) if script.chunked and data else data, due, events, len(data))


_KNOWN = frozenset(HTTPStatus)
