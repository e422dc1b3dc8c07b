"""JSON Schemas, compiled at load: is a body or a query as the API wants it, and if not, which field is wrong?"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from copy import deepcopy
from functools import cached_property
from typing import TYPE_CHECKING, Any

from emulator.errors import ApiError
from emulator.playbook.parameters import Marks, marks_of
from emulator.playbook.schema_reasons import explain, order
from emulator.playbook.unknown_fields import ClosedSchema

if TYPE_CHECKING:
    import jsonschema_rs

NUMBERS: Mapping[str, tuple[re.Pattern[str], Callable[[str], int | float]]] = {
    "integer": (re.compile(r"-?[0-9]{1,18}"), int),  # what fits into 64 bits, and so into JSON again
    "number": (re.compile(r"-?[0-9]{1,30}(\.[0-9]{1,30})?"), float),
}
MASK = "…"  # stands in the validator's own messages, which nobody reads: to write a long value takes long
MANY = 2_000  # values inside a body; to look for every mistake of a larger one can take minutes
PLAIN = (str, int, float, bool, type(None))
MAX_KNOWN = 128  # bodies
MAX_KNOWN_LENGTH = 2_048  # bytes of one
BOOLEANS = {"true": True, "false": False}


class Schema:
    """One JSON Schema (2020-12); `#/schemas/NAME` refers to the API's own schemas. Raises ValueError if invalid."""

    def __init__(self, schema: Mapping[str, Any], schemas: Mapping[str, Any]) -> None:
        import jsonschema_rs  # large, and many APIs have no schema

        self.source = schema, schemas
        self._schema = {**schema, "schemas": dict(schemas)}
        self._validator = jsonschema_rs.validator_for(self._schema, mask=MASK)
        self._is_valid = self._validator.is_valid
        properties = _properties(schema, schemas)
        self._types = {name: part.get("type") for name, part in properties.items() if isinstance(part, dict)}
        self._items = {name: _item_type(properties[name]) for name, kind in self._types.items() if _has_list(kind)}
        defaults = {
            name: part["default"] for name, part in properties.items() if isinstance(part, dict) and "default" in part
        }
        self._plain = tuple(each for each in defaults.items() if each[1].__class__ in PLAIN)
        self._copied = tuple(each for each in defaults.items() if each[1].__class__ not in PLAIN)
        self._known: dict[bytes, Any] = {}  # see `remember`

    def fits(self, value: Any) -> bool:
        """Returns whether a value is as the schema wants it."""
        return bool(self._is_valid(value))

    def unknown(self, value: Any) -> list[str]:
        """Returns the dotted paths of the fields of a value that the schema does not name; of many, the first few."""
        return self._closed.unknown(value, _is_large)

    def is_plain(self, value: Any) -> bool:
        """Whether a value is known to fit and to have no unknown field, as one look tells for most requests."""
        return self._closed.is_stricter and self._closed.is_valid(value)

    @cached_property
    def _closed(self) -> ClosedSchema:
        return ClosedSchema(*self.source)

    @cached_property
    def marks(self) -> Marks:
        """What its fields rest on; worked out when a request first asks."""
        return marks_of(*self.source)

    def check(self, value: Any, what: str) -> None:
        """Refuse what does not fit, naming the first wrong field; fill in the defaults.

        Raises ApiError("invalid", param=…).
        """
        self.require(value, what)
        self.fill(value)

    def require(self, value: Any, what: str) -> None:
        """Refuses what does not fit, as `check` does."""
        if not self._is_valid(value):
            error = self.refusal(value, what)
            error.decided_by = self
            raise error

    def fill(self, value: Any) -> None:
        """Fills in the defaults of the top level."""
        if value.__class__ is dict:
            for name, default in self._plain:
                if name not in value:
                    value[name] = default
            for name, default in self._copied:
                if name not in value:
                    value[name] = deepcopy(default)

    def remember(self, raw: bytes, value: Any) -> None:
        """Notes that bytes of JSON are a value which is plain, defaults filled in; when they come again, it is kept for
        `recall`.

        What the bytes say and whether that fits depends on nothing else, and clients that retry, check the health of a
        service or load it send the same again and again. All of them share the value, as they share the records of
        fixtures: no template and no step changes what it reads.
        """
        if len(raw) > MAX_KNOWN_LENGTH:
            return
        if raw in self._known:
            self._known[raw] = value
        else:
            if len(self._known) >= MAX_KNOWN:
                self._known.clear()
            self._known[raw] = None

    def recall(self, raw: bytes) -> Any:
        """Returns the value of bytes that came twice before, None for others. Long ones are not hashed."""
        return self._known.get(raw) if len(raw) <= MAX_KNOWN_LENGTH else None

    def refusal(self, value: Any, what: str) -> ApiError:
        """The error for a value that does not fit: what is missing first, then what is wrong, in the order of depth."""
        error = self._first(value) if _is_large(value) else min(self._validator.iter_errors(value), key=order)
        field, reason = explain(error, self._schema, value)
        return ApiError("invalid", f"{field or what}: {reason}", param=field or None, problem=error.kind.name)

    def _first(self, value: Any) -> jsonschema_rs.ValidationError:
        """The mistake that is met first."""
        import jsonschema_rs

        try:
            self._validator.validate(value)
        except jsonschema_rs.ValidationError as error:
            return error
        raise AssertionError("a value that is not valid has a mistake")

    def wants_list(self, name: str) -> bool:
        """Returns whether a property may be a list."""
        return name in self._items

    def convert(self, query: Mapping[str, str | list[str]]) -> dict[str, Any]:
        """A query's texts as the types the schema names; what can't be converted stays text, for check() to refuse."""
        return {name: self._convert(name, value) for name, value in query.items()}

    def _convert(self, name: str, value: str | list[str]) -> Any:
        kind = self._types.get(name)
        if kind == "array" and isinstance(value, str):
            value = [value]
        return (
            _convert(value, kind) if isinstance(value, str) else [_convert(each, self._items[name]) for each in value]
        )


def _properties(schema: Mapping[str, Any], schemas: Mapping[str, Any]) -> dict[str, Any]:
    reference = schema.get("$ref")
    properties: dict[str, Any] = {}
    if isinstance(reference, str):
        properties.update(_properties(schemas.get(reference.rpartition("/")[2], {}), schemas))
    for part in schema.get("allOf", []):
        properties.update(_properties(part, schemas))
    properties.update(schema.get("properties", {}))
    return properties


def _has_list(kind: Any) -> bool:
    return kind == "array" or (isinstance(kind, list) and "array" in kind)


def _item_type(schema: Mapping[str, Any]) -> Any:
    items = schema.get("items")
    return items.get("type") if isinstance(items, dict) else None


def _convert(text: str, kind: Any) -> Any:
    """The text as the first of the kinds (one, or a list of them) that it can be."""
    for each in kind if isinstance(kind, list) else [kind]:
        if each == "boolean" and text.lower() in BOOLEANS:
            return BOOLEANS[text.lower()]
        if each in NUMBERS and NUMBERS[each][0].fullmatch(text):
            return NUMBERS[each][1](text)
    return text


def _is_large(value: Any) -> bool:
    left, seen = [value], 0
    while left and seen + len(left) <= MANY:
        part = left.pop()
        seen += 1
        if isinstance(part, (dict, list)):
            left.extend(part.values() if isinstance(part, dict) else part)
    return bool(left)
