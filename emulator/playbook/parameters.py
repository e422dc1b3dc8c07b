"""Parameters: what the fields of a request rest on, as the `claims` and the `class` in their JSON Schema say."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from msgspec import Struct, field

from emulator.language.schema.provenance import PROVENANCES, Provenance

Path = tuple[str | int, ...]


class RequestField(Struct, frozen=True):
    """A field that a request has, by its dotted name without list positions, and what it rests on."""

    name: str
    claims: tuple[str, ...]
    grade: Provenance | None


class Marks(Struct):
    """The `claims` and the `class` of a schema, and of those below it that have any."""

    claims: tuple[str, ...] = ()
    grade: Provenance | None = None
    properties: dict[str, Marks] = field(default_factory=dict)
    items: Marks | None = None

    def used(self, value: Any, name: str) -> Iterator[RequestField]:
        """Yields what a value has of marked fields; one that is null counts as left out."""
        if isinstance(value, dict) and self.properties:
            for key, part in value.items():
                below = self.properties.get(key)
                if below is not None and part is not None:
                    yield from below.field(part, f"{name}.{key}")
        elif isinstance(value, list) and self.items is not None:
            for part in value:
                yield from self.items.field(part, name)

    def field(self, value: Any, name: str) -> Iterator[RequestField]:
        """Yields a field that is there, if it is marked, and what is below it."""
        if self.claims or self.grade is not None:
            yield RequestField(name, self.claims, self.grade)
        yield from self.used(value, name)

    def at(self, path: Sequence[str]) -> tuple[str, ...]:
        """Returns what a refusal of the field at a path rests on: the schema's own claims, and those of the field or of
        the nearest one around it that has any."""
        found: tuple[str, ...] = ()
        below = self
        for step in path:
            inner = below.items if step.isdigit() and below.items is not None else below.properties.get(step)
            if inner is None:
                break
            found, below = inner.claims or found, inner
        return self.claims + found

    @property
    def empty(self) -> bool:
        """Whether nothing is marked here or below."""
        below = [*self.properties.values(), *([] if self.items is None else [self.items])]
        return not (self.claims or self.grade) and all(each.empty for each in below)


def marks_of(schema: Any, schemas: Mapping[str, Any], within: frozenset[str] = frozenset()) -> Marks:
    """Returns the marks of a schema; `$ref: '#/schemas/NAME'` and `allOf` count as if they stood there.

    A schema within itself is looked at once.
    """
    marks = Marks()
    if not isinstance(schema, dict):
        return marks
    reference = str(schema.get("$ref", "")).rpartition("/")[2]
    if reference in schemas and reference not in within:
        _add(marks, marks_of(schemas[reference], schemas, within | {reference}))
    for part in schema.get("allOf", ()):
        _add(marks, marks_of(part, schemas, within))
    for name, part in schema.get("properties", {}).items():
        _add(marks, Marks(properties={name: marks_of(part, schemas, within)}))
    own = Marks(tuple(schema.get("claims", ())), schema.get("class") if schema.get("class") in PROVENANCES else None)
    own.items = marks_of(schema.get("items"), schemas, within)
    _add(marks, own)
    return marks


def _add(marks: Marks, more: Marks) -> None:
    """Lays marks over others; what has none is left out."""
    marks.claims, marks.grade = more.claims or marks.claims, more.grade or marks.grade
    for name, part in more.properties.items():
        if not part.empty or name not in marks.properties:
            marks.properties[name] = part
    if more.items is not None and not more.items.empty:
        marks.items = more.items


def claims_in(schema: Any) -> Iterator[tuple[Path, str]]:
    """Yields every claim that a schema, or one inside it, cites, with its path."""
    for path, value in _marked(schema, "claims", ()):
        if isinstance(value, list):
            yield from (((*path, at), claim) for at, claim in enumerate(value) if isinstance(claim, str))


def unknown_classes(schema: Any) -> Iterator[tuple[Path, Any]]:
    """Yields every `class` of a schema, or of one inside it, that is none, with its path."""
    return ((path, value) for path, value in _marked(schema, "class", ()) if value not in PROVENANCES)


def _marked(schema: Any, mark: str, path: Path) -> Iterator[tuple[Path, Any]]:
    """Yields a mark of a schema and of those inside it; a field that is called like it is none."""
    if isinstance(schema, list):
        for at, part in enumerate(schema):
            yield from _marked(part, mark, (*path, at))
    elif isinstance(schema, dict):
        for key, part in schema.items():
            if key == mark:
                yield (*path, key), part
            elif key in ("properties", "$defs", "patternProperties") and isinstance(part, dict):
                for name, each in part.items():
                    yield from _marked(each, mark, (*path, key, name))
            elif key in _BELOW:
                yield from _marked(part, mark, (*path, key))


_BELOW = ("items", "additionalProperties", "allOf", "anyOf", "oneOf", "if", "then", "else", "not", "prefixItems")
