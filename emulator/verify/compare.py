"""Comparing: where a target's answer differs from the emulator's in status, headers and shape."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from emulator.record.upstream import HOP_BY_HOP, UNRECORDED_PATTERN
from emulator.verify.run import VerifiedReply

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


VALUED = ("content-type",)  # of these the value counts too, without its parameters


def compare(wanted: VerifiedReply, found: VerifiedReply) -> Iterator[str]:
    """One line for each difference. An answer of another status is compared no further."""
    if found.status != wanted.status:
        yield f"status: wanted {wanted.status}, found {found.status}"
        return
    for name, value in wanted.headers.items():
        if UNRECORDED_PATTERN.fullmatch(name) or name.encode() in HOP_BY_HOP:
            continue
        if name not in found.headers:
            yield f"header {name}: wanted one, found none"
        elif name in VALUED and _media(found.headers[name]) != _media(value):
            yield f"header {name}: wanted {_media(value)}, found {_media(found.headers[name])}"
    if wanted.events is None and found.events is None:
        yield from differences([wanted.body], found.body)
    elif wanted.events is not None and found.events is not None:
        yield from _events(wanted, found)


def _events(wanted: VerifiedReply, found: VerifiedReply) -> Iterator[str]:
    """The order of the events' names, repeated ones as one, and for each name the shape of its data."""
    orders = [_order(wanted), _order(found)]
    if orders[0] != orders[1]:
        yield f"events: wanted {_told(orders[0])}, found {_told(orders[1])}"
    for name in dict.fromkeys(orders[0]):
        shapes = [data for each, data in wanted.events or () if each == name]
        seen = (data for each, data in found.events or () if each == name)
        yield from dict.fromkeys(line for data in seen for line in differences(shapes, data, f"event {name or 'data'}"))


def _order(answer: VerifiedReply) -> list[str | None]:
    names = [name for name, _ in answer.events or ()]
    return [name for at, name in enumerate(names) if at == 0 or names[at - 1] != name]


def _told(order: list[str | None]) -> str:
    return ", ".join(name or "(no name)" for name in order) or "none"


def _media(value: str) -> str:
    return value.partition(";")[0].strip().lower()
