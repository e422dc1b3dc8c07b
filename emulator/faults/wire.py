"""Wire faults: responses that never come, break off or are not HTTP, and connections that end badly."""

from __future__ import annotations

from abc import abstractmethod
from functools import partial
from random import Random
from typing import Annotated, ClassVar

from msgspec.structs import replace

from emulator.faults.base import By, Count, Done, Family, Fault, FaultContext, Seconds, count
from emulator.faults.raw_response import RawResponse, Segment, chunk
from emulator.http.reply import Reply

MAX_BYTES = 1 << 20  # of garbage
INVALID_CHUNK = b"this is no chunk\r\n"  # in the place of the length, which is hexadecimal digits


class WireFault(Fault, frozen=True):
    """A fault that changes the bytes of a response."""

    family: ClassVar[Family] = "wire"
    phase: ClassVar[int] = 6

    def apply(self, reply: Reply, context: FaultContext, chance: Random) -> Reply:
        """Edits the raw response when it is sent."""
        reply.wire_edits += (partial(self.wire_edit, chance=chance),)
        return reply

    @abstractmethod
    def wire_edit(self, raw: RawResponse, chance: Random) -> None:
        """Edits the response as the faults before this one left it; `chance` is the exchange's own."""


class LostResponse(WireFault, frozen=True, kw_only=True):
    """A wire fault that leaves nothing of the response. With `done: no` the request is lost before it is worked on: it
    changes, charges and starts nothing. With `done: random` the seed decides, and the client can't tell."""

    done: Done = "yes"

    def loses(self, draw: float) -> bool:
        """Whether the request is lost: by chance, in every other case."""
        return self.done == "no" or (self.done == "random" and draw < 0.5)


class Timeout(LostResponse, frozen=True):
    """No response comes: the connection hangs until the client leaves, or is closed after `lasts`."""

    name: ClassVar[str] = "timeout"
    lasts: Seconds | None = None

    def wire_edit(self, raw: RawResponse, chance: Random) -> None:
        """Sends nothing."""
        raw.segments = []
        raw.cut("close", self.lasts)


class ResetPeer(LostResponse, frozen=True):
    """The request is processed, or with `done: no` it is not; the connection is reset (TCP RST) after `delay`."""

    name: ClassVar[str] = "reset_peer"
    delay: Seconds = 0.0

    def wire_edit(self, raw: RawResponse, chance: Random) -> None:
        """Sends nothing, and resets the connection."""
        raw.segments = []
        raw.cut("reset", self.delay)


class EmptyResponse(LostResponse, frozen=True):
    """The request is processed, or with `done: no` it is not; the connection is closed without a byte."""

    name: ClassVar[str] = "empty_response"

    def wire_edit(self, raw: RawResponse, chance: Random) -> None:
        """Sends nothing, and closes the connection."""
        raw.segments = []
        raw.cut()


class Garbage(LostResponse, frozen=True):
    """Random bytes, drawn from the seed, come instead of a response, and the connection is closed."""

    name: ClassVar[str] = "garbage"
    bytes: Annotated[int, count(1, MAX_BYTES)] = 64

    def wire_edit(self, raw: RawResponse, chance: Random) -> None:
        """Starts with a byte that no status line starts with, whatever is drawn."""
        raw.segments = [Segment("body", b"\xff" + chance.randbytes(self.bytes - 1))]
        raw.cut()


class MalformedChunk(WireFault, frozen=True):
    """The head and half the body come in chunks, then an invalid chunk, and the connection is closed."""

    name: ClassVar[str] = "malformed_chunk"

    def wire_edit(self, raw: RawResponse, chance: Random) -> None:
        """Keeps the first half of a stream's events, or of a plain body as one chunk."""
        raw.cut()
        head, body = raw.segments[:1], raw.segments[1:]
        if raw.chunked:
            body = body[: len(body) // 2]
        elif head and body:
            half = body[0].data[: len(body[0].data) // 2]
            body = [replace(body[0], data=chunk(half) if half else b"", size=len(half))]
            head = [replace(head[0], data=_in_chunks(head[0].data))]
        raw.segments = [*head, *body]
        raw.segments.append(Segment("body", INVALID_CHUNK, raw.last))


class TruncateBody(WireFault, frozen=True):
    """The body ends after `bytes` bytes, half of it by default; the connection is closed, or `by: reset`.

    The head announces the whole body. In a stream, the framing of chunks does not count.
    """

    name: ClassVar[str] = "truncate_body"
    bytes: Count | None = None
    by: By = "close"

    def wire_edit(self, raw: RawResponse, chance: Random) -> None:
        """Keeps segments up to the count; a body that is no longer than that arrives whole."""
        whole = sum(segment.size for segment in raw.segments)
        left = whole // 2 if self.bytes is None else self.bytes
        if left >= whole:
            return
        kept = []
        for segment in raw.segments:
            if segment.kind == "body" and segment.size > left:
                kept += _beginning(segment, left, raw.chunked)
                break
            kept.append(segment)
            left -= segment.size
        raw.segments = kept
        raw.cut(self.by)


def _beginning(segment: Segment, size: int, chunked: bool) -> list[Segment]:
    """Returns so many bytes of a segment's content, in a chunk that announces all of it."""
    if not size:
        return []
    framing = segment.data.index(b"\r\n") + 2 if chunked else 0
    return [replace(segment, data=segment.data[: framing + size], events=0, size=size)]


def _in_chunks(head: bytes) -> bytes:
    """Returns a head that announces chunks instead of a length, and the end of the connection."""
    lines = [line for line in head.split(b"\r\n") if not line.lower().startswith((b"content-length:", b"connection:"))]
    return b"\r\n".join([*lines[:-2], b"transfer-encoding: chunked", b"", b""])


WIRE_FAULTS: tuple[type[Fault], ...] = (Timeout, ResetPeer, EmptyResponse, Garbage, MalformedChunk, TruncateBody)
