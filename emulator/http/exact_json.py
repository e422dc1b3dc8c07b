"""Exact JSON: reads a body, and refuses what has too many values or levels, or would not be kept exactly.

A long body is read in turns: whoever runs `read_in_turns` lets others do something at each `yield`. No turn looks at
more than a few megabytes, but for that in which the parser runs, which can't be interrupted.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import orjson

from emulator.clock.turns import Turns, at_once
from emulator.errors import ApiError

# What is read is checked, matched and rendered while nothing else runs: so many values take 0.15 s at most.
MAX_VALUES = 200_000  # in a body: 10,000 rows have 20 each
MAX_KEYS = 10_000  # of one object
MAX_DEPTH = 200  # levels of lists and mappings; replies nest a body deeper, and JSON writers stop at 254
LONG_BODY = 256 * 2**10  # bytes; what is shorter is read in one turn
TURN = 2 * 2**20  # bytes, or characters
VALUES_PER_TURN = 20_000
DIGITS = bytes(48 if 48 <= byte < 58 else 32 for byte in range(256))  # every digit as 0, all else as a space
LONG_NUMBER = b"0" * 19  # the digits that the shortest number of more than 64 bits has
MAX_PLACE = 1_000  # characters of a field's name, or of the way to it, that a message shows
ESCAPES = re.compile(rb"\\*.?", re.DOTALL)
QUOTE, QUOTE_BY_NUMBER = b'"', rb"\u0022"


def read_json(raw: bytes) -> Any:
    """Returns the content of JSON. Raises ApiError("invalid")."""
    size = len(raw)
    if size > LONG_BODY:
        return at_once(read_in_turns(raw))
    if size > MAX_VALUES:
        at_once(_require_few_values(raw, MAX_VALUES))
    content = _parse(raw)
    if size > 2 * MAX_DEPTH:
        commas = raw.count(b",") if size > 5 * MAX_KEYS else 0
        _require_within_limits(content, commas, raw.count(b"[") + raw.count(b"{"))
    check_exact(raw, content)
    return content


def read_in_turns(raw: bytes, max_values: int = MAX_VALUES) -> Turns[Any]:
    """Returns what `read_json` does, and yields whenever others should get a turn."""
    commas, brackets = yield from _require_few_values(raw, max_values)
    content = _parse(raw)
    yield
    _require_within_limits(content, commas, brackets)
    yield
    yield from _check_in_turns(raw, content)
    return content


def check_exact(raw: bytes, content: Any) -> None:
    """Raises ApiError("invalid") where the content of JSON is not all that was sent: a key that came twice, or a whole
    number of more than 64 bits. `content` is what orjson makes of `raw`, nested no deeper than its writer goes.

    What is left out shows in the number of quotation marks, some of which may be written as \\u0022. Most clients
    write JSON just as orjson does, and then nothing need be counted.
    """
    written = orjson.dumps(content)
    if written == raw:
        return
    if raw.count(QUOTE) + raw.count(QUOTE_BY_NUMBER) != written.count(QUOTE):
        _require_unique(raw)
    if LONG_NUMBER in raw.translate(DIGITS):
        _require_short(raw)


def _check_in_turns(raw: bytes, content: Any) -> Turns[None]:
    """Does what `check_exact` does, without writing the content anew."""
    sent = (yield from _count(raw, QUOTE)) + (yield from _count(raw, QUOTE_BY_NUMBER))
    if sent != (yield from _quotation_marks(content)):
        yield
        _require_unique(raw)
    for start in range(0, len(raw), TURN):
        yield
        if LONG_NUMBER in raw[start : start + TURN + len(LONG_NUMBER) - 1].translate(DIGITS):
            yield
            _require_short(raw)
            return


# ------------------------------------------------------------------------------------------------ how much there is


def _require_few_values(raw: bytes, max_values: int) -> Turns[tuple[int, int]]:
    """Raises ApiError("invalid") for JSON of too many values, before it is read: reading them takes long too.

    An empty list counts as if it had a value. Commas and brackets in texts are left out only if there are many.
    Returns how many there are of both, with those in texts.
    """
    commas = yield from _count(raw, b",")
    brackets = (yield from _count(raw, b"[")) + (yield from _count(raw, b"{"))
    if commas + brackets > max_values:
        values = texts = 0
        for part in _parts(raw):
            yield
            part = part if b"\\" not in part else part.replace(rb"\\", b"").replace(rb"\"", b"")
            inside, marks = texts % 2, part.count(QUOTE)
            texts += marks
            if texts <= 4 * max_values:
                between = b"".join(part.split(QUOTE)[inside::2])
                values += between.count(b",") + between.count(b"[") + between.count(b"{")
            if texts > 4 * max_values or values > max_values:
                raise ApiError("invalid", f"the body has more than {max_values:,} values")
    return commas, brackets


def _parts(raw: bytes) -> Iterator[bytes]:
    """Yields the body piece by piece; none ends between a backslash and what it escapes."""
    start = 0
    while start < len(raw):
        end = start + TURN
        if raw[end - 1 : end] == b"\\":
            end = ESCAPES.match(raw, end).end()  # type: ignore[union-attr]  # it matches nothing, too
        yield raw[start:end]
        start = end


def _count(raw: bytes, mark: bytes) -> Turns[int]:
    """Counts a mark, which does not overlap with itself."""
    found = 0
    for start in range(0, len(raw), TURN):
        found += raw.count(mark, start, start + TURN + len(mark) - 1)
        yield
    return found


def _require_within_limits(content: Any, commas: int, brackets: int) -> None:
    """Raises ApiError("invalid") for too many levels, or keys of an object. The counts say whether it need be looked
    for; those in texts may be among them."""
    if (brackets > MAX_DEPTH or commas >= MAX_KEYS) and (excess := _excess(content)):
        raise ApiError("invalid", f"the body {excess}")


def _excess(content: Any) -> str | None:
    """Says what a body has too much of: levels, or keys of an object; None when it is within limits."""
    level = [content] if isinstance(content, (dict, list)) else []
    for _ in range(MAX_DEPTH + 1):
        if not level:
            return None
        most = max((len(each) for each in level if isinstance(each, dict)), default=0)
        if most > MAX_KEYS:
            return f"has an object with {most:,} keys; at most {MAX_KEYS:,}"
        inside = (child for each in level for child in (each.values() if isinstance(each, dict) else each))
        level = [child for child in inside if isinstance(child, (dict, list))]
    return f"is nested deeper than {MAX_DEPTH} levels"


# ------------------------------------------------------------------------------------------------ what it says


def _parse(raw: bytes) -> Any:
    try:
        return orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise ApiError("invalid", _unreadable(raw, error)) from error


def _unreadable(raw: bytes, error: orjson.JSONDecodeError) -> str:
    try:
        raw.decode()
    except UnicodeDecodeError as fault:
        return f"the body is not UTF-8: byte {fault.start + 1} is {raw[fault.start]:#04x}"
    return f"the body is not valid JSON: {error}"


def _quotation_marks(content: Any) -> Turns[int]:
    """Counts the quotation marks with which a content is written: those around texts, and those in them."""
    marks = looked = size = 0
    left = [content]
    while left:
        value = left.pop()
        looked += 1
        if isinstance(value, str):
            marks += 2 + value.count('"')
            size += len(value)
        elif isinstance(value, list):
            left += value
        elif isinstance(value, dict):
            left += value
            left += value.values()
        if size > TURN or looked % VALUES_PER_TURN == 0:
            size = 0
            yield
    return marks


def _require_unique(raw: bytes) -> None:
    try:
        json.loads(raw, object_pairs_hook=_unique, parse_int=len, parse_float=len)
    except _Duplicate:
        place = _place_of(_Duplicate, json.loads(raw, object_pairs_hook=_marked, parse_int=len, parse_float=len))
        reason = "this key is given more than once"
        raise ApiError("invalid", f"{place[:100]}: {reason}", param=place[:MAX_PLACE]) from None


class _Duplicate(Exception):
    """A key that an object has twice, or what stands for it where its place is looked for."""


def _unique(pairs: list[tuple[str, Any]]) -> None:
    names: set[str] = set()
    for name, _ in pairs:
        if name in names:
            raise _Duplicate
        names.add(name)


def _marked(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    content: dict[str, Any] = {}
    for name, value in pairs:
        if name in content:
            return {name: _Duplicate()}
        content[name] = value
    return content


class _Long:
    """Stands for a whole number that does not fit into 64 bits."""


def _require_short(raw: bytes) -> None:
    """Raises ApiError("invalid") for a whole number that does not fit into 64 bits. Where it stands is looked for only
    if there is one, since that takes much longer."""
    found: list[_Long] = []

    def read(digits: str) -> Any:
        if len(digits) <= 20 and -(2**63) <= int(digits) < 2**64:
            return None
        found.append(_Long())
        return found[-1]

    exact = json.loads(raw, parse_int=read, parse_float=len)
    if found:
        place = _place_of(_Long, exact)[:MAX_PLACE]
        reason = "a whole number of more than 64 bits, which can't be kept exactly"
        raise ApiError("invalid", f"{place or 'body'}: {reason}", param=place or None)


def _place_of(kind: type, content: Any) -> str:
    """Returns the dotted place of a value of this kind; empty where it is the whole, or there is none."""
    left: list[tuple[str, Any]] = [("", content)]
    while left:
        place, value = left.pop()
        if isinstance(value, kind):
            return place
        if isinstance(value, (dict, list)):
            inside = value.items() if isinstance(value, dict) else enumerate(value)
            left += [(f"{place}.{name}" if place else str(name), child) for name, child in inside]
    return ""
