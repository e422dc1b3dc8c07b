"""Schemas: OpenAPI's schemas as the JSON Schemas of an API file; what is referred to gets a name below `schemas`."""

from __future__ import annotations

import re
from typing import Any

import jsonschema_rs

from emulator.importer.part import Part
from emulator.importer.sources import Sources
from emulator.playbook.json_schema import Schema

_KEPT = frozenset((
    "type", "enum", "const", "default", "format", "multipleOf", "maximum", "exclusiveMaximum", "minimum",
    "exclusiveMinimum", "maxLength", "minLength", "maxItems", "minItems", "uniqueItems", "maxContains", "minContains",
    "maxProperties", "minProperties", "dependentRequired", "contentEncoding", "contentMediaType",
))  # fmt: skip
_SCHEMA = ("items", "contains", "propertyNames", "not", "if", "then", "else")
_SCHEMA_OR_FLAG = ("additionalProperties", "unevaluatedItems", "unevaluatedProperties")
_LISTS = ("allOf", "anyOf", "oneOf", "prefixItems")
_NAMED = ("properties", "patternProperties", "dependentSchemas")
# What is said to people, or is worked into the others.
_SILENT = frozenset((
    "$ref", "$schema", "$comment", "$defs", "title", "description", "example", "examples", "externalDocs", "deprecated",
    "readOnly", "writeOnly", "nullable", "xml", "discriminator",
))  # fmt: skip
_REFERENCE = "#/schemas/"
_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9_.-]")


class Schemas:
    """Converts the schemas of requests. `is_30`: as OpenAPI 3.0 has them, else as JSON Schema does."""

    def __init__(self, sources: Sources, is_30: bool) -> None:
        self._sources = sources
        self._is_30 = is_30
        self._names: dict[Any, str] = {}
        self._parts: dict[str, Part] = {}
        self._converted: dict[str, dict[str, Any]] = {}

    @property
    def named(self) -> dict[str, dict[str, Any]]:
        """The schemas that others refer to, by name, in the order of the document."""
        names = sorted(self._converted, key=lambda name: self._sources.order(self._parts[name]))
        return {name: self._converted[name] for name in names}

    def at(self, reference: str) -> dict[str, Any]:
        """Returns the schema that a converted reference leads to."""
        return self._converted[reference.removeprefix(_REFERENCE)]

    def checked(self, part: Part) -> dict[str, Any]:
        """Returns a schema, converted; one that is no JSON Schema is reported, and so are those that it refers to."""
        before = len(self._parts)
        schema = self.convert(part)
        for name in list(self._parts)[before:]:
            self._require(self._parts[name], self._converted[name])
        self._require(part, schema)
        return schema

    def _require(self, part: Part, schema: dict[str, Any]) -> None:
        """Reports a schema that is no JSON Schema, at the keyword that is wrong."""
        if part.findings.problems.found:
            return
        try:
            Schema(schema, self._converted)
        except Exception as error:  # the validator's own errors have no common root
            where, why = part, str(error).partition("\n")[0]
            for step in getattr(error, "instance_path", ()):
                inner = where.get(step) if isinstance(step, str) else None
                if inner is None:
                    break
                where = inner
            where.problem(f"not a JSON Schema: {why}")

    def convert(self, part: Part) -> dict[str, Any]:
        """Returns a schema in the words of JSON Schema."""
        if isinstance(part.value, bool):
            return {} if part.value else {"not": {}}
        keywords = part.mapping()
        if not keywords:
            return {}
        found = self._reference(part) if "$ref" in keywords else {}
        if found and self._is_30:
            return found
        for key, each in keywords.items():
            self._keyword(found, part, key, each)
        return self._nullable(part, found) if self._is_30 else found

    def _reference(self, part: Part) -> dict[str, Any]:
        target = self._sources.resolve(part)
        if target is None:
            return {}
        if target.identity not in self._names:
            name = self._names[target.identity] = self._name(target)
            self._parts[name] = target
            self._converted[name] = {}  # one within itself refers to the name
            self._converted[name].update(self.convert(target))
        return {"$ref": _REFERENCE + self._names[target.identity]}

    def _name(self, part: Part) -> str:
        """Returns a name that nothing has yet: that of the component, or the last of its path."""
        said = next((each for each in reversed(part.path) if isinstance(each, str)), part.document.path.stem)
        name = base = re.sub(r"^(?=[^A-Za-z_])", "_", _NOT_IN_NAMES.sub("_", said))
        number = 1
        while name in self._converted:
            number += 1
            name = f"{base}_{number}"
        return name

    def _keyword(self, found: dict[str, Any], part: Part, key: str, each: Part) -> None:
        if self._is_30 and key in ("exclusiveMinimum", "exclusiveMaximum") and isinstance(each.value, bool):
            self._exclusive(found, part, key, each.value)
        elif self._is_30 and key in ("minimum", "maximum") and part.value.get(_exclusive(key)) is True:
            return
        elif key in _KEPT:
            found[key] = each.value
        elif key == "required":
            self._required(found, part, each)
        elif key == "pattern":
            self._pattern(found, each)
        elif key in _SCHEMA or (key in _SCHEMA_OR_FLAG and not isinstance(each.value, bool)):
            found[key] = self.convert(each)
        elif key in _SCHEMA_OR_FLAG:
            found[key] = each.value
        elif key in _LISTS:
            found[key] = [self.convert(item) for item in part.items(key)]
        elif key in _NAMED:
            found[key] = {name: self.convert(inner) for name, inner in each.mapping().items()}
        elif key not in _SILENT and not key.startswith("x-"):
            each.note(f"{key!r} of a schema is left out")

    def _exclusive(self, found: dict[str, Any], part: Part, key: str, is_exclusive: bool) -> None:
        bound = key.removeprefix("exclusive").lower()
        if is_exclusive and bound in part.value:
            found[key] = part.value[bound]

    def _required(self, found: dict[str, Any], part: Part, required: Part) -> None:
        if not isinstance(required.value, list):
            required.note("`required` is no list of names here, and is left out")
            return
        names = [name for name in required.value if not self._is_read_only(part, name)]
        if names:
            found["required"] = names

    def _is_read_only(self, part: Part, name: Any) -> bool:
        """Whether a field is only in responses: a request need not have it."""
        own = part.value.get("properties")
        each = own.get(name) if isinstance(own, dict) and isinstance(name, str) else None
        if not isinstance(each, dict):
            return False
        found = self._sources.resolve(part.at("properties", own).at(name, each))
        return found is not None and isinstance(found.value, dict) and found.value.get("readOnly") is True

    def _pattern(self, found: dict[str, Any], pattern: Part) -> None:
        try:
            jsonschema_rs.validator_for({"pattern": pattern.value})
        except ValueError:
            pattern.note("a pattern that is no regular expression here is left out")
            return
        found["pattern"] = pattern.value
        found["must"] = f"match {pattern.value}"

    def _nullable(self, part: Part, found: dict[str, Any]) -> dict[str, Any]:
        """OpenAPI 3.0 says `nullable: true` where JSON Schema has the type null."""
        if part.value.get("nullable") is not True:
            return found
        if isinstance(found.get("enum"), list) and None not in found["enum"]:
            found["enum"] = [*found["enum"], None]
        if isinstance(found.get("type"), str):
            return {**found, "type": [found["type"], "null"]}
        return {"anyOf": [found, {"type": "null"}]} if any(key in found for key in _LISTS) else found


def _exclusive(bound: str) -> str:
    return f"exclusive{bound.capitalize()}"
