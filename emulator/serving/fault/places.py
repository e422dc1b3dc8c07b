"""Places: where the bytes of an answer are cut, or put together, for a client that reads them as they come."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import pairwise

from msgspec.structs import replace

from emulator.serving.fault.script import Part

_WIDE = re.compile(rb"[\xc2-\xf4](?=[\x80-\xbf])")
_CRLF = re.compile(rb"\r(?=\n)")
_DATA = re.compile(rb"da(?=ta:)")
Sizes = Iterator[int]
Cuts = Callable[[bytes, Sizes], Iterable[int]]


def _ends(pattern: re.Pattern[bytes]) -> Cuts:
    return lambda data, sizes: (found.end() for found in pattern.finditer(data))


PLACES: Mapping[str, Cuts | None] = {
    "character": _ends(_WIDE),
    "crlf": _ends(_CRLF),
    "data": _ends(_DATA),
    "together": None,
    "byte": lambda data, sizes: range(1, len(data)),
    "bytes": lambda data, sizes: _sized(data, sizes),
}


def slices(parts: Iterable[Part], where: str, sizes: Sizes) -> Iterator[Part]:
    """The parts cut at each such place; `together` puts so many events into one instead."""
    cuts = PLACES[where]
    if cuts is None:
        yield from _together(parts, next(sizes))
        return
    for part in parts:
        places = [0, *cuts(part.data, sizes), len(part.data)]
        for begin, end in pairwise(places):
            if end == len(part.data):
                yield replace(part, data=part.data[begin:])
            else:
                yield replace(part, data=part.data[begin:end], events=0, size=0)


def _sized(data: bytes, sizes: Sizes) -> Iterator[int]:
    at = next(sizes)
    while at < len(data):
        yield at
        at += next(sizes)


def _together(parts: Iterable[Part], size: int) -> Iterator[Part]:
    """So many body parts in one, due when the last of them is; the head and the tail stay by themselves."""
    held: list[Part] = []
    for part in parts:
        if part.kind == "body":
            held.append(part)
        if held and (len(held) == size or part.kind != "body"):
            yield _joined(held)
            held = []
        if part.kind != "body":
            yield part
    if held:
        yield _joined(held)


def _joined(parts: list[Part]) -> Part:
    data = b"".join(part.data for part in parts)
    return Part("body", data, parts[-1].due, sum(part.events for part in parts), sum(part.size for part in parts))
