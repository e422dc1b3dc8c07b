"""Telling requests apart: the fewest fields of path, query and body that differ between the recorded ones."""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterator, Sequence
from typing import Any

from emulator.record.request import Asked
from emulator.store.masking import Masker

NAME = re.compile(r"[A-Za-z_][\w-]*")
MOST_ITEMS = 200  # of a list that are looked into
LONG = 500  # characters: a shorter field is a better one to tell by
Facet = tuple[str, str]  # a dotted path, and what of it: its `value`, or the `length` of a list
Facets = dict[Facet, Any]
MISSING = object()
PLAIN = ({"value"}, {"length"}, {"length", "below"})  # what a path that tells requests apart may be in all of them


def facets(asked: Asked, masker: Masker) -> Facets:
    """What a `when` can say of a request."""
    found = _facets(asked.fields, "", asked.redact, masker)
    return {facet: value for facet, value in found if not (masker.is_in(value) or masker.is_in(facet[0]))}


def _facets(value: Any, path: str, redact: frozenset[str], masker: Masker) -> Iterator[tuple[Facet, Any]]:
    if isinstance(value, dict):
        for name, each in value.items():
            if NAME.fullmatch(name) and not masker.is_secret_field(name, redact, each):
                yield from _facets(each, f"{path}.{name}" if path else name, redact, masker)
    elif isinstance(value, list):
        yield (path, "length"), len(value)
        for at, each in enumerate(value[:MOST_ITEMS]):
            yield from _facets(each, f"{path}.{at}", redact, masker)
    else:
        yield (path, "value"), value


class Discriminator:
    """Tells the requests of one operation apart, by facets that change only when they no longer do."""

    def __init__(self) -> None:
        self.requests: list[Facets] = []
        self.chosen: list[Facet] = []
        self.alike: dict[Hashable, list[int]] = {}  # the numbers of the requests that are one, in their order
        self._kinds: dict[str, set[str]] = {}
        self._known: dict[Facet, None] = {}
        self._long: set[Facet] = set()
        self._templated: set[Facet] = set()

    def add(self, request: Facets) -> Hashable | None:
        """Take one more; gives what it is told by, or None when all are told apart in another way from here on."""
        self.requests.append(request)
        self._note(request)
        told = key(request, self.chosen)
        if self._is_told(request, self.alike.get(told)):
            self.alike.setdefault(told, []).append(len(self.requests) - 1)
            return told
        self._choose()
        return None

    def _note(self, request: Facets) -> None:
        for facet in request.keys() - self._known.keys():
            path, kind = facet
            self._kinds.setdefault(path, set()).add(kind)
            while "." in path:
                path = path.rpartition(".")[0]
                self._kinds.setdefault(path, set()).add("below")
        self._known |= dict.fromkeys(request)
        for facet, value in request.items():
            if isinstance(value, str):
                if "{{" in value or "{%" in value:
                    self._templated.add(facet)
                if len(value) > LONG:
                    self._long.add(facet)

    def _tells(self, facet: Facet) -> bool:
        """Whether every request has it, lacks it, or has it of one kind."""
        return facet not in self._templated and self._kinds[facet[0]] in PLAIN

    def _is_told(self, request: Facets, others: list[int] | None) -> bool:
        if not all(map(self._tells, self.chosen)):
            return False
        if any(_is_path(facet) and facet not in self.chosen and self._tells(facet) for facet in request):
            return False
        if others is None:
            return True
        candidates = [facet for facet in {**request, **self.requests[others[0]]} if self._tells(facet)]
        return key(request, candidates) == key(self.requests[others[0]], candidates)

    def _choose(self) -> None:
        """The fewest facets that tell the requests apart, as far as any do; those of the path are always among them."""
        requests = self.requests
        candidates = sorted(filter(self._tells, self._known), key=lambda facet: facet in self._long)
        chosen = [facet for facet in candidates if _is_path(facet)]
        left = [facet for facet in candidates if not _is_path(facet)]
        parts = _parts(requests, chosen)
        most = _parts(requests, candidates)
        while parts < most:
            counts = {facet: _parts(requests, [*chosen, facet]) for facet in left}
            best = max(left, key=lambda facet: counts[facet])
            parts = counts[best]
            chosen.append(best)
            left.remove(best)
        self.chosen = _needed(chosen, requests, most)
        self.alike = {}
        for number, request in enumerate(requests):
            self.alike.setdefault(key(request, self.chosen), []).append(number)


def _is_path(facet: Facet) -> bool:
    return facet[0].startswith("path.")


def _parts(requests: Sequence[Facets], chosen: Sequence[Facet]) -> int:
    """Into how many kinds these facets part the requests."""
    return len({key(request, chosen) for request in requests})


def _needed(chosen: list[Facet], requests: Sequence[Facets], most: int) -> list[Facet]:
    """Without what a later facet has made superfluous."""
    for facet in list(chosen):
        others = [each for each in chosen if each != facet]
        if not _is_path(facet) and _parts(requests, others) == most:
            chosen = others
    return chosen


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
