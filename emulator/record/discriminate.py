"""Discriminator: finds the fewest fields of path, query and body that tell recorded requests apart.

The chosen facets change only when a new request makes them insufficient: then `add` returns None, and all rules of the
operation are written again.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterator, Sequence
from typing import Any

from emulator.record.request import RecordedRequest
from emulator.store.masking import Masker

NAME = re.compile(r"[A-Za-z_][\w-]*")
MAX_ITEMS = 200  # of a list that are considered
LONG = 500  # characters: shorter fields are preferred
Facet = tuple[str, str]  # a dotted path, and what of it: its `value`, or the `length` of a list
Facets = dict[Facet, Any]
MISSING = object()
PLAIN = ({"value"}, {"length"}, {"length", "below"})  # the kinds of facet that a usable path may have in all requests


def facets(request: RecordedRequest, masker: Masker) -> Facets:
    """Returns what a `when` can say about a request."""
    all_facets = _facets(request.fields, "", request.redact, masker)
    return {facet: value for facet, value in all_facets if not (masker.is_in(value) or masker.is_in(facet[0]))}


def _facets(value: Any, path: str, redact: frozenset[str], masker: Masker) -> Iterator[tuple[Facet, Any]]:
    if isinstance(value, dict):
        for name, each in value.items():
            if NAME.fullmatch(name) and not masker.is_secret_field(name, redact, each):
                yield from _facets(each, f"{path}.{name}" if path else name, redact, masker)
    elif isinstance(value, list):
        yield (path, "length"), len(value)
        for at, each in enumerate(value[:MAX_ITEMS]):
            yield from _facets(each, f"{path}.{at}", redact, masker)
    else:
        yield (path, "value"), value


class Discriminator:
    """Tells the requests of one operation apart."""

    def __init__(self) -> None:
        self.requests: list[Facets] = []
        self.chosen: list[Facet] = []
        self.groups: dict[Hashable, list[int]] = {}  # numbers of the requests that are the same, in their order
        self._kinds: dict[str, set[str]] = {}
        self._known: dict[Facet, None] = {}
        self._long: set[Facet] = set()
        self._templated: set[Facet] = set()

    def add(self, request: Facets) -> Hashable | None:
        """Adds a request; returns its key, or None when all requests have other keys from here on."""
        self.requests.append(request)
        self._note(request)
        request_key = key(request, self.chosen)
        if self._is_distinct(request, self.groups.get(request_key)):
            self.groups.setdefault(request_key, []).append(len(self.requests) - 1)
            return request_key
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

    def _is_usable(self, facet: Facet) -> bool:
        """Whether every request has the facet, lacks it, or has it of one kind."""
        return facet not in self._templated and self._kinds[facet[0]] in PLAIN

    def _is_distinct(self, request: Facets, others: list[int] | None) -> bool:
        if not all(map(self._is_usable, self.chosen)):
            return False
        if any(_is_path(facet) and facet not in self.chosen and self._is_usable(facet) for facet in request):
            return False
        if others is None:
            return True
        candidates = [facet for facet in {**request, **self.requests[others[0]]} if self._is_usable(facet)]
        return key(request, candidates) == key(self.requests[others[0]], candidates)

    def _choose(self) -> None:
        """Chooses the fewest facets that tell the requests apart, as far as any do, and always those of the path."""
        requests = self.requests
        candidates = sorted(filter(self._is_usable, self._known), key=lambda facet: facet in self._long)
        chosen = [facet for facet in candidates if _is_path(facet)]
        left = [facet for facet in candidates if not _is_path(facet)]
        count = _group_count(requests, chosen)
        best = _group_count(requests, candidates)
        while count < best:
            counts = {facet: _group_count(requests, [*chosen, facet]) for facet in left}
            choice = max(left, key=lambda facet: counts[facet])
            count = counts[choice]
            chosen.append(choice)
            left.remove(choice)
        self.chosen = _without_redundant(chosen, requests, best)
        self.groups = {}
        for number, request in enumerate(requests):
            self.groups.setdefault(key(request, self.chosen), []).append(number)


def _is_path(facet: Facet) -> bool:
    return facet[0].startswith("path.")


def _group_count(requests: Sequence[Facets], chosen: Sequence[Facet]) -> int:
    """Returns how many groups of requests these facets make."""
    return len({key(request, chosen) for request in requests})


def _without_redundant(chosen: list[Facet], requests: Sequence[Facets], best: int) -> list[Facet]:
    """Removes the facets that a later one has made redundant."""
    for facet in list(chosen):
        others = [each for each in chosen if each != facet]
        if not _is_path(facet) and _group_count(requests, others) == best:
            chosen = others
    return chosen


def key(request: Facets, chosen: Sequence[Facet]) -> Hashable:
    """Returns the values of these facets in a request; `true` is not `1`."""
    values = [request.get(facet, MISSING) for facet in chosen]
    return tuple((value.__class__, value) for value in values)


def when_of(request: Facets, chosen: Sequence[Facet]) -> dict[str, Any]:
    """Returns the `when` that these facets make for a request."""
    when: dict[str, Any] = {}
    for path, kind in chosen:
        value = request.get((path, kind), MISSING)
        if value is MISSING:
            when[path] = {"present": False}
        else:
            when[path] = {"length": value} if kind == "length" else value
    return when
