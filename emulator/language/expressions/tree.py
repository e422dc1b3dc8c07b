"""The nodes of a template's tree: scalars and mappings. Each gives its value, and the parts of its JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import orjson

from emulator.errors import Location
from emulator.language.expressions.absent import ABSENT
from emulator.language.expressions.assemble import Hole, Member, Part, members
from emulator.language.expressions.combine import Piece
from emulator.language.expressions.encode import encode
from emulator.language.expressions.expression import guarded, present
from emulator.language.expressions.operate import text
from emulator.language.expressions.quick import Quick, joined, literal, named
from emulator.language.expressions.reference import Evaluate

Scope = Mapping[str, Any]


class Node(Protocol):
    """One node. An `optional` one may be left out: its value is then ABSENT, and its JSON empty."""

    place: Location
    optional: bool

    def value(self, context: Scope) -> Any:
        """The value; raises TemplateError when something in it is absent or fails."""

    def maybe(self, context: Scope) -> Any:
        """The value, or ABSENT when it is a single expression whose value is absent."""

    def parts(self) -> list[Part]:
        """The JSON of the value, as bytes and holes."""

    def quick(self) -> Quick | None:
        """The quick way to the value."""


class Fixed:
    """What is known at load."""

    optional = False

    def __init__(self, constant: Any, place: Location) -> None:
        self.place = place
        self.constant = constant
        self.data = encode(constant)
        scalar = isinstance(constant, bool | int | float | str | None)
        self.value: Evaluate = (lambda context: constant) if scalar else (lambda context: orjson.loads(self.data))
        self.maybe = self.value

    def parts(self) -> list[Part]:
        return [self.data]

    def quick(self) -> Quick:
        return literal(self.constant) or named(self.constant)


class Scalar:
    """One expression, or text with expressions in it."""

    optional = False

    def __init__(self, piece: Piece, place: Location) -> None:
        self.place = place
        self.piece = piece
        self.maybe = guarded(piece, place)
        self.value = present(piece, place)

    def parts(self) -> list[Part]:
        return [Hole(self.piece.evaluate, self.place, self.piece.name, way=self.piece.quick)]

    def quick(self) -> Quick | None:
        return self.piece.quick or joined("%(s)", named(self.value))


class Entries:
    """A mapping whose keys are all fixed."""

    optional = False

    def __init__(self, entries: Sequence[tuple[str, Node]], place: Location) -> None:
        self.place = place
        self.nodes = entries
        self.entries = [(key, node.value) for key, node in entries]
        self.members = [Member(encode(key) + b":", node.parts(), node.optional, node.place) for key, node in entries]

    def value(self, context: Scope) -> dict[str, Any]:
        return {key: found for key, value in self.entries if (found := value(context)) is not ABSENT}

    maybe = value

    def parts(self) -> list[Part]:
        return [b"{", *members(self.members), b"}"]

    def quick(self) -> Quick | None:
        ways = [None if node.optional else node.quick() for _, node in self.nodes]
        return joined("{" + ", ".join(f"{_key(key)}: %" for key, _ in self.nodes) + "}", *ways)


class Keyed:
    """A mapping with keys that are templates; of two keys that turn out alike, the later counts."""

    optional = False

    def __init__(self, entries: Sequence[tuple[Node, Node]], place: Location) -> None:
        self.place = place
        self.entries = [(key.value, node.value) for key, node in entries]

    def value(self, context: Scope) -> dict[str, Any]:
        pairs = [(text(key(context)), value(context)) for key, value in self.entries]
        return {key: found for key, found in pairs if found is not ABSENT}

    maybe = value

    def parts(self) -> list[Part]:
        return [Hole(self.value, self.place, "the mapping")]

    def quick(self) -> None:
        return None


def _key(key: str) -> str:
    """A key as Python code; % stands for a part there."""
    return repr(key).replace("%", "\\x25")
