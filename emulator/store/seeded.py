"""Seeded: the records and jobs that were written or removed by hand, which no request has made as they are."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from itertools import islice

import orjson

from emulator.store.backend import Backend

COLLECTION = "seeded"
MAX_SEEDED = 100_000
MAX_NAMED = 100  # that one exchange is marked with


class Seeded:
    """What was seeded in one world, each as `api/collection/id`, with the names by which requests speak of it."""

    def __init__(self, store: Backend) -> None:
        self._records = store.records

    @property
    def any(self) -> bool:
        """Whether anything was seeded."""
        return self._records.count(COLLECTION) > 0

    def note(self, api: str, collection: str, id: str, *names: str) -> None:
        """Notes that a record of a collection, or a job of a kind, was written or removed by hand."""
        known = self._records.get(COLLECTION, what := f"{api}/{collection}/{id}") or ()
        self._records.put(COLLECTION, what, sorted({id, *names, *known}), cap=MAX_SEEDED)

    def has(self, api: str, collection: str, id: str) -> bool:
        """Whether this record or job was seeded."""
        return self._records.get(COLLECTION, f"{api}/{collection}/{id}") is not None

    def named(self, api: str, texts: Collection[str], *bodies: bytes) -> tuple[str, ...]:
        """Returns what was seeded of an API that one of the texts is, or that is a whole text in a body of JSON; at
        most MAX_NAMED."""
        return tuple(islice(self._named(f"{api}/", texts, bodies), MAX_NAMED))

    def _named(self, prefix: str, texts: Collection[str], bodies: tuple[bytes, ...]) -> Iterator[str]:
        for what, names in self._records.items(COLLECTION):
            if what.startswith(prefix) and any(
                name in texts or any(orjson.dumps(name) in body for body in bodies) for name in names
            ):
                yield what
