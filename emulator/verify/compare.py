"""Comparison: where a target's response differs from the emulator's in status, headers and shape."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from emulator.record.upstream import HOP_BY_HOP, UNRECORDED_PATTERN
from emulator.verify.run import VerifiedReply

NAMES = {bool: "a truth value", str: "a text", dict: "a mapping", list: "a list"}


def kind(value: Any) -> str:
    """Returns the type of a JSON value in words; whole numbers are numbers."""
    return "null" if value is None else NAMES.get(value.__class__, "a number")


def differences(expected: Sequence[Any], actual: Any, path: str = "body") -> Iterator[str]:
    """Yields where `actual` has another type than all of `expected`, or lacks a key that each of them has.

    Additional keys are no difference; a null in `expected` says nothing about the type.
    """
    kinds = {kind(each) for each in expected} - {"null"}
    if actual is None:
        if kinds and len(kinds) == len({kind(each) for each in expected}):
            yield f"{path}: expected {' or '.join(sorted(kinds))}, got null"
    elif kinds and kind(actual) not in kinds:
        yield f"{path}: expected {' or '.join(sorted(kinds))}, got {kind(actual)}"
    elif isinstance(actual, dict):
        yield from _in_mapping([each for each in expected if isinstance(each, dict)], actual, path)
    elif isinstance(actual, list):
        items = [item for each in expected if isinstance(each, list) for item in each]
        for at, item in enumerate(actual if items else ()):
            yield from differences(items, item, f"{path}[{at}]")


def _in_mapping(expected: Sequence[dict[str, Any]], actual: dict[str, Any], path: str) -> Iterator[str]:
    for name in dict.fromkeys(name for each in expected for name in each):
        values = [each[name] for each in expected if name in each]
        if name in actual:
            yield from differences(values, actual[name], f"{path}.{name}")
        elif len(values) == len(expected):
            yield f"{path}.{name}: expected {kind(values[0])}, got nothing"


VALUED = ("content-type",)  # headers whose value counts too, without its parameters


def compare(expected: VerifiedReply, actual: VerifiedReply) -> Iterator[str]:
    """Yields one line for each difference. Responses with different statuses are not compared further."""
    if actual.status != expected.status:
        yield f"status: expected {expected.status}, got {actual.status}"
        return
    for name, value in expected.headers.items():
        if UNRECORDED_PATTERN.fullmatch(name) or name.encode() in HOP_BY_HOP:
            continue
        if name not in actual.headers:
            yield f"header {name}: expected one, got none"
        elif name in VALUED and _media(actual.headers[name]) != _media(value):
            yield f"header {name}: expected {_media(value)}, got {_media(actual.headers[name])}"
    if expected.events is None and actual.events is None:
        yield from differences([expected.body], actual.body)
    elif expected.events is not None and actual.events is not None:
        yield from _events(expected, actual)


def _events(expected: VerifiedReply, actual: VerifiedReply) -> Iterator[str]:
    """Compares the order of the events' names, repeated ones as one, and for each name the shape of its data."""
    orders = [_order(expected), _order(actual)]
    if orders[0] != orders[1]:
        yield f"events: expected {_in_words(orders[0])}, got {_in_words(orders[1])}"
    for name in dict.fromkeys(orders[0]):
        shapes = [data for each, data in expected.events or () if each == name]
        seen = (data for each, data in actual.events or () if each == name)
        yield from dict.fromkeys(line for data in seen for line in differences(shapes, data, f"event {name or 'data'}"))


def _order(reply: VerifiedReply) -> list[str | None]:
    names = [name for name, _ in reply.events or ()]
    return [name for at, name in enumerate(names) if at == 0 or names[at - 1] != name]


def _in_words(order: list[str | None]) -> str:
    return ", ".join(name or "(no name)" for name in order) or "none"


def _media(value: str) -> str:
    return value.partition(";")[0].strip().lower()
