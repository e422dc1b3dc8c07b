"""The document of one API: its routes, what they take and return, how they are found from each other, and who may."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterator
from typing import Any

from emulator.language.schema.api import TakenModel
from emulator.language.schema.scenario import OperationModel
from emulator.openapi.marks import PROVENANCE, marks, schema
from emulator.openapi.requests import body, parameters
from emulator.openapi.responses import OperationResponses
from emulator.openapi.shapes import shape
from emulator.playbook.apis import Api, Playbook
from emulator.playbook.provenance import grade_of_route
from emulator.playbook.routes import Route


def document(playbook: Playbook, api: Api, origin: str, documented_only: bool = False) -> dict[str, Any]:
    """Returns an API as an OpenAPI 3.1 document; with `documented_only`, the routes that its own document shows."""
    writer = _Writer(playbook, api, documented_only)
    paths: dict[str, dict[str, Any]] = {}
    for name, route in writer.routes.items():
        path = route.path.replace(":path}", "}")
        paths.setdefault(path, {}).setdefault(route.method.lower(), writer.operation(name, route))
    return {
        "openapi": "3.1.0",
        "info": {
            "title": api.title,
            "version": api.version,
            **({"description": api.file.about} if api.file.about else {}),
        },
        "servers": [{"url": origin}, *({"url": f"https://{host}"} for host in api.hosts)],
        "paths": paths,
        "webhooks": writer.webhooks(),
        "components": {
            "schemas": {
                **{name: schema(each, api.claims) for name, each in api.file.schemas.items()},
                **writer.responses.components(),
            },
            "securitySchemes": dict(writer.security_schemes()),
        },
    }


class _Writer:
    """Writes the parts of one API's document."""

    def __init__(self, playbook: Playbook, api: Api, documented_only: bool) -> None:
        self._api = api
        self.responses = OperationResponses(api)
        routes = _routes(playbook, api)
        self.routes = {
            name: each for name, each in routes if not documented_only or self._grade(each) == "documented"
        }  # by id
        self._links = dict(_links(api, self.routes))

    def _grade(self, route: Route) -> str:
        """Returns who knows of a route."""
        own = f"{route.method} {route.path.removeprefix(self._api.base)}"
        return grade_of_route(self._api.claims, self._api.file.operations[route.operation], own)

    def operation(self, name: str, route: Route) -> dict[str, Any]:
        """Returns what a route leads to."""
        part = self._api.file.operations[route.operation]
        known = marks(part.claims, None, self._api.claims)
        found: dict[str, Any] = {
            "operationId": name,
            "summary": part.summary,
            "tags": [route.operation.partition(".")[0]],
            **known,
            PROVENANCE: self._grade(route),
            "parameters": parameters(part, route.path, self._api.claims),
            "responses": self._linked(route.operation, self.responses.of(part)),
            "security": self._security(part),
        }
        content = body(part, self._api.claims)
        return found if content is None else {**found, "requestBody": content}

    def _linked(self, name: str, responses: dict[str, Any]) -> dict[str, Any]:
        links = self._links.get(name)
        if links:
            for status, response in responses.items():
                if status.startswith("2"):
                    response["links"] = links
        return responses

    def _security(self, part: OperationModel) -> list[dict[str, list[str]]]:
        return [{name: []} for name, _ in self.security_schemes()] if part.auth else []

    def security_schemes(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """Yields where credentials may stand."""
        for each in self._api.file.auth:
            known = marks(each.claims, each.grade, self._api.claims)
            name = f"{each.header}_{each.scheme}" if each.scheme else each.header
            if each.scheme and each.scheme.lower() in ("basic", "bearer") and each.header.lower() == "authorization":
                yield name, {"type": "http", "scheme": each.scheme.lower(), **known}
            else:
                about = {"description": f"{each.scheme} and the key"} if each.scheme else {}
                yield name, {"type": "apiKey", "in": "header", "name": each.header, **about, **known}

    def webhooks(self) -> dict[str, Any]:
        """Returns the calls that the end of a job makes."""
        found = {}
        for kind, job in self._api.file.jobs.items():
            if job.webhook is not None:
                content = {"application/json": {"schema": shape(job.webhook.body, {})}}
                known = marks(job.webhook.claims, None, self._api.claims)
                found[kind] = {
                    "post": {
                        "summary": f"A {kind} has ended",
                        **known,
                        "requestBody": {"required": True, "content": content},
                        "responses": {"2XX": {"description": "Taken; any other status is tried again."}},
                    }
                }
        return found


def _routes(playbook: Playbook, api: Api) -> Iterator[tuple[str, Route]]:
    """Yields the routes of an API, each with its id: its operation, with a number if it is an alias."""
    counts = Counter[str]()
    for route in playbook.router.routes:
        if route.api == api.name:
            counts[route.operation] += 1
            count = counts[route.operation]
            yield route.operation if count == 1 else f"{route.operation}_{count}", route


def _links(api: Api, written: Container[str]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yields each operation whose responses tell where to go next, with the links: examples of other operations that
    are written take their paths' parameters from it."""
    found: dict[str, dict[str, Any]] = {}
    for name, part in api.file.operations.items():
        for call in part.examples if name in written else ():
            for parameter, value in call.path.items():
                if isinstance(value, TakenModel):
                    pointer = value.at.replace("~", "~0").replace("/", "~1").replace(".", "/")
                    links = found.setdefault(value.operation, {})
                    link = links.setdefault(name, {"operationId": name, "parameters": {}})
                    link["parameters"][parameter] = f"$response.body#/{pointer}"
    yield from found.items()
