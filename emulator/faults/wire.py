"""Faults on the wire: answers that never come, that break off, that are no HTTP, and connections that end badly."""

from __future__ import annotations

from abc import abstractmethod
from functools import partial
from random import Random
from typing import ClassVar

from msgspec.structs import replace

from emulator.faults.base import By, Count, Family, Fault, FaultContext, Positive, Seconds
from emulator.faults.raw_response import RawResponse, Segment, chunk
from emulator.http import Reply

NO_CHUNK = b"this is no chunk\r\n"  # where the length of one should stand, in hexadecimal digits


class WireFault(Fault, frozen=True):
    """A fault that changes an answer's bytes on the wire."""

    family: ClassVar[Family] = "wire"
    turn: ClassVar[int] = 6

    def spoil(self, reply: Reply, context: FaultContext, chance: Random) -> Reply:
        """Change the script when it is written."""
        reply.twists += (partial(self.twist, chance=chance),)
        return reply

    @abstractmethod
    def twist(self, script: RawResponse, chance: Random) -> None:
        """Change the answer as it would have gone out so far."""


class Timeout(WireFault, frozen=True):
    """Nothing is answered: the connection hangs until the client leaves, or is closed when it `lasts` long enough."""

    name: ClassVar[str] = "timeout"
    lasts: Seconds | None = None

    def twist(self, script: RawResponse, chance: Random) -> None:
        """Say nothing."""
        script.parts = []
        script.cut("close", self.lasts)


class ResetPeer(WireFault, frozen=True):
    """The request is read and done, and then the connection is reset (TCP RST), after `delay`."""

    name: ClassVar[str] = "reset_peer"
    delay: Seconds = 0.0

    def twist(self, script: RawResponse, chance: Random) -> None:
        """Say nothing, and reset."""
        script.parts = []
        script.cut("reset", self.delay)


class EmptyResponse(WireFault, frozen=True):
    """The request is read and done, and then the connection is closed without a byte."""

    name: ClassVar[str] = "empty_response"

    def twist(self, script: RawResponse, chance: Random) -> None:
        """Say nothing, and close."""
        script.parts = []
        script.cut()


class Garbage(WireFault, frozen=True):
    """Instead of an answer come random bytes, drawn from the seed, and the connection is closed."""

    name: ClassVar[str] = "garbage"
    bytes: Positive = 64

    def twist(self, script: RawResponse, chance: Random) -> None:
        """Begin with what begins no status line, whatever is drawn."""
        script.parts = [Segment("body", b"\xff" + chance.randbytes(min(self.bytes, _MOST) - 1))]
        script.cut()


class MalformedChunk(WireFault, frozen=True):
    """The head and half the body come in chunks, then something that is no chunk, and the connection is closed."""

    name: ClassVar[str] = "malformed_chunk"

    def twist(self, script: RawResponse, chance: Random) -> None:
        """Keep the first half of a stream's events, or of a plain body as a chunk."""
        script.cut()
        lead, body = script.parts[:1], script.parts[1:]
        if script.chunked:
            body = body[: len(body) // 2]
        elif lead and body:
            half = body[0].data[: len(body[0].data) // 2]
            body = [replace(body[0], data=chunk(half) if half else b"", size=len(half))]
            lead = [replace(lead[0], data=_in_chunks(lead[0].data))]
        script.parts = [*lead, *body]
        script.parts.append(Segment("body", NO_CHUNK, script.last))


class TruncateBody(WireFault, frozen=True):
    """So many bytes of the body come, half of it by default, then the connection is closed, or `by: reset`.

    The head promises all of it. A stream is counted without the framing of its chunks.
    """

    name: ClassVar[str] = "truncate_body"
    bytes: Count | None = None
    by: By = "close"

    def twist(self, script: RawResponse, chance: Random) -> None:
        """Keep parts until the count is full; a body that is no longer than that arrives whole."""
        whole = sum(part.size for part in script.parts)
        left = whole // 2 if self.bytes is None else self.bytes
        if left >= whole:
            return
        kept = []
        for part in script.parts:
            if part.kind == "body" and part.size > left:
                kept += _beginning(part, left, script.chunked)
                break
            kept.append(part)
            left -= part.size
        script.parts = kept
        script.cut(self.by)


def _beginning(part: Segment, size: int, chunked: bool) -> list[Segment]:
    """So many bytes of a part's content, in a chunk that promises all of them."""
    if not size:
        return []
    framing = part.data.index(b"\r\n") + 2 if chunked else 0
    return [replace(part, data=part.data[: framing + size], events=0, size=size)]


def _in_chunks(head: bytes) -> bytes:
    """A head that announces chunks instead of a length, and the end of the connection."""
    lines = [line for line in head.split(b"\r\n") if not line.lower().startswith((b"content-length:", b"connection:"))]
    return b"\r\n".join([*lines[:-2], b"transfer-encoding: chunked", b"", b""])


_MOST = 1 << 20

WIRE_FAULTS: tuple[type[Fault], ...] = (Timeout, ResetPeer, EmptyResponse, Garbage, MalformedChunk, TruncateBody)
