"""JSON Schemas, compiled at load: is a body or a query as the API wants it, and if not, which field is wrong?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import jsonschema_rs

from emulator.errors import ApiError

CONVERSIONS = {"integer": int, "number": float}
BOOLEANS = {"true": True, "false": False}


class Schema:
    """One compiled JSON Schema (2020-12); `#/schemas/NAME` refers to the API's own schemas.

    Raises ValueError when the schema itself is wrong.
    """

    def __init__(self, schema: Mapping[str, Any], schemas: Mapping[str, Any]) -> None:
        self._validator = jsonschema_rs.validator_for({**schema, "schemas": dict(schemas)})
        self._is_valid = self._validator.is_valid
        properties = _properties(schema, schemas)
        self._types = {name: part.get("type") for name, part in properties.items() if isinstance(part, dict)}
        self._defaults = {
            name: part["default"] for name, part in properties.items() if isinstance(part, dict) and "default" in part
        }

    def check(self, value: Any, what: str) -> None:
        """Refuse what does not fit, naming the first wrong field; fill in the defaults of the top level.

        Raises ApiError("invalid", param=…).
        """
        if not self._is_valid(value):
            raise self.refusal(value, what)
        if self._defaults and isinstance(value, dict):
            for name, default in self._defaults.items():
                value.setdefault(name, default)

    def refusal(self, value: Any, what: str) -> ApiError:
        """The error for a value that does not fit: what is missing first, then what is wrong, in the order of depth."""
        errors = sorted(self._validator.iter_errors(value), key=lambda error: (len(error.instance_path), _rank(error)))
        error = errors[0]
        field = _field(error)
        return ApiError("invalid", _sentence(error, field, what), param=field or None, problem=error.kind.name)

    def convert(self, query: dict[str, str]) -> dict[str, Any]:
        """A query's texts as the types the schema names; what can't be converted stays text, for check() to refuse."""
        return {name: _convert(text, self._types.get(name)) for name, text in query.items()}


def _properties(schema: Mapping[str, Any], schemas: Mapping[str, Any]) -> dict[str, Any]:
    reference = schema.get("$ref")
    properties: dict[str, Any] = {}
    if isinstance(reference, str):
        properties.update(_properties(schemas.get(reference.rpartition("/")[2], {}), schemas))
    for part in schema.get("allOf", []):
        properties.update(_properties(part, schemas))
    properties.update(schema.get("properties", {}))
    return properties


def _convert(text: str, kind: Any) -> Any:
    if kind == "boolean":
        return BOOLEANS.get(text.lower(), text)
    if kind in CONVERSIONS and len(text) < 40:
        try:
            return CONVERSIONS[kind](text)
        except ValueError:
            return text
    return text


def _rank(error: jsonschema_rs.ValidationError) -> int:
    return {"required": 0, "type": 1}.get(error.kind.name, 2)


def _field(error: jsonschema_rs.ValidationError) -> str:
    steps = [str(step) for step in error.instance_path]
    if error.kind.name == "required":
        steps.append(str(error.kind.as_dict()["property"]))
    elif error.kind.name in ("additionalProperties", "unevaluatedProperties"):
        steps.append(str(error.kind.as_dict()["unexpected"][0]))
    return ".".join(steps)


def _sentence(error: jsonschema_rs.ValidationError, field: str, what: str) -> str:
    if error.kind.name == "required":
        return f"{field}: this field is required"
    if error.kind.name in ("additionalProperties", "unevaluatedProperties", "falseSchema"):
        return f"{field}: this field is not known"
    message = error.message if len(error.message) <= 300 else error.message[:297] + "…"
    return f"{field or what}: {message}"
