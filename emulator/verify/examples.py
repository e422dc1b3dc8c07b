"""Examples: the requests of each operation that its API's file shows, or else the smallest that its schema takes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from msgspec import Struct

from emulator.scenario.parts import Call
from emulator.scenario.playbook import Api, Operation
from emulator.scenario.routes import PARAMETER

TEXT = "Hello!"
MADE: Mapping[str, Any] = {"string": TEXT, "integer": 1, "number": 1, "boolean": False, "null": None}


class Example(Struct, frozen=True):
    """One request of an operation, and the claims that it tries."""

    operation: Operation
    call: Call
    claims: tuple[str, ...]
    number: int

    @property
    def title(self) -> str:
        return f"{self.operation.name}, example {self.number}"


def examples(api: Api) -> Iterator[Example]:
    """All of them, in the order of the file. An operation whose path has parameters has none unless it shows some."""
    for operation in api.operations.values():
        part = api.file.operations[operation.name]
        calls = part.examples
        if not calls and not PARAMETER.search(operation.path):
            calls = [Call(body=None if part.request is None else smallest(part.request, api.file.schemas))]
        for number, call in enumerate(calls, 1):
            yield Example(operation, call, tuple(call.tries or operation.claims), number)


def smallest(schema: Mapping[str, Any], schemas: Mapping[str, Any]) -> Any:
    """The smallest value that a schema takes, as far as its first words say."""
    if "$ref" in schema:
        return smallest(schemas.get(str(schema["$ref"]).rpartition("/")[2], {}), schemas)
    for word in ("const", "default"):
        if word in schema:
            return schema[word]
    if "enum" in schema:
        return schema["enum"][0]
    kinds = schema.get("type", "object" if "properties" in schema else "string")
    named = kinds[0] if isinstance(kinds, list) else kinds
    if named == "object":
        properties = schema.get("properties", {})
        return {name: smallest(properties.get(name, {}), schemas) for name in schema.get("required", [])}
    if named == "array":
        return [smallest(schema.get("items", {}), schemas)] * int(schema.get("minItems", 0))
    if named in ("integer", "number"):
        return schema.get("minimum", MADE[named])
    return MADE.get(str(named))
