"""Requests: what an operation takes, as `query`, `request`, `checks` and `examples` of an API file."""

from __future__ import annotations

import re
from typing import Any

from msgspec import Struct, field

from emulator.importer.examples import examples_of, literal, quoted
from emulator.importer.guess import Guesses
from emulator.importer.part import Part
from emulator.importer.schemas import Schemas
from emulator.importer.security import Required
from emulator.importer.sources import Sources
from emulator.language.document.diagnostics import did_you_mean

FORM = "application/x-www-form-urlencoded"
_TYPES = {"integer": r"^-?[0-9]+$", "number": r"^-?[0-9.]+$", "boolean": "^(true|false)$"}
_ELSEWHERE = ("accept", "content-type", "authorization")  # as the specification says
_WORD = re.compile(r"[a-z0-9_-]+")
_PARAMETER = re.compile(r"\{([^{}]*)\}")


class Taken(Struct):
    """What an operation takes: entries of its part of the file, and the values that an example of it needs."""

    query: dict[str, Any] | None = None
    accept: list[str] = field(default_factory=list)
    request: dict[str, Any] | None = None
    checks: list[dict[str, Any]] = field(default_factory=list)
    path: dict[str, str] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)  # of the query
    headers: dict[str, str] = field(default_factory=dict)
    bodies: list[Any] = field(default_factory=list)

    def examples(self) -> list[dict[str, Any]]:
        """Returns the requests to be played; none if there is nothing to say of them."""
        named = {"path": self.path, "query": self.texts, "headers": self.headers}
        shared: dict[str, Any] = {name: values for name, values in named.items() if values}
        if self.bodies:
            return [{**shared, "body": literal(body)} for body in self.bodies]
        return [shared] if shared else []


def route_of(path: str) -> str:
    """Returns a path as an API file has it: names of parameters have letters, digits and `_`."""
    return _PARAMETER.sub(lambda found: f"{{{parameter_name(found[1])}}}", path)


def parameter_name(name: str) -> str:
    """Returns the name of a parameter of a path as an API file has it."""
    return re.sub(r"^(?=\d)", "_", re.sub(r"\W", "_", name, flags=re.ASCII)) or "_"


class Requests:
    """Reads parameters and bodies."""

    def __init__(self, sources: Sources, schemas: Schemas) -> None:
        self._sources = sources
        self._schemas = schemas
        self._guesses = Guesses(sources, of_request=True)

    def taken(self, path: str, item: Part, operation: Part, required: Required) -> Taken:
        """Returns what an operation takes; `item` has the parameters that all operations of the path share."""
        taken = Taken(path={parameter_name(found): "1" for found in _PARAMETER.findall(path)})
        for part in self._parameters(item, operation):
            self._parameter(taken, part)
        for name in required.query:
            self._query(taken, name, {"type": "string"}, False)
            taken.texts[name] = "test-key"
        taken.checks += required.checks
        body = operation.get("requestBody")
        content = None if body is None else self._sources.resolve(body)
        if content is not None:
            self._body(taken, content)
        return taken

    def _parameters(self, item: Part, operation: Part) -> list[Part]:
        """Returns the parameters; an operation's own replaces one of the path with the same name and place."""
        found: dict[tuple[str, str], Part] = {}
        for each in (*item.items("parameters"), *operation.items("parameters")):
            part = self._sources.resolve(each)
            if part is not None and isinstance(part.value, dict):
                found[part.text("in"), part.text("name")] = part
        return list(found.values())

    def _parameter(self, taken: Taken, part: Part) -> None:
        place, name = part.text("in"), part.text("name")
        schema = part.get("schema")
        converted = {} if schema is None else self._schemas.checked(schema)
        value = _text(examples_of(part, self._sources, self._guesses)[0].value)
        if place == "path" and parameter_name(name) not in taken.path:
            part.problem(f"unknown path parameter {name!r}; {did_you_mean(name, taken.path)}")
        elif place == "path":
            taken.path[parameter_name(name)] = value or "1"
            self._path_check(taken, parameter_name(name), schema)
        elif place == "query":
            self._query_parameter(taken, part, converted, value)
        elif place == "header" and name.lower() not in _ELSEWHERE and part.flag("required"):
            lower = name.lower()
            is_plain = _WORD.fullmatch(lower) is not None
            when = {f"header.{lower}": {"present": False}} if is_plain else f"{{{{ not header[{quoted(lower)}] }}}}"
            taken.checks.append(_check(when, f"{name} is required", name))
            taken.headers[name] = value
        elif place == "cookie":
            part.note("parameters in cookies are not looked at")
        elif place not in ("header", "path", "query"):
            part.problem("expected a parameter with `in`: path, query, header or cookie")

    def _path_check(self, taken: Taken, name: str, schema: Part | None) -> None:
        """Adds a check of what the text in a path may be."""
        found = None if schema is None else self._sources.resolve(schema)
        value = found.value if found is not None and isinstance(found.value, dict) else {}
        allowed: Any = None
        if isinstance(value.get("enum"), list) and all(isinstance(each, str) for each in value["enum"]):
            choices = value["enum"]
            wanted = f"be one of: {', '.join(choices)}"
            allowed = choices if literal(choices) is choices else {"matches": _any_of(choices)}
        elif isinstance(value.get("type"), str) and value["type"] in _TYPES:
            allowed, wanted = {"matches": _TYPES[value["type"]]}, f"be of type {value['type']}"
        if allowed:
            taken.checks.append(_check({f"path.{name}": {"not": allowed}}, f"{name}: must {wanted}", name))

    def _query_parameter(self, taken: Taken, part: Part, schema: dict[str, Any], value: str) -> None:
        name, style = part.text("name"), part.text("style", "form")
        if part.get("content") is not None or style == "deepObject":
            part.note("a query parameter that holds an object is not looked at")
            return
        explode = part.get("explode")
        joined = style in ("spaceDelimited", "pipeDelimited") or (explode is not None and explode.value is False)
        if joined and schema.get("type") == "array":
            part.note("a list that stands in one query parameter is taken as text")
            schema = {"type": "string"}
        self._query(taken, name, schema, part.flag("required"))
        if part.flag("required"):
            taken.texts[name] = value

    def _query(self, taken: Taken, name: str, schema: dict[str, Any], required: bool) -> None:
        query = taken.query = taken.query or {"type": "object", "properties": {}}
        query["properties"][name] = schema
        if required:
            query["required"] = [*query.get("required", []), name]

    def _body(self, taken: Taken, body: Part) -> None:
        content = body.entries("content")
        chosen = next((each for name, each in content.items() if is_json(name)), None)
        kind = "json"
        if chosen is None:
            chosen, kind = next((each for name, each in content.items() if name.startswith(FORM)), None), "form"
        for name, each in content.items():
            if each != chosen:
                each.note(f"bodies that are {name.partition(';')[0]} are not {'taken' if chosen else 'looked at'}")
        if chosen is None:
            return
        if not body.flag("required"):
            body.note("this body is optional; a request without one is refused here")
        schema = chosen.get("schema")
        taken.request = {} if schema is None else self._schemas.checked(schema)
        found = examples_of(chosen, self._sources, self._guesses)
        taken.bodies = [each.value for each in found if not each.guessed] or [each.value for each in found]
        if kind == "form":
            taken.accept = ["form"]
            taken.request = self._as_form(taken.request)
            taken.bodies = [_as_texts(each) for each in taken.bodies if isinstance(each, dict)]

    def _as_form(self, schema: dict[str, Any]) -> dict[str, Any]:
        """Returns the schema of a form, whose fields are texts, whatever they are meant as."""
        while "$ref" in schema:
            schema = self._schemas.at(schema["$ref"])
        fields = schema.get("properties", {})
        properties = {name: each if each.get("type") == "string" else {} for name, each in fields.items()}
        required = {"required": schema["required"]} if "required" in schema else {}
        return {"type": "object", **required, "properties": properties}


def _check(when: Any, message: str, name: str) -> dict[str, Any]:
    return {"when": when, "error": "invalid", "message": literal(message), "param": literal(name)}


def _any_of(choices: list[str]) -> str:
    """Returns a regular expression that one of these texts fits, and no other; it has no marks of a template."""
    return rf"^({'|'.join(map(re.escape, choices))})\Z".replace("%", "[%]")


def is_json(media: str) -> bool:
    """Whether a media type is JSON, or stands for any."""
    name = media.partition(";")[0].strip().lower()
    return name in ("application/json", "*/*", "application/*") or name.endswith("+json")


def _as_texts(value: dict[str, Any]) -> dict[str, str]:
    return {name: _text(each) for name, each in value.items()}


def _text(value: Any) -> str:
    """Returns a value as it stands in a path, a query or a form."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return _text(value[0]) if value else ""
    return str(value) if isinstance(value, str | int | float) else ""
