"""Seeded: the records and jobs that were written or removed by hand, which no request has made as they are."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from itertools import chain, islice

import orjson

from emulator.store.backend import Backend

COLLECTION = "seeded"
MAX_SEEDED = 100_000
MAX_NAMED = 100  # that one exchange is marked with, and that bear one name
MAX_BYTES = 2**20  # of a body that are looked at
MAX_TEXTS = 10_000  # of a body that are looked up
# A text in JSON; one that is cut short ends with the body, so that no byte is looked at twice.
TEXT = re.compile(rb'"([^"\\]*+(?:\\.[^"\\]*+)*+)(?:"|\\?\Z)', re.DOTALL)


class Seeded:
    """What was seeded in one world, each as `api/collection/id`, with the names by which requests speak of it.

    `all` has as many items, and so is false where nothing was.
    """

    def __init__(self, store: Backend) -> None:
        self._records = store.records
        self.all = store.records.sized(COLLECTION)

    def note(self, api: str, collection: str, id: str, *names: str) -> None:
        """Notes that a record of a collection, or a job of a kind, was written or removed by hand."""
        what, own = f"{api}/{collection}/{id}", sorted({id, *names})
        self._records.put(COLLECTION, what, own, cap=MAX_SEEDED)
        for name in own:
            known: list[str] = self._records.get(_index(api), name) or []
            if what not in known and len(known) < MAX_NAMED:
                self._records.put(_index(api), name, [*known, what], cap=MAX_SEEDED)

    def has(self, api: str, collection: str, id: str) -> bool:
        """Whether this record or job was seeded."""
        return self._records.get(COLLECTION, f"{api}/{collection}/{id}") is not None

    def named(self, api: str, texts: Collection[str], *bodies: bytes) -> tuple[str, ...]:
        """Returns what was seeded of an API that one of the texts is, or that is a whole text in a body of JSON; at
        most MAX_NAMED. However much was seeded, the work is that of looking up each text."""
        index = _index(api)
        if not self._records.count(index):
            return ()
        names = dict.fromkeys(chain(texts, *map(_texts, bodies)))
        found = (what for name in names for what in self._records.get(index, name) or ())
        return tuple(dict.fromkeys(islice(found, MAX_NAMED)))


def _index(api: str) -> str:
    """The collection that has, for each name, what bears it."""
    return f"{COLLECTION}/{api}"


def _texts(body: bytes) -> Iterator[str]:
    """Yields the first texts of a body of JSON, or of lines of it, names of fields included."""
    for text in islice(TEXT.finditer(body, 0, MAX_BYTES), MAX_TEXTS):
        yield text[1].decode(errors="replace") if b"\\" not in text[1] else _unescaped(text[0])


def _unescaped(text: bytes) -> str:
    try:
        return str(orjson.loads(text))
    except orjson.JSONDecodeError:
        return ""
