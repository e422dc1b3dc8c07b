"""Reply: the response to a request, whole or as the events of a stream."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from msgspec import Struct, field

from emulator.http.headers import Header, read_lines


class Frame(Struct, frozen=True):
    """One server-sent event as bytes, due `due` seconds after the response starts."""

    due: float
    data: bytes


class StreamTiming(Struct):
    """When the events of a stream were planned and sent, in seconds after the response began.

    `planned` and `content` are as they were before faults changed the stream; `content` is None where none did. `sent`
    are pairs: so many events had been sent, and when. `begun` is when the response began, on the world's clock.
    """

    planned: tuple[float, ...]
    content: bytes | None = None
    sent: list[tuple[int, float]] = field(default_factory=list)
    begun: float = 0.0


class Reply(Struct):
    """HTTP response: status, headers, then one body (with `events` events, if it is a stream), or frames.

    The headers are the text `head`, as it is sent, and the `lines` after it: few are ever looked at one by one.
    `planned` is how many events it had before faults changed it; `delay` is in seconds; `closes` ends the connection
    afterwards; `wire_edits` are what faults do to the raw response; `stated` are the names, in lower case, that `add`
    leaves as they are; `schedule` is that of a paced stream.
    """

    status: int
    lines: list[Header]
    body: bytes = b""
    head: str = ""
    stated: frozenset[bytes] = frozenset()
    frames: list[Frame] | None = None
    events: int = 0
    planned: int = 0
    delay: float = 0.0
    closes: bool = False
    wire_edits: tuple[Callable[[Any], None], ...] = ()
    schedule: StreamTiming | None = None

    @property
    def headers(self) -> list[Header]:
        """All header lines, in order; they may be changed."""
        if self.head:
            self.lines, self.head = read_lines(self.head) + self.lines, ""
        return self.lines

    @headers.setter
    def headers(self, lines: list[Header]) -> None:
        self.lines, self.head = lines, ""

    def add(self, lines: Sequence[Header]) -> None:
        """Adds header lines that every reply has, but for those that this one states itself, or states to be absent."""
        stated = self.stated
        self.lines += [line for line in lines if line[0].lower() not in stated] if stated else lines

    def add_text(self, text: str) -> None:
        """Adds header lines as `add` does, given as they are sent; as a rule there is nothing to compare them with."""
        if self.stated or self.lines:
            self.add(read_lines(text))
        else:
            self.head += text
