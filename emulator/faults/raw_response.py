"""Raw responses: a reply as timed segments of bytes, and what happens to the connection after them."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Literal

from msgspec import Struct

from emulator.clock.world_clock import Clock
from emulator.http.headers import Header
from emulator.http.reply import Reply
from emulator.http.status import BODILESS, phrase

Kind = Literal["head", "body", "tail"]
Ending = str  # keep, forget (see `silence`), close or reset: what happens to the connection


class Outage(Struct, frozen=True):
    """How long which ports of the server (http, https or both) refuse connections, by the clock of a world.

    `attend` marks a task that works in that world, which ends with it.
    """

    seconds: float
    port: str
    clock: Clock
    attend: Callable[[], AbstractContextManager[None]]


class Segment(Struct, frozen=True):
    """Bytes that are written together, due `due` seconds after the response starts.

    With the last of them, `events` events and `size` bytes of the content have been sent. A segment that is `apart` is
    written by itself, so that it travels in a TCP segment of its own.
    """

    kind: Kind
    data: bytes
    due: float = 0.0
    events: int = 0
    size: int = 0
    apart: bool = False


class RawResponse(Struct):
    """All segments in order; `wait` seconds after the last one (None: never) the connection ends as `ending` says.

    One that is forgotten is kept, and closed after so many seconds of `silence` (None: when the next request arrives).
    With an `outage`, other connections are refused from its end on.
    `whole` is False when the client can tell that the response is incomplete; `chunked` means chunked transfer coding.
    """

    segments: list[Segment]
    chunked: bool
    ending: Ending = "keep"
    wait: float | None = 0.0
    whole: bool = True
    silence: float | None = None
    outage: Outage | None = None

    @property
    def last(self) -> float:
        """When the last segment is due, in seconds."""
        return self.segments[-1].due if self.segments else 0.0

    def cut(self, ending: Ending = "close", wait: float | None = 0.0) -> None:
        """Removes the end of the body, and ends the connection instead."""
        self.segments = [segment for segment in self.segments if segment.kind != "tail"]
        self.ending, self.wait, self.whole = ending, wait, False


WireEdit = Callable[[RawResponse], None]


def raw_response(reply: Reply, method: str, version: str, keep_alive: bool) -> RawResponse:
    """Returns the response as it is sent without faults (RFC 9112)."""
    frames = reply.frames
    bodiless = method == "HEAD" or reply.status in BODILESS
    chunked = reply.events > 0 and reply.status not in BODILESS
    ends = chunked and version == "1.0"  # HTTP/1.0 has no chunks: the end of the connection ends the body
    keep_alive = keep_alive and not ends and not reply.closes
    lines = list(reply.headers)
    if chunked and not ends:
        lines.append((b"transfer-encoding", b"chunked"))
    elif not chunked and reply.status not in BODILESS:
        lines.append((b"content-length", b"%d" % len(reply.body)))
    raw = RawResponse([], chunked and not ends, "keep" if keep_alive else "close")
    raw.segments.append(Segment("head", head(reply.status, lines, keep_alive)))
    if bodiless:
        return raw
    if frames is None:
        raw.segments.append(_body(raw, reply.body, 0.0, reply.events))
    else:
        raw.segments += [_body(raw, frame.data, frame.due, 1) for frame in frames]
    if raw.chunked:
        raw.segments.append(Segment("tail", b"0\r\n\r\n", raw.last))
    return raw


def head(status: int, lines: list[Header], keep_alive: bool) -> bytes:
    """Returns the status line and the headers as bytes."""
    closing = [] if keep_alive else [(b"connection", b"close")]
    written = [
        b"HTTP/1.1 %d %b" % (status, phrase(status).encode()),
        *(name + b": " + value for name, value in [*lines, *closing]),
    ]
    return b"\r\n".join([*written, b"", b""])


def chunk(data: bytes) -> bytes:
    """Returns the data as one chunk (RFC 9112 section 7.1)."""
    return b"%x\r\n%b\r\n" % (len(data), data)


def _body(raw: RawResponse, data: bytes, due: float, events: int) -> Segment:
    return Segment("body", chunk(data) if raw.chunked and data else data, due, events, len(data))
