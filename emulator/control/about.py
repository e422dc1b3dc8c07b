"""About the server: what it serves, where, and with which keys; whether it is well, and what it has counted."""

from __future__ import annotations

from typing import Any

from msgspec import Struct, field

from emulator import __version__
from emulator.control.mcp.tool import NoTool, Tool
from emulator.control.parsing import ControlFailure
from emulator.control.route import ControlRequest, ControlRoute, Text
from emulator.engine.context import Service
from emulator.engine.functions import LANGUAGE
from emulator.errors import Location, StoreUnavailable
from emulator.http.accept import prefers
from emulator.language.document.diagnostics import did_you_mean
from emulator.language.expressions.template import compile_tree
from emulator.metrics.observer import INSTALL, NEEDED, is_installed
from emulator.playbook.apis import Api, Operation, Playbook
from emulator.playbook.provenance import grade_of_route
from emulator.playbook.routes import Route
from emulator.worlds.registry import DEFAULT


class KeyView(Struct, frozen=True):
    """A key that the API knows, as it stands in this world; `status` is `active` or says why it is refused."""

    tier: str
    status: str
    workspace: str


class ApiView(Struct, frozen=True):
    """One emulated service: its base URL here, and the real hosts it stands in for.

    `environment` are the variables that make the service's own client call it here, with the key `client_key` or the
    one that was asked for; `modules` are the Python modules that read them when they are imported. `example` is the
    operation to try first.
    """

    api: str
    title: str
    version: str
    base_url: str
    hosts: tuple[str, ...]
    keys: dict[str, KeyView]
    client_key: str | None
    environment: dict[str, str]
    modules: tuple[str, ...]
    example: str | None


class Apis(Struct, frozen=True):
    """Every API of a world."""

    apis: list[ApiView]


class ApisQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """`api`: only this one. `key`: the key in its `environment`, its own when left out."""

    api: str | None = None
    key: str | None = None


def apis(request: ControlRequest, query: ApisQuery) -> Apis:
    """The APIs that the world serves, with their base URLs and keys."""
    pipeline = request.world.pipeline
    known_api(pipeline.playbook, query.api, "query.api")
    services = [each for name, each in pipeline.services.items() if query.api in (None, name)]
    return Apis([_api_view(service, request.origin, query.key) for service in services])


def _api_view(service: Service, origin: str, key: str | None) -> ApiView:
    api = service.api
    keys = {
        key: KeyView(record["tier"], record.get("status", "active"), record["workspace"])
        for key, record in service.records["keys"].items()
    }
    names = service.background(url=origin, base_url=origin + api.base, key=key or api.client.key)
    environment = {name: str(value.value(names)) for name, value in api.client.environment.items()}
    example = None if api.example is None else api.example.operation
    base_url = origin + api.base
    return ApiView(
        api.name,
        api.title,
        api.version,
        base_url,
        api.hosts,
        keys,
        api.client.key,
        environment,
        api.client.modules,
        example,
    )


API_ROUTES = (
    ControlRoute(
        "GET",
        "/apis",
        apis,
        tool=Tool(
            "list_apis",
            "List the emulated APIs: base URL here, the real hosts each one stands in for, its keys, and the "
            "environment variables that make a program use it. Start with this one.",
            words={"api": "only this API", "key": "the key to put into the environment variables"},
        ),
    ),
)


class ExampleRequest(Struct, frozen=True):
    """A request to try: parts of the path by name (those that another response tells are left out), and the headers
    that show a key. Templates in the body were evaluated by the clock of the world."""

    path: dict[str, str]
    query: dict[str, str]
    headers: dict[str, str]
    body: Any


class OperationView(Struct, frozen=True):
    """One route of an operation. `host` null: on every host of its API. `class` is documented, inferred or invented.
    `example` is a request to try, with no body unless the API file has one."""

    api: str
    operation: str
    method: str
    path: str
    host: str | None
    grade: str = field(name="class")
    claims: tuple[str, ...]
    summary: str
    example: ExampleRequest


class Operations(Struct, frozen=True):
    """The routes, in the order in which they are tried."""

    operations: list[OperationView]


class OperationsQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """`api`: of this API only."""

    api: str | None = None


def operations(request: ControlRequest, query: OperationsQuery) -> Operations:
    """The operations that the world serves; `?api=` selects one API."""
    playbook = request.world.pipeline.playbook
    known_api(playbook, query.api, "query.api")
    routes = [route for route in playbook.router.routes if query.api in (None, route.api)]
    return Operations([_operation_view(playbook, route, request.clock.now()) for route in routes])


def known_api(playbook: Playbook, name: str | None, where: str) -> None:
    """Raises ControlError 400 for an API that the playbook has not."""
    if name is not None and name not in playbook.apis:
        raise ControlFailure(400, f"{where}: no API {name!r}; {did_you_mean(name, playbook.apis)}")


def known_operation(playbook: Playbook, name: str | None, where: str) -> None:
    """Raises ControlError 400 for an operation that no API of the playbook has."""
    names = dict.fromkeys(each for api in playbook.apis.values() for each in api.operations)
    if name is not None and name not in names:
        raise ControlFailure(400, f"{where}: no operation {name!r}; {did_you_mean(name, names)}")


def _operation_view(playbook: Playbook, route: Route, now: float) -> OperationView:
    api, operation = playbook.apis[route.api], playbook.operation(route.api, route.operation)
    own = f"{route.method} {route.path.removeprefix(api.file.base)}"
    grade = grade_of_route(api.claims, api.file.operations[route.operation], own)
    path = route.path.replace(":path}", "}")
    return OperationView(
        api.name,
        operation.name,
        route.method,
        path,
        route.host,
        grade,
        operation.claims,
        operation.summary,
        _example(api, operation, now),
    )


def _example(api: Api, operation: Operation, now: float) -> ExampleRequest:
    """Returns the first example of an operation, with the key of the API's own."""
    shown = api.example
    headers = {} if shown is None else dict(shown.headers)
    if shown is not None and shown.operation == operation.name:
        return ExampleRequest(dict(shown.path), {}, headers, shown.body)
    calls = api.file.operations[operation.name].examples
    if not calls:
        return ExampleRequest({}, {}, headers, None)
    call = calls[0]
    body = compile_tree(call.body, LANGUAGE, lambda _: Location("")).value({"now": now})
    known = {name: value for name, value in call.path.items() if isinstance(value, str)}
    return ExampleRequest(known, dict(call.query), {**headers, **call.headers}, body)


OPERATION_ROUTES = (
    ControlRoute(
        "GET",
        "/operations",
        operations,
        tool=Tool(
            "list_operations",
            "List the operations of the emulated APIs, such as messages.create: method, path, an example request. "
            "Other tools take these names.",
            words={"api": "only those of this API"},
            rest="Name one `api`.",
        ),
    ),
)


class Health(Struct, frozen=True):
    """What the server plays in its default world, where its state is (`memory` or `redis`), and how many workers serve.

    `status` is `ok`, or `degraded`, with the `reason`, while the store can't be used, or a worker can't serve what the
    others do; then it is sent with 503, and `workers` is 0 if nobody knows.
    """

    status: str
    version: str
    scenarios: tuple[str, ...]
    apis: tuple[str, ...]
    store: str
    workers: int
    reason: str


async def health(request: ControlRequest) -> Health:
    """200 once the server accepts requests, 503 while its state can't be reached; needs no token."""
    world, sharing = request.server.worlds.find(DEFAULT), request.server.sharing
    workers, reason = 1, "" if sharing is None else sharing.failure
    try:
        await world.state.store.flush()
        if sharing is not None:
            workers = len(await sharing.list_workers())
    except StoreUnavailable as error:
        workers, reason = 0, str(error)
    request.status = 503 if reason else 200
    playbook = world.pipeline.playbook
    kept = "redis" if request.server.settings.store else "memory"
    status = "degraded" if reason else "ok"
    return Health(status, __version__, playbook.scenarios, tuple(playbook.apis), kept, workers, reason)


async def metrics(request: ControlRequest) -> Text:
    """Metrics of the whole server for Prometheus, or as OpenMetrics for who prefers that; see `serve --metrics`."""
    counted = request.server.metrics
    if counted is None and not is_installed():
        raise ControlFailure(501, f"metrics {NEEDED}", INSTALL)
    if counted is None:
        raise ControlFailure(409, "nothing is counted", "start the server with --metrics, or with EMULATOR_METRICS=1")
    from emulator.metrics.exposition import render

    as_openmetrics = prefers(request.accept, *reversed(MEDIA_TYPES))
    text = render(*await counted.collect(), as_openmetrics)
    return Text(text, f"{MEDIA_TYPES[as_openmetrics]}; version={VERSIONS[as_openmetrics]}; charset=utf-8")


MEDIA_TYPES = ("text/plain", "application/openmetrics-text")
VERSIONS = ("0.0.4", "1.0.0")  # of the formats
METRICS_ROUTES = (
    ControlRoute(
        "GET",
        "/metrics",
        metrics,
        media_types=MEDIA_TYPES,
        refusals=(409, 501),
        world_scoped=False,
        tool=NoTool("for Prometheus; get_summary says what was called"),
    ),
)
HEALTH_ROUTES = (
    ControlRoute("GET", "/health", health, world_scoped=False, tool=NoTool("for containers; list_apis says more")),
)
