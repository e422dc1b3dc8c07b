"""Telling requests apart: the fewest fields of path, query and body that differ between the recorded ones."""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterator, Sequence
from typing import Any

from emulator.record.recorded import Asked
from emulator.record.secrets import Hidden, is_secret

NAME = re.compile(r"[A-Za-z_][\w-]*")
MOST_ITEMS = 200  # of a list that are looked into
LONG = 500  # characters: a shorter field is a better one to tell by
Facet = tuple[str, str]  # a dotted path, and what of it: its `value`, or the `length` of a list
Facets = dict[Facet, Any]
MISSING = object()


def facets(asked: Asked, hidden: Hidden) -> Facets:
    """What a `when` can say of a request."""
    found = _facets(asked.fields, "", asked.redact)
    return {facet: value for facet, value in found if not hidden.holds(value)}


def _facets(value: Any, path: str, redact: frozenset[str]) -> Iterator[tuple[Facet, Any]]:
    if isinstance(value, dict):
        for name, each in value.items():
            if NAME.fullmatch(name) and not is_secret(name, redact):
                yield from _facets(each, f"{path}.{name}" if path else name, redact)
    elif isinstance(value, list):
        yield (path, "length"), len(value)
        for at, each in enumerate(value[:MOST_ITEMS]):
            yield from _facets(each, f"{path}.{at}", redact)
    else:
        yield (path, "value"), value


def telling(requests: Sequence[Facets]) -> list[Facet]:
    """The facets that tell these requests apart, as far as any do; those of the path are always among them."""
    candidates = _candidates(requests)
    chosen = [facet for facet in candidates if facet[0].startswith("path.")]
    left = [facet for facet in candidates if facet not in chosen]
    parts = len({key(request, chosen) for request in requests})
    most = len({key(request, candidates) for request in requests})
    while parts < most:
        counts = {facet: len({key(request, [*chosen, facet]) for request in requests}) for facet in left}
        best = max(left, key=lambda facet: counts[facet])
        parts = counts[best]
        chosen.append(best)
        left.remove(best)
    return _needed(chosen, requests, most)


def _needed(chosen: list[Facet], requests: Sequence[Facets], most: int) -> list[Facet]:
    """Without what a later facet has made superfluous."""
    for facet in list(chosen):
        others = [each for each in chosen if each != facet]
        if not facet[0].startswith("path.") and len({key(request, others) for request in requests}) == most:
            chosen = others
    return chosen


def _candidates(requests: Sequence[Facets]) -> list[Facet]:
    """The facets that every request has, lacks, or has of one kind; short ones first."""
    known = dict.fromkeys(facet for request in requests for facet in request)
    kinds: dict[str, set[str]] = {}
    for path, kind in known:
        kinds.setdefault(path, set()).add(kind)
        while "." in path:
            path = path.rpartition(".")[0]
            kinds.setdefault(path, set()).add("below")
    plain = [
        facet
        for facet in known
        if kinds[facet[0]] in ({"value"}, {"length"}, {"length", "below"}) and not _templated(facet, requests)
    ]
    return sorted(plain, key=lambda facet: any(len(str(request.get(facet, ""))) > LONG for request in requests))


def _templated(facet: Facet, requests: Sequence[Facets]) -> bool:
    values = [request.get(facet) for request in requests]
    return any(isinstance(value, str) and ("{{" in value or "{%" in value) for value in values)


def key(request: Facets, chosen: Sequence[Facet]) -> Hashable:
    """What these facets say of a request; `true` is not `1`."""
    values = [request.get(facet, MISSING) for facet in chosen]
    return tuple((value.__class__, value) for value in values)


def when_of(request: Facets, chosen: Sequence[Facet]) -> dict[str, Any]:
    """The `when` that these facets make for a request."""
    when: dict[str, Any] = {}
    for path, kind in chosen:
        value = request.get((path, kind), MISSING)
        if value is MISSING:
            when[path] = {"present": False}
        else:
            when[path] = {"length": value} if kind == "length" else value
    return when
