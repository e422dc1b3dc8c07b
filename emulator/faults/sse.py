"""Event stream faults: streams as other servers write them, valid by the WHATWG HTML standard (section 9.2)."""

from __future__ import annotations

import re
from collections.abc import Callable
from random import Random
from typing import Annotated, ClassVar

from msgspec.structs import replace

from emulator.faults.base import Family, Fault, FaultContext, Positive, Seconds, Text, choice
from emulator.http.reply import Reply

BOM = "\ufeff".encode()
LINE_ENDS = {"crlf": b"\r\n", "cr": b"\r"}
_SPACED = re.compile(rb"^(event|data|id|retry): (?! )", re.M)


class StyleFault(Fault, frozen=True):
    """A fault that writes events otherwise; which events there are, and when they are due, stays."""

    family: ClassVar[Family] = "stream"
    phase: ClassVar[int] = 4

    def apply(self, reply: Reply, context: FaultContext, chance: Random) -> Reply:
        """Writes each event anew, by its number from 0."""
        if reply.frames is not None:
            write = self.writer()
            reply.frames = [replace(frame, data=write(at, frame.data)) for at, frame in enumerate(reply.frames)]
        return reply

    def writer(self) -> Callable[[int, bytes], bytes]:
        """Returns the function of an event's number and bytes that writes it."""
        raise NotImplementedError


class SseLineEnds(StyleFault, frozen=True):
    """The lines of a stream end in CR LF, or with `cr` in CR alone."""

    name: ClassVar[str] = "sse_line_ends"
    phase: ClassVar[int] = 5  # the lines that others add end alike
    ends: Annotated[str, choice(*LINE_ENDS)] = "crlf"

    def writer(self) -> Callable[[int, bytes], bytes]:
        """Replaces every LF."""
        end = LINE_ENDS[self.ends]
        return lambda at, data: data.replace(b"\n", end)


class SseBom(StyleFault, frozen=True):
    """The stream begins with a byte order mark."""

    name: ClassVar[str] = "sse_bom"
    phase: ClassVar[int] = 5

    def writer(self) -> Callable[[int, bytes], bytes]:
        """Adds it."""
        return lambda at, data: data if at else BOM + data


class SseComments(StyleFault, frozen=True):
    """A comment with this `text` precedes every `every`-th event, as servers send them to keep connections alive."""

    name: ClassVar[str] = "sse_comments"
    text: Text = "keep-alive"
    every: Positive = 1

    def writer(self) -> Callable[[int, bytes], bytes]:
        """Adds a comment and an empty line before the first event, and before each that follows so many others."""
        comment = b": " + " ".join(self.text.split()).encode() + b"\n\n"
        return lambda at, data: data if at % self.every else comment + data


class SseRetry(StyleFault, frozen=True):
    """The first event has the field `retry`: clients shall wait for `time` before they reconnect."""

    name: ClassVar[str] = "sse_retry"
    time: Seconds = 3.0

    def writer(self) -> Callable[[int, bytes], bytes]:
        """Adds the field `retry`, in milliseconds."""
        field = b"retry: %d\n" % round(self.time * 1_000)
        return lambda at, data: data if at else field + data


class SseNoSpace(StyleFault, frozen=True):
    """There is no space between the names of fields and their values: `data:x`."""

    name: ClassVar[str] = "sse_no_space"

    def writer(self) -> Callable[[int, bytes], bytes]:
        """Removes the space after each name, unless another one follows, which clients would take for it."""
        return lambda at, data: _SPACED.sub(rb"\1:", data)


SSE_FAULTS: tuple[type[Fault], ...] = (SseLineEnds, SseBom, SseComments, SseRetry, SseNoSpace)
