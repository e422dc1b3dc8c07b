"""Reads the shape of a body from the template that makes it: its keys, literal values, and types as far as known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from emulator.openapi.types import Schema, type_of

_TYPES: Mapping[type, str] = {bool: "boolean", int: "integer", float: "number"}


def shape(tree: Any, lets: Mapping[str, Any]) -> Schema:
    """Returns the JSON Schema of what a template gives; `{}` where that may be anything."""
    if isinstance(tree, str):
        return type_of(tree, lets) if "{" in tree else {"const": tree}
    if isinstance(tree, list):
        return {"type": "array", "items": either([shape(item, lets) for item in tree])} if tree else {"type": "array"}
    if isinstance(tree, dict):
        return _mapping(tree, lets)
    return {"type": "null"} if tree is None else {"type": _TYPES[type(tree)], "const": tree}


def either(schemas: Sequence[Schema]) -> Schema:
    """Returns the schema of one of several; one that allows anything swallows the others."""
    known = [each for at, each in enumerate(schemas) if each not in schemas[:at]]
    if {} in known or not known:
        return {}
    return known[0] if len(known) == 1 else {"anyOf": known}


def _mapping(tree: Mapping[str, Any], lets: Mapping[str, Any]) -> Schema:
    if "$literal" in tree:
        return {"const": tree["$literal"]}
    if "$each" in tree:
        return {"type": "array", "items": shape(tree.get("value", f"{{{{ {tree.get('as', 'item')} }}}}"), lets)}
    if "$merge" in tree:
        parts = tree["$merge"]
        return _merged([shape(part, lets) for part in parts]) if isinstance(parts, list) else {}
    if "$if" in tree:
        return either([shape(tree[branch], lets) for branch in ("then", "else") if branch in tree])
    if any(key.startswith("$") or "{{" in key for key in tree):
        return {}
    properties = {key: shape(value, lets) for key, value in tree.items()}
    required = [key for key, value in tree.items() if not _may_be_missing(value)]
    return {"type": "object", "properties": properties, **({"required": required} if required else {})}


def _may_be_missing(value: Any) -> bool:
    """A `$if` without an `else` leaves its key out when it does not hold."""
    if not isinstance(value, dict) or "$if" not in value or "$each" in value:
        return False
    return "else" not in value or any(_may_be_missing(value[branch]) for branch in ("then", "else"))


def _merged(parts: Sequence[Schema]) -> Schema:
    """What later mappings lay over earlier ones: of a key that several have, any may be the last."""
    properties: dict[str, list[Schema]] = {}
    for part in parts:
        for key, schema in part.get("properties", {}).items():
            properties.setdefault(key, []).append(schema)
    if any("properties" not in part for part in parts):
        return {"type": "object"}
    required = [key for part in parts for key in part.get("required", ())]
    found: Schema = {"type": "object", "properties": {key: either(each) for key, each in properties.items()}}
    return {**found, "required": list(dict.fromkeys(required))} if required else found
