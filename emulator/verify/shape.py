"""Shapes: what the emulator's answer is like, in types and keys, and where another answer is not."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

NAMES = {bool: "a truth value", str: "a text", dict: "a mapping", list: "a list"}


def kind(value: Any) -> str:
    """What a value of JSON is, in words; whole numbers are numbers."""
    return "null" if value is None else NAMES.get(value.__class__, "a number")


def differences(wanted: Sequence[Any], found: Any, path: str = "body") -> Iterator[str]:
    """Where `found` is not as all of `wanted` are: of another type, or without a key that each of them has.

    A key more is no difference; a null among what is wanted tells nothing of the type.
    """
    kinds = {kind(each) for each in wanted} - {"null"}
    if found is None:
        if kinds and len(kinds) == len({kind(each) for each in wanted}):
            yield f"{path}: wanted {' or '.join(sorted(kinds))}, found null"
    elif kinds and kind(found) not in kinds:
        yield f"{path}: wanted {' or '.join(sorted(kinds))}, found {kind(found)}"
    elif isinstance(found, dict):
        yield from _in_mapping([each for each in wanted if isinstance(each, dict)], found, path)
    elif isinstance(found, list):
        items = [item for each in wanted if isinstance(each, list) for item in each]
        for at, item in enumerate(found if items else ()):
            yield from differences(items, item, f"{path}[{at}]")


def _in_mapping(wanted: Sequence[dict[str, Any]], found: dict[str, Any], path: str) -> Iterator[str]:
    for name in dict.fromkeys(name for each in wanted for name in each):
        values = [each[name] for each in wanted if name in each]
        if name in found:
            yield from differences(values, found[name], f"{path}.{name}")
        elif len(values) == len(wanted):
            yield f"{path}.{name}: wanted {kind(values[0])}, found nothing"
