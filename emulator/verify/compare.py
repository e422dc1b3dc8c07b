"""Comparing: where a target's answer differs from the emulator's in status, headers and shape."""

from __future__ import annotations

from collections.abc import Iterator

from emulator.record.worth import DROPPED, HOPS
from emulator.verify.answer import Answer
from emulator.verify.shape import differences

VALUED = ("content-type",)  # of these the value counts too, without its parameters


def compare(wanted: Answer, found: Answer) -> Iterator[str]:
    """One line for each difference. An answer of another status is compared no further."""
    if found.status != wanted.status:
        yield f"status: wanted {wanted.status}, found {found.status}"
        return
    for name, value in wanted.headers.items():
        if DROPPED.fullmatch(name) or name.encode() in HOPS:
            continue
        if name not in found.headers:
            yield f"header {name}: wanted one, found none"
        elif name in VALUED and _media(found.headers[name]) != _media(value):
            yield f"header {name}: wanted {_media(value)}, found {_media(found.headers[name])}"
    if wanted.events is None and found.events is None:
        yield from differences([wanted.body], found.body)
    elif wanted.events is not None and found.events is not None:
        yield from _events(wanted, found)


def _events(wanted: Answer, found: Answer) -> Iterator[str]:
    """The order of the events' names, repeated ones as one, and for each name the shape of its data."""
    orders = [_order(wanted), _order(found)]
    if orders[0] != orders[1]:
        yield f"events: wanted {_told(orders[0])}, found {_told(orders[1])}"
    for name in dict.fromkeys(orders[0]):
        shapes = [data for each, data in wanted.events or () if each == name]
        seen = (data for each, data in found.events or () if each == name)
        yield from dict.fromkeys(line for data in seen for line in differences(shapes, data, f"event {name or 'data'}"))


def _order(answer: Answer) -> list[str | None]:
    names = [name for name, _ in answer.events or ()]
    return [name for at, name in enumerate(names) if at == 0 or names[at - 1] != name]


def _told(order: list[str | None]) -> str:
    return ", ".join(name or "(no name)" for name in order) or "none"


def _media(value: str) -> str:
    return value.partition(";")[0].strip().lower()
