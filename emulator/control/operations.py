"""Operations: every route that an API answers, and who says that there is such a route."""

from __future__ import annotations

from msgspec import Struct, field

from emulator.control.entry import Call, Entry
from emulator.control.failure import ControlError
from emulator.scenario.claims import grade_of_route
from emulator.scenario.playbook import Playbook
from emulator.scenario.routes import Route
from emulator.scenario.suggest import did_you_mean


class OperationView(Struct, frozen=True):
    """One route of an operation. `host` null: on every host of its API. `class` is documented, inferred or invented."""

    api: str
    operation: str
    method: str
    path: str
    host: str | None
    grade: str = field(name="class")
    claims: tuple[str, ...]
    summary: str


class Operations(Struct, frozen=True):
    """The routes, in the order in which they are tried."""

    operations: list[OperationView]


class OperationsQuery(Struct, frozen=True, forbid_unknown_fields=True):
    """`api`: of this API only."""

    api: str | None = None


def operations(call: Call, query: OperationsQuery) -> Operations:
    """The operations that the world serves; those of one API with `?api=`."""
    playbook = call.room.pipeline.playbook
    known_api(playbook, query.api, "query.api")
    routes = [route for route in playbook.router.routes if query.api in (None, route.api)]
    return Operations([_view(playbook, route) for route in routes])


def known_api(playbook: Playbook, name: str | None, where: str) -> None:
    """Raises ControlError 400 for an API that the playbook has not."""
    if name is not None and name not in playbook.apis:
        raise ControlError(400, f"{where}: no API {name!r}; {did_you_mean(name, playbook.apis)}")


def known_operation(playbook: Playbook, name: str | None, where: str) -> None:
    """Raises ControlError 400 for an operation that no API of the playbook has."""
    names = dict.fromkeys(each for api in playbook.apis.values() for each in api.operations)
    if name is not None and name not in names:
        raise ControlError(400, f"{where}: no operation {name!r}; {did_you_mean(name, names)}")


def _view(playbook: Playbook, route: Route) -> OperationView:
    api, operation = playbook.apis[route.api], playbook.operation(route.api, route.operation)
    own = f"{route.method} {route.path.removeprefix(api.file.base)}"
    grade = grade_of_route(api.claims, api.file.operations[route.operation], own)
    path = route.path.replace(":path}", "}")
    return OperationView(
        api.name, operation.name, route.method, path, route.host, grade, operation.claims, operation.summary
    )


ROUTES = (Entry("GET", "/operations", operations),)
