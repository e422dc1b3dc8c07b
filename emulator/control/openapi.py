"""OpenAPI: the control API as an OpenAPI 3.1 document, made from the table that answers, so that the two agree."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
from msgspec import Struct
from msgspec.structs import fields

from emulator import __version__
from emulator.compile.lint import CONTROL
from emulator.control.mcp.tool import NoTool
from emulator.control.parsing import MEANINGS, ErrorBody, unknown
from emulator.control.route import ControlRequest, ControlRoute
from emulator.language.document.diagnostics import did_you_mean
from emulator.openapi.document import document as openapi_of

ALWAYS = (400, 403, 413, 415)
ABOUT = (
    "Steers one emulator: arm faults, move the clock, keep tests apart in worlds, ask what clients did. JSON only, and "
    "not for web pages: a foreign Host, Origin or Sec-Fetch-Site is answered 403, and no CORS header is ever sent."
)
UNCHANGED = "The answer is still that whose `ETag` the header `If-None-Match` names; it is not sent again."
WORLD = "The world that is meant; `default` when neither header nor query says one."


def openapi(request: ControlRequest) -> dict[str, Any]:
    """The control API as an OpenAPI 3.1 document."""
    return {**document(request.table), "servers": [{"url": request.origin}]}


def emulated(request: ControlRequest) -> dict[str, Any]:
    """An API of this world as an OpenAPI 3.1 document, with the promises that each part relies on."""
    name = request.path["file"].removesuffix(".json")
    playbook = request.world.pipeline.playbook
    api = playbook.apis.get(name)
    if api is None:
        raise unknown("API", name, did_you_mean(name, playbook.apis))
    return openapi_of(playbook, api, request.origin, request.server.settings.documented_only)


def document(table: tuple[ControlRoute, ...]) -> dict[str, Any]:
    """The document of a table of routes."""
    shapes = [shape for route in table for shape in (route.body, route.answer) if _is_struct(shape)]
    _, components = msgspec.json.schema_components([ErrorBody, *shapes], ref_template="#/components/schemas/{name}")
    paths: dict[str, dict[str, Any]] = {}
    for route in table:
        paths.setdefault(CONTROL + route.path, {})[route.method.lower()] = _operation(route)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Control API of the emulator", "version": __version__, "description": ABOUT},
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer", "description": "see --control-token"}},
        },
        "security": [{}, {"token": []}],
    }


def _operation(route: ControlRoute) -> dict[str, Any]:
    refusals = sorted({*ALWAYS, *route.refusals, *((404,) if route.world_scoped else ())})
    successes = sorted({route.status, route.other_status or route.status})
    operation = {
        "operationId": route.name,
        "summary": route.summary,
        "tags": [route.segments[0] if route.segments else "start"],
        "parameters": list(_parameters(route)),
        "responses": {
            **{str(status): _success(route) for status in successes},
            **({"304": {"description": UNCHANGED}} if route.method == "GET" and not route.streams else {}),
            **{str(status): _response(MEANINGS[status], _schema(ErrorBody)) for status in refusals},
        },
    }
    if route.body is not None:
        content: dict[str, Any] = {"schema": _schema(route.body)}
        if route.example is not None:
            content["example"] = route.example
        operation["requestBody"] = {"required": not route.body_optional, "content": {"application/json": content}}
    return operation


def _parameters(route: ControlRoute) -> Iterator[dict[str, Any]]:
    for segment in route.segments:
        if segment.startswith("{"):
            name = segment[1:-1]
            yield {
                "name": name,
                "in": "path",
                "required": True,
                "schema": {"type": "string"},
                "example": route.at[name],
            }
    for field in fields(route.query) if route.query is not None else ():
        parameter = {
            "name": field.encode_name,
            "in": "query",
            "required": field.required,
            "schema": msgspec.json.schema(field.type),
        }
        if f"?{field.encode_name}" in route.at:
            parameter["example"] = route.at[f"?{field.encode_name}"]
        yield parameter
    if route.world_scoped:
        for place, name in (("header", "X-Emulator-World"), ("query", "world")):
            yield {"name": name, "in": place, "description": WORLD, "schema": {"type": "string"}}


def _success(route: ControlRoute) -> dict[str, Any]:
    if route.delegates:
        return {"description": route.about, "content": {"application/json": {"schema": {"type": "object"}}}}
    if route.streams:
        return {"description": route.about, "content": {"text/event-stream": {"schema": {"type": "string"}}}}
    if route.media_types:
        text = {"schema": {"type": "string"}}
        return {"description": route.about, "content": dict.fromkeys(route.media_types, text)}
    success = _response(route.summary, _schema(route.answer))
    if route.lines is not None:
        success["content"]["application/x-ndjson"] = {"schema": {"type": "string"}}
    return success


def _response(about: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"description": about, "content": {"application/json": {"schema": schema}}}


def _schema(shape: Any) -> dict[str, Any]:
    return {"$ref": f"#/components/schemas/{shape.__name__}"} if _is_struct(shape) else {"type": "object"}


def _is_struct(shape: Any) -> bool:
    return isinstance(shape, type) and issubclass(shape, Struct)


DOCUMENT = "longer than a model can read; list_operations says what is served"
ROUTES = (
    ControlRoute("GET", "/openapi.json", openapi, world_scoped=False, tool=NoTool("a document for programs")),
    ControlRoute("GET", "/openapi/{file}", emulated, at={"file": "API.json"}, refusals=(404,), tool=NoTool(DOCUMENT)),
)
