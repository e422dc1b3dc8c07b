"""Results: what a call gives to an agent, in as much text as a model can be expected to read."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import orjson

MAX_SIZE = 40_000  # bytes of JSON, about 10,000 tokens
LONG_TEXTS = (2_000, 500, 100)  # characters that are left of each text: the first that is short enough
MAX_KEYS = 50  # no view has as many: what has more is data
SHORTENED = "shortened"
SHORTENED_SCHEMA = {"type": "string", "description": "what was left out of a long result, and how to get it"}


def size_of(data: Any) -> int:
    """Returns how many bytes data takes as JSON."""
    return len(orjson.dumps(data))


def shorten(data: dict[str, Any], rest: str, newest: bool = False, limit: int = MAX_SIZE) -> dict[str, Any]:
    """Returns a result that takes at most about `limit` bytes: as it is, or with texts and lists shortened.

    Lists keep their first items, or the last ones, which are the `newest`. What was left out stands under `shortened`,
    with `rest`, which says how to get it.
    """
    if size_of(data) <= limit:
        return data
    cut: Any = data
    for longest in LONG_TEXTS:
        cut = _cut_texts(data, longest)
        if size_of(cut) <= limit:
            break
    left_out = [f"texts end after {longest:,} characters"] if cut != data else []
    left_out += _drop_items(cut, newest, limit)
    return {**cut, SHORTENED: f"This result was too long: {'; '.join(left_out)}. {rest}".rstrip()}


def _cut_texts(data: Any, longest: int) -> Any:
    """Returns a copy with each text cut, and each name."""
    if isinstance(data, dict):
        cut: dict[str, Any] = {}
        for name, value in data.items():
            short = _cut_text(name, longest)
            # Two names may begin alike; a number keeps them apart.
            cut[short if short not in cut else f"{short} #{len(cut) + 1}"] = _cut_texts(value, longest)
        return cut
    if isinstance(data, list):
        return [_cut_texts(each, longest) for each in data]
    return _cut_text(data, longest) if isinstance(data, str) else data


def _cut_text(text: str, longest: int) -> str:
    if len(text) <= longest:
        return text
    return f"{text[:longest]}… ({len(text) - longest:,} more characters)"


def _drop_items(data: dict[str, Any], newest: bool, limit: int) -> Iterator[str]:
    """Takes items out of the largest lists until the rest is short enough; yields what is left of each.

    The last item of a list goes only when nothing else can. An object with more keys than any view has is as good as a
    list.
    """
    while (too_much := size_of(data) - limit) > 0:
        found = [(size_of(each), path, each) for path, each in _containers(data, "") if each]
        longer = [each for each in found if len(each[2]) > 1] or found
        if not longer:
            return
        _, path, largest = max(longer, key=lambda each: (each[0], -len(each[1])))
        count, least = len(largest), min(1, len(largest) - 1)
        while len(largest) > least and too_much > 0:
            too_much -= _drop_one(largest, newest)
        yield f"{path} has {'the last ' if newest and largest else ''}{len(largest):,} of {count:,}"


def _drop_one(container: Any, newest: bool) -> int:
    """Takes an item out; returns its size."""
    if isinstance(container, dict):
        return size_of(container.popitem()) + 1
    return size_of(container.pop(0 if newest else -1)) + 1


def _containers(data: Any, path: str) -> Iterator[tuple[str, Any]]:
    if isinstance(data, dict):
        if len(data) > MAX_KEYS:
            yield path, data
        for name, value in data.items():
            yield from _containers(value, f"{path}.{name}".removeprefix("."))
    elif isinstance(data, list):
        yield path, data
        for number, value in enumerate(data):
            yield from _containers(value, f"{path}[{number}]")
