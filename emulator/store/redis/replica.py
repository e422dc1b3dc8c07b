"""The copy of a world in this process: its parts, by the letters with which the names of their fields begin."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence

import orjson

from emulator.store.redis.changes import Field, ReplicaPart


class Replica:
    """The parts of a copy, which can be brought up to what Redis holds."""

    def __init__(self, parts: Sequence[ReplicaPart]) -> None:
        self._parts = {part.letter: part for part in parts}

    def read(self, changed: Iterable[tuple[bytes, bytes | None]]) -> dict[Field, bytes | None]:
        """Returns fields by what stands for them in Redis, with their values as others have changed them."""
        fields: dict[Field, bytes | None] = {}
        for name, data in changed:
            letter, *names = json.loads(name)
            fields[self._parts[letter], tuple(names)] = data
        return fields

    def apply(self, fields: Mapping[Field, bytes | None]) -> None:
        """Places fields; None: dropped."""
        for (part, name), data in fields.items():
            part.place(name, None if data is None else part.decode(name, data))
        for part in {part for part, _ in fields}:
            part.tidy()

    def become(self, fields: dict[bytes, bytes]) -> None:
        """Places these fields, and nothing else."""
        for part in self._parts.values():
            for name in list(part.everything()):
                if wire((part, name)).encode() not in fields:
                    part.place(name, None)
        self.apply(self.read(fields.items()))

    def everything(self) -> Iterator[tuple[Field, bytes]]:
        """Yields all fields, encoded."""
        for part in self._parts.values():
            for name in part.everything():
                yield (part, name), part.encode(name, part.held(name))


def wire(field: Field) -> str:
    """Returns the name of a field in Redis."""
    part, name = field
    try:
        return orjson.dumps([part.letter, *name]).decode()
    except TypeError:  # a text that is no Unicode
        return json.dumps([part.letter, *name])
