"""Tools: the control routes that have one, each with its definition and the request that a call of it means."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache, cached_property
from typing import Any
from urllib.parse import quote, urlencode

import msgspec
import orjson
from msgspec import Struct

from emulator.compile.lint import CONTROL
from emulator.control.mcp.results import SHORTENED, SHORTENED_SCHEMA
from emulator.control.mcp.tool import Tool
from emulator.control.route import ControlRoute
from emulator.errors import EmulatorError
from emulator.language.document.diagnostics import did_you_mean
from emulator.settings.parsers import parse_world

WORLD = "world"
ROUTE = re.compile(r"(?P<method>GET|POST|PUT|PATCH|DELETE) /_emulator(?P<path>(?:/[\w{}.:-]+)*)")


class WrongCall(EmulatorError):
    """A call that is no request: an argument is unknown or missing."""


class RouteRequest(Struct, frozen=True):
    """The request to the control API that a call means; `target` is path and query, `world` None for no world."""

    method: str
    target: str
    body: bytes
    world: str | None


class Definition(Struct, frozen=True):
    """A tool as clients see it: `reads`, `overwrites` and `idempotent` are its annotations."""

    name: str
    title: str
    about: str
    takes: dict[str, Any]
    gives: dict[str, Any]
    reads: bool
    overwrites: bool
    idempotent: bool


class RouteTool:
    """The tool of one control route."""

    def __init__(self, route: ControlRoute, tool: Tool) -> None:
        self.route = route
        self.tool = tool
        self._in_path = tuple(each[1:-1] for each in route.segments if each.startswith("{"))

    def define(self, world: str) -> Definition:
        """Returns its definition for a client that means this world unless it names another."""
        tool = self.tool
        return Definition(
            tool.name,
            tool.name.replace("_", " ").capitalize(),
            tool.about,
            self._takes(world),
            self._gives(),
            tool.reads,
            tool.overwrites,
            tool.reads or tool.idempotent,
        )

    @cached_property
    def parameters(self) -> dict[str, dict[str, Any]]:
        """The schema of each parameter but the world, those of the path first."""
        found: dict[str, dict[str, Any]] = {name: {"type": "string"} for name in self._in_path}
        if self.tool.whole:
            found[self.tool.whole] = {"type": "object"}
        found |= {
            name: _plain(schema)
            for name, schema in _object_schema(self._shape).get("properties", {}).items()
            if self.tool.only is None or name in self.tool.only
        }
        for name, schema in found.items():
            if name in self.tool.words:
                schema["description"] = self.tool.words[name]
            if name in self.tool.first:
                schema["default"] = self.tool.first[name]
        return found

    def request(self, arguments: Mapping[str, Any], world: str) -> RouteRequest:
        """Returns the request of a call, which means this world unless it names another. Raises WrongCall."""
        known = [*self.parameters, *([WORLD] if self.route.world_scoped else [])]
        for name in arguments:
            if name not in known:
                raise WrongCall(f"{self.tool.name} has no argument {name[:100]!r}; {did_you_mean(name, known)}")
        values = {**self.tool.first, **{name: value for name, value in arguments.items() if value is not None}}
        world = _world(values.pop(WORLD, world))
        path = CONTROL + "/".join(
            self._part(each[1:-1], values) if each.startswith("{") else each for each in self.route.path.split("/")
        )
        body = b""
        if self.route.method == "GET":
            query = urlencode({name: _text(value) for name, value in values.items()})
            path += f"?{query}" if query else ""
        elif self.route.body is not None:
            body = orjson.dumps(values.get(self.tool.whole, {}) if self.tool.whole else values)
        return RouteRequest(self.route.method, path, body, world if self.route.world_scoped else None)

    def _part(self, name: str, values: dict[str, Any]) -> str:
        value = values.pop(name, "")
        if not isinstance(value, str) or not value:
            raise WrongCall(f"{self.tool.name}: {name!r} is missing; expected text")
        # A client takes "." and ".." out of a path, which would then be that of another route.
        return quote(value, safe="") if value.strip(".") else value.replace(".", "%2E")

    @property
    def _shape(self) -> Any:
        return None if self.tool.whole else self.route.query if self.route.method == "GET" else self.route.body

    def _takes(self, world: str) -> dict[str, Any]:
        properties = dict(self.parameters)
        if self.route.world_scoped:
            about = f"The isolated world that is meant; by default {world!r}. See list_worlds."
            properties[WORLD] = {"type": "string", "description": about}
        required = [*self._in_path, *([self.tool.whole] if self.tool.whole else [])]
        required += [each for each in _object_schema(self._shape).get("required", []) if each in properties]
        takes = {"type": "object", "properties": properties, "additionalProperties": False}
        return takes | ({"required": required} if required else {})

    def _gives(self) -> dict[str, Any]:
        schema = _object_schema(self.route.answer)
        if not schema:
            return {"type": "object"}
        return {**schema, "properties": {**schema["properties"], SHORTENED: SHORTENED_SCHEMA}}


class Toolbox:
    """The tools of a table of control routes."""

    def __init__(self, table: Sequence[ControlRoute]) -> None:
        self._table = table
        self.tools = {each.tool.name: each for each in _tools(table)}

    def find(self, name: str) -> RouteTool:
        """Returns a tool. Raises WrongCall with the nearest name."""
        found = self.tools.get(name)
        if found is None:
            raise WrongCall(f"no tool {name[:100]!r}; {did_you_mean(name, self.tools)}")
        return found

    def in_words(self, text: str) -> str:
        """Returns a text in which the routes that it names are tools, where there is one."""
        return ROUTE.sub(self._tool_of, text)

    def _tool_of(self, found: re.Match[str]) -> str:
        parts = tuple(part for part in found["path"].split("/") if part)
        for route in self._table:
            if route.method == found["method"] and isinstance(route.tool, Tool) and route.fits(parts) is not None:
                return f"the tool {route.tool.name}"
        return found[0]


def _tools(table: Sequence[ControlRoute]) -> Iterator[RouteTool]:
    """Yields the tools, those that only read first."""
    found = [RouteTool(route, route.tool) for route in table if isinstance(route.tool, Tool)]
    return iter(sorted(found, key=lambda each: not each.tool.reads))


def _world(name: Any) -> str:
    try:
        return parse_world(name) if isinstance(name, str) else parse_world("")
    except ValueError as error:
        raise WrongCall(f"{WORLD}: expected {error}; found {name!r:.100}") from None


def _text(value: Any) -> str:
    """A value as a query has it; what is neither text nor a number is JSON, which the route refuses."""
    return value if isinstance(value, str) else orjson.dumps(value).decode()


@cache
def _object_schema(shape: Any) -> dict[str, Any]:
    """The JSON Schema of a class with its definitions, not to be changed; empty for what is no class of ours."""
    if not (isinstance(shape, type) and issubclass(shape, Struct)):
        return {}
    (schema,), components = msgspec.json.schema_components([shape], ref_template="#/$defs/{name}")
    own: dict[str, Any] = components.pop(schema["$ref"].rpartition("/")[2])
    own.pop("title", None)
    return {**own, **({"$defs": components} if components else {})}


def _plain(schema: dict[str, Any]) -> dict[str, Any]:
    """A parameter's schema without null, which is as good as left out."""
    shown = dict(schema)
    if "anyOf" in shown:
        shown["anyOf"] = [each for each in shown["anyOf"] if each != {"type": "null"}]
        if len(shown["anyOf"]) == 1:
            shown |= shown.pop("anyOf")[0]
    if shown.get("default", ...) is None:
        del shown["default"]
    return shown
