"""JSON is put together: bytes that are known at load, and holes that each answer fills."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from msgspec import Struct
from orjson import dumps

from emulator.errors import EmulatorError, Location
from emulator.language.expressions.encode import encode, failure
from emulator.language.expressions.quick import Quick, joined, named
from emulator.language.expressions.reference import Evaluate

Write = Callable[[Mapping[str, Any]], bytes]


class Hole(Struct, frozen=True):
    """What only the request decides: a value, or `ready` JSON. Complaints give its place and call it by its name.

    `way` is the quick way to the value, when there is one.
    """

    evaluate: Evaluate
    place: Location
    name: str
    ready: bool = False
    way: Quick | None = None


Part = bytes | Hole


class Member(Struct, frozen=True):
    """One entry of an object (`lead` is its key) or of a list. An optional one that writes nothing is left out."""

    lead: bytes
    parts: Sequence[Part]
    optional: bool
    place: Location


def assemble(parts: Iterable[Part]) -> Write:
    """A function that fills the holes and gives the whole JSON."""
    merged = _merge(parts)
    match merged:
        case []:
            return lambda context: b""
        case [bytes() as data]:
            return lambda context: data
        case [Hole(ready=True) as hole]:
            return hole.evaluate
    return _writer(merged)


def quick_pieces(parts: Iterable[Part], write: Callable[[Any], bytes], most: int) -> Quick | None:
    """The quick way to JSON with few holes: bytes that are known, and `write(value)` of each hole, added up."""
    merged = _merge(parts)
    holes = [part for part in merged if isinstance(part, Hole)]
    if len(holes) > most or any(hole.way is None or hole.ready for hole in holes):
        return None
    ways = [_encoded(part.way, write) if isinstance(part, Hole) else named(part) for part in merged]
    return joined(" + ".join("%" for _ in ways), *ways)


def _encoded(way: Quick | None, write: Callable[[Any], bytes]) -> Quick | None:
    """Text is what most holes hold, and needs no more than its encoding."""
    return joined("(%(v) if (v := %).__class__ is str else %(v))", named(dumps), way, named(write))


def _merge(parts: Iterable[Part]) -> list[Part]:
    merged: list[Part] = []
    for part in parts:
        if merged and isinstance(part, bytes) and isinstance(merged[-1], bytes):
            merged[-1] += part
        else:
            merged.append(part)
    return merged


def _writer(parts: Sequence[Part]) -> Write:
    static = [part if isinstance(part, bytes) else b"" for part in parts]
    holes = {index: part for index, part in enumerate(parts) if isinstance(part, Hole)}
    steps = [(index, hole.evaluate, hole.ready) for index, hole in holes.items()]

    def write(context: Mapping[str, Any]) -> bytes:
        filled = static.copy()
        at = 0
        try:
            for at, evaluate, ready in steps:
                value = evaluate(context)
                kind = value.__class__
                if kind is str or kind is int:
                    filled[at] = dumps(value)
                else:
                    filled[at] = value if ready else encode(value)
        except EmulatorError:
            raise
        except Exception as error:
            raise failure(error, holes[at].place, holes[at].name) from error
        return b"".join(filled)

    return write


def members(entries: Sequence[Member]) -> list[Part]:
    """Entries with commas between those that are there: each optional one brings its own comma."""
    first = next((index for index, entry in enumerate(entries) if not entry.optional), None)
    if first is None:
        return [_all_optional(entries)] if entries else []
    parts: list[Part] = []
    for index, entry in enumerate(entries):
        before = b"," if index > first else b""
        after = b"," if index < first else b""
        if entry.optional:
            write = _optional(before + entry.lead, assemble(entry.parts), after)
            parts.append(Hole(write, entry.place, "", ready=True))
        else:
            parts.extend((before + entry.lead, *entry.parts))
    return parts


def _optional(before: bytes, write: Write, after: bytes) -> Write:
    def wrapped(context: Mapping[str, Any]) -> bytes:
        data = write(context)
        return before + data + after if data else b""

    return wrapped


def _all_optional(entries: Sequence[Member]) -> Hole:
    writers = [_optional(entry.lead, assemble(entry.parts), b"") for entry in entries]
    return Hole(
        lambda context: b",".join([data for data in [write(context) for write in writers] if data]),
        entries[0].place,
        "",
        ready=True,
    )
