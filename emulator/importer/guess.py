"""Guess: a value that a schema would accept, with the examples, defaults and choices that the schema itself names."""

from __future__ import annotations

from typing import Any

from emulator.importer.part import Part
from emulator.importer.sources import Sources

TEXT = "text"
_FORMATS = {
    "date-time": "2026-01-01T00:00:00Z",
    "date": "2026-01-01",
    "time": "00:00:00Z",
    "duration": "P1D",
    "email": "someone@example.com",
    "idn-email": "someone@example.com",
    "hostname": "example.com",
    "ipv4": "192.0.2.1",
    "ipv6": "2001:db8::1",
    "uri": "https://example.com/",
    "url": "https://example.com/",
    "uri-reference": "/",
    "uuid": "3fa85f64-5717-4562-b3fc-2c963f66afa6",
    "byte": "dGV4dA==",
}
MAX_DEPTH = 12  # a value that is nested deeper helps nobody
MAX_VALUES = 2_000  # within one value: beyond, what may be left out is, and of the rest there may be as many again
_TEXT_VALUE = 50  # characters of a text that count as one value
_ENDLESS = "each value of this schema holds another one of it, without end; null stands for it"
_TOO_LARGE = f"each value of this schema has more than {MAX_VALUES:,} parts; null stands for it"
_LEFT_OUT = f"this is optional, and left out of a value that has more than {MAX_VALUES:,} parts without it"


class Endless(Exception):
    """A schema that requires itself has no value that ends."""


class TooLarge(Endless):
    """Schemas that are used several times, each within the other, have values that nobody could hold."""


class Guesses:
    """Makes values for requests, or for responses: each has fields that the other must not have."""

    def __init__(self, sources: Sources, of_request: bool) -> None:
        self._sources = sources
        self._hidden = "readOnly" if of_request else "writeOnly"
        self._known: dict[Any, Any] = {}
        self._made = 0  # values, of the one that is being made

    def value(self, part: Part) -> Any:
        """Returns a value; null, with a note, for a schema of which each value would be endless, or too large."""
        found = self._sources.resolve(part)
        if found is None:
            return {}
        if found.identity not in self._known:
            self._made = 0
            try:
                self._known[found.identity] = self._value(found, ())
            except Endless as error:
                found.note(_TOO_LARGE if isinstance(error, TooLarge) else _ENDLESS)
                self._known[found.identity] = None
        return self._known[found.identity]

    def _count(self, values: int) -> None:
        self._made += values
        if self._made > 2 * MAX_VALUES:
            raise TooLarge

    def _optional(self, part: Part, within: tuple[Any, ...]) -> list[Any]:
        """Returns a value alone; none if it would be endless or too large."""
        try:
            if self._made > MAX_VALUES:
                raise TooLarge
            return [self._value(part, within)]
        except Endless as error:
            if isinstance(error, TooLarge):
                part.note(_LEFT_OUT)
                self._made = min(self._made, MAX_VALUES + 1)
            return []

    def _value(self, part: Part, within: tuple[Any, ...]) -> Any:
        found = self._sources.resolve(part)
        if found is None or not isinstance(found.value, dict):
            return {}
        self._count(1)
        if found.identity in within or len(within) > MAX_DEPTH:
            raise Endless
        schema, within = found.value, (*within, found.identity)
        for key in ("example", "const", "default"):
            if key in schema:
                return schema[key]
        for key in ("examples", "enum"):
            if isinstance(schema.get(key), list) and schema[key]:
                return schema[key][0]
        for key in ("oneOf", "anyOf"):
            if found.items(key):
                return self._merged(found, self._first(found.items(key), within), within)
        if "$dynamicRef" in schema:
            found.note("$dynamicRef is not followed; an empty object stands for it")
        if "allOf" in schema:
            return self._merged(found, {}, within)
        return self._of_type(found, within)

    def _first(self, parts: list[Part], within: tuple[Any, ...]) -> Any:
        """Returns a value of the first of several schemas that has one, null only if there is nothing else."""
        is_null, reason = False, Endless()
        for part in parts:
            try:
                value = self._value(part, within)
            except Endless as error:
                reason = error
                continue
            if value is not None:
                return value
            is_null = True
        if not is_null:
            raise reason
        return None

    def _merged(self, part: Part, value: Any, within: tuple[Any, ...]) -> Any:
        """Returns a value with what all parts of a schema, and the schema itself, add to it."""
        values = [self._value(each, within) for each in part.items("allOf")]
        values += [self._of_type(part, within)] if "properties" in part.value else []
        for each in values:
            value = {**value, **each} if isinstance(value, dict) and isinstance(each, dict) else each
        return value

    def _of_type(self, part: Part, within: tuple[Any, ...]) -> Any:
        schema = part.value
        kind = schema.get("type")
        if isinstance(kind, list):
            kind = next((each for each in kind if each != "null"), "null")
        if kind == "object" or (kind is None and ("properties" in schema or "additionalProperties" in schema)):
            return self._object(part, within)
        if kind == "array" or (kind is None and "items" in schema):
            return self._array(part, within)
        if kind in ("integer", "number"):
            return _number(schema)
        if kind == "boolean":
            return True
        return None if kind == "null" else {} if kind is None else self._text(schema)

    def _object(self, part: Part, within: tuple[Any, ...]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        required = part.value.get("required")
        for name, each in part.entries("properties").items():
            inner = self._sources.resolve(each)
            if inner is None or (isinstance(inner.value, dict) and inner.value.get(self._hidden) is True):
                continue
            is_required = isinstance(required, list) and name in required
            for value in [self._value(each, within)] if is_required else self._optional(each, within):
                found[name] = value
        more = part.get("additionalProperties")
        if not found and more is not None and isinstance(more.value, dict):
            for value in self._optional(more, within):
                found["key"] = value
        return found

    def _array(self, part: Part, within: tuple[Any, ...]) -> list[Any]:
        least, items, before = part.value.get("minItems"), part.get("items"), self._made
        least = least if isinstance(least, int) else 0
        found = [{}] if items is None else [self._value(items, within)] if least else self._optional(items, within)
        self._count((least - 1) * max(self._made - before, 1) if least > 1 else 0)
        return found * max(least, 1)

    def _text(self, schema: dict[str, Any]) -> str:
        text = _FORMATS.get(str(schema.get("format")), TEXT)
        least, most = schema.get("minLength"), schema.get("maxLength")
        if isinstance(least, int) and len(text) < least:
            self._count(least // _TEXT_VALUE)
            text = (text * (least // len(text) + 1))[:least]
        return text[:most] if isinstance(most, int) else text


def _number(schema: dict[str, Any]) -> Any:
    low, high = schema.get("minimum"), schema.get("maximum")
    above, below = schema.get("exclusiveMinimum"), schema.get("exclusiveMaximum")
    if above is True:
        above = low
    if isinstance(above, int | float) and not isinstance(above, bool):
        low = above + 1
    step = schema.get("multipleOf")
    value = low if isinstance(low, int | float) else step if isinstance(step, int | float) else 1
    if isinstance(high, int | float) and value > high:
        value = high - 1 if below is True else high
    return value
