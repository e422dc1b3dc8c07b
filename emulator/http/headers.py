"""Header lines as bytes in order, and as the text that is sent."""

from __future__ import annotations

from collections.abc import Iterable

Header = tuple[bytes, bytes]


def read_lines(text: str) -> list[Header]:
    """Returns the header lines of a text as it is sent, in which each line has an end."""
    lines = (line.partition(b": ") for line in text.encode("latin-1").split(b"\r\n")[:-1])
    return [(name, value) for name, _, value in lines]


def size_of_lines(lines: Iterable[Header]) -> int:
    """Returns how many bytes the names and values of header lines have."""
    return sum(len(name) + len(value) for name, value in lines)


def write_lines(lines: Iterable[Header]) -> str:
    """Returns header lines as the text that is sent."""
    return b"".join([b"%b: %b\r\n" % line for line in lines]).decode("latin-1")
