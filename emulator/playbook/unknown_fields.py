"""Unknown fields: what a body or a query has that its JSON Schema does not speak of, however deep it stands."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    import jsonschema_rs

UnknownFields = Literal["ignore", "hint", "refuse"]
IGNORED = "not documented, and ignored: "  # begins the hint that names them
INVERTING = ("not", "if", "oneOf", "contains")  # what does not fit inside may make the whole fit
COMPOSING = ("allOf", "anyOf", "oneOf", "if", "then", "else", "not", "dependentSchemas")
CLOSING = ("additionalProperties", "unevaluatedProperties")
MAX_NAMED = 20


class ClosedSchema:
    """A JSON Schema by which objects have no other fields than those that it names.

    An object whose schema names none may have any, and so may one that is put together from several schemas of the API,
    each of which knows its own part only. It `is_stricter` if whatever it lets through fits the open schema too: fields
    are forbidden nowhere where a mistake makes a value fit.
    """

    def __init__(self, schema: Mapping[str, Any], schemas: Mapping[str, Any]) -> None:
        import jsonschema_rs  # large, and many APIs have no schema

        parts = {f"#/schemas/{name}" for part in (schema, *schemas.values()) for name in _composed(part)}
        named = {name: each if f"#/schemas/{name}" in parts else _closed(each) for name, each in schemas.items()}
        self._validator = jsonschema_rs.validator_for({**_closed(schema), "schemas": named}, mask="…")
        self.is_valid = self._validator.is_valid
        self.is_stricter = not any(map(_refers_inverted, (schema, *schemas.values())))

    def unknown(self, value: Any, is_large: Callable[[Any], bool]) -> list[str]:
        """Returns the dotted paths of the fields that the schema does not name, at most 20; of a large value one."""
        if self.is_valid(value):
            return []
        if not is_large(value):
            return list(islice(_names(self._validator.iter_errors(value)), MAX_NAMED))
        import jsonschema_rs

        try:
            self._validator.validate(value)
        except jsonschema_rs.ValidationError as error:
            return list(_names([error]))[:1]
        return []


def _names(errors: Any) -> Iterator[str]:
    error: jsonschema_rs.ValidationError
    for error in errors:
        if error.kind.name in CLOSING:
            for name in error.kind.as_dict()["unexpected"]:
                yield ".".join(map(str, (*error.instance_path, name)))


def _closed(schema: Any) -> Any:
    """A schema in which the objects are closed that it describes itself, and those inside them."""
    if not isinstance(schema, dict):
        return schema
    closed = {**schema}
    for key in ("properties", "patternProperties"):
        if isinstance(closed.get(key), dict):
            closed[key] = {name: _closed(each) for name, each in closed[key].items()}
    if "items" in closed:
        closed["items"] = _closed(closed["items"])
    if "properties" in closed and not any(key in closed for key in CLOSING):
        others = {name for key in COMPOSING if key in closed for name in _mentioned(closed[key])}
        # What is not evaluated takes ten times as long to find as what is added to one schema's own properties.
        whole = "$ref" not in closed and others <= closed["properties"].keys()
        closed["additionalProperties" if whole else "unevaluatedProperties"] = False
    return closed


def _mentioned(schema: Any) -> Iterator[str]:
    """The names of the properties of which a schema speaks that is part of another; "" for those behind a reference."""
    if isinstance(schema, list):
        for each in schema:
            yield from _mentioned(each)
    elif isinstance(schema, dict):
        yield from schema.get("properties", ())
        yield from ("" for key in ("$ref", "patternProperties") if key in schema)
        for key in COMPOSING:
            yield from _mentioned(schema.get(key))


def _composed(schema: Any, inside: bool = False) -> Iterator[str]:
    """The names of the API's schemas that others are put together from: those cannot be closed by themselves."""
    if isinstance(schema, list):
        for each in schema:
            yield from _composed(each, inside)
    elif isinstance(schema, dict):
        reference = schema.get("$ref")
        if isinstance(reference, str) and (inside or "properties" in schema):
            yield reference.rpartition("/")[2]
        for key, each in schema.items():
            yield from _composed(each, inside=key in COMPOSING)


def _refers_inverted(schema: Any, inverted: bool = False) -> bool:
    """Whether a schema refers to another where what does not fit that one may make the whole fit."""
    if isinstance(schema, list):
        return any(_refers_inverted(each, inverted) for each in schema)
    if not isinstance(schema, dict):
        return False
    return (inverted and "$ref" in schema) or any(
        _refers_inverted(each, inverted or key in INVERTING) for key, each in schema.items()
    )
