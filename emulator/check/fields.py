"""Finds fields that no request has: what `when` and templates name, compared with the schemas and the API."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from msgspec import Struct

from emulator.check.references import Steps
from emulator.compile.when import CALLER_FIELDS
from emulator.language.document.diagnostics import closest, did_you_mean
from emulator.language.schema.scenario import OperationModel
from emulator.playbook.apis import Api
from emulator.playbook.routes import PARAMETER

# What templates see under names that the engine makes.
VIEWS: Mapping[str, tuple[str, ...]] = {
    "request": ("id", "method", "path", "origin", "at"),
    "prompt": ("text", "tokens"),
    "answer": (
        *("text", "pieces", "finish", "stop_sequence", "input_tokens", "output_tokens", "total_tokens"),
        *("prompt", "data", "given"),
    ),
}
_QUERY_STEP = re.compile(r"\.([A-Za-z_]\w*)|\[(\*|\d+)\]|\['([^']*)'\]")


class Shape(Struct, frozen=True):
    """What a JSON Schema says of a value: its fields, whether there can be no others, and its items."""

    fields: Mapping[str, Any]
    closed: bool
    items: Any
    schema: Mapping[str, Any]


def shape(schema: Any, schemas: Mapping[str, Any]) -> Shape:
    """Reads a schema's properties and items, those of `$ref`, `allOf`, `anyOf` and `oneOf` included."""
    fields: dict[str, Any] = {}
    closed, items = False, None
    for part in _parts(schema, schemas, 0):
        fields.update(part.get("properties", {}))
        closed = closed or part.get("additionalProperties") is False or part.get("unevaluatedProperties") is False
        items = part.get("items", items)
    return Shape(fields, closed, items, schema if isinstance(schema, dict) else {})


def _parts(schema: Any, schemas: Mapping[str, Any], depth: int) -> Iterator[Mapping[str, Any]]:
    if not isinstance(schema, dict) or depth > 20:
        return
    yield schema
    reference = schema.get("$ref")
    if isinstance(reference, str):
        yield from _parts(schemas.get(reference.rpartition("/")[2]), schemas, depth + 1)
    for word in ("allOf", "anyOf", "oneOf"):
        for part in schema.get(word, ()):
            yield from _parts(part, schemas, depth + 1)


def counters(api: Api) -> set[str]:
    """Returns the names of every tier's counters, those of the file that are unlimited included."""
    named = {name for tier in api.file.tiers.values() for name in tier.limits}
    return named | {limit.name for tier in api.tiers.values() for limit in tier.limits}


class Fields(Struct, frozen=True):
    """What the requests of one operation can have."""

    api: Api
    part: OperationModel

    def unknown(self, steps: Steps) -> str | None:
        """Returns what is wrong with a field, if anything: nothing that the operation gets can have it."""
        root, *rest = steps
        if any("[" in str(step) for step in rest):
            return None  # brackets are refused when the path is read, with the right spelling
        if root in ("body", "query"):
            schema = self.part.request if root == "body" else self.part.query
            found = None if schema is None else self._walk(schema, rest, str(root))
            return found if isinstance(found, str) else None
        known: Iterable[str] | None = VIEWS.get(str(root))
        if root == "caller":
            known = CALLER_FIELDS
            if rest[:1] == ["plan"]:
                root, rest = "caller.plan", rest[1:]
                known = {name for tier in self.api.tiers.values() for name in tier.data}
        elif root == "limits":
            known = counters(self.api)
        elif root == "switches":
            known = self.api.switches
        elif root == "path":
            routes = [self.part.route, *(alias.route for alias in self.part.aliases)]
            known = [found[1] for route in routes for found in PARAMETER.finditer(route)]
        elif root == "header":
            return _header(rest)
        if known is None or not rest or str(rest[0]) in known:
            return None
        return f"{root} has no {str(rest[0])!r}; {did_you_mean(str(rest[0]), known)}"

    def schema_of(self, steps: Steps) -> Mapping[str, Any] | None:
        """Returns the schema of a field of the body or the query; None when nothing is said of it."""
        root, *rest = steps
        schema = {"body": self.part.request, "query": self.part.query}.get(str(root))
        found = None if schema is None else self._walk(schema, rest, str(root))
        return found if isinstance(found, dict) else None

    def _walk(self, schema: Any, rest: list[str | int], said: str) -> Any:
        """The schema below a schema; a text that says what is wrong; or None when nothing is known of it."""
        for step in rest:
            if not isinstance(schema, dict):
                return None
            found = shape(schema, self.api.file.schemas)
            if isinstance(step, int) or step == "last" or step.isdecimal():
                schema = found.items
            elif step in found.fields:
                schema = found.fields[step]
            elif found.fields and (found.closed or closest(step, found.fields) is not None):
                return f"{said} has no {step!r}; {did_you_mean(step, found.fields)}"
            elif found.schema.get("type") == "array":
                cure = f"`{said}.0` is its first item, and `{said}: {{length: 1}}` counts them"
                return f"{said} is a list, which has no {step!r}; {cure}"
            else:
                return None
            said = f"{said}.{step}"
        return schema


def _header(rest: list[str | int]) -> str | None:
    name = rest[0] if rest else ""
    if isinstance(name, str) and name != name.lower():
        return f"names of headers are in lower case here; write header[{name.lower()!r}]"
    return None


def query_steps(query: str) -> Steps:
    """Returns the field of the body that the beginning of a JSONPath leads to, as far as it is a plain path."""
    steps: list[str | int] = ["body"]
    at = 1 if query.startswith("$") else len(query)
    while (found := _QUERY_STEP.match(query, at)) is not None:
        steps.append(0 if found[2] else found[1] or found[3])
        at = found.end()
    return tuple(steps)
