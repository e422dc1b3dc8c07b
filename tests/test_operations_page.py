"""docs/operations.md lists what the playbook serves, and who knows of each route."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from emulator.language.schema.provenance import PROVENANCES, Provenance
from emulator.playbook.apis import Api
from emulator.playbook.apis import Operation as Plan
from emulator.playbook.provenance import grade_of_route
from emulator.playbook.routes import Route
from tests.pages import ROOT
from tests.running import loaded

TEXT = (ROOT / "docs" / "operations.md").read_text()
DEFAULT = loaded("default")


def route_class(api: Api, route: Route) -> Provenance:
    """Who says that there is this route."""
    own = f"{route.method} {route.path.removeprefix(api.file.base)}"
    return grade_of_route(api.claims, api.file.operations[route.operation], own)


def promises(api: Api, operation: Plan) -> str:
    """How many claims an operation serves, by class: `5 documented, 1 invented`."""
    names = {each.claim for each in api.citations if each.operation == operation.name}
    counts = Counter[str](api.claims[name].grade for name in names)
    return ", ".join(f"{counts[grade]} {grade}" for grade in PROVENANCES if counts[grade])


def operation_rows(api: Api) -> list[str]:
    """What the page should say an API serves: what is documented first."""
    rows = []
    for route in DEFAULT.router.routes:
        if route.api == api.name:
            operation, request = api.operations[route.operation], f"{route.method} {route.path.replace(':path', '')}"
            known = route_class(api, route)
            cells = [f"`{request}`", f"`{operation.name}`", operation.summary, known, promises(api, operation)]
            rows.append((PROVENANCES.index(known), route.path, route.method, f"| {' | '.join(cells)} |"))
    return [row[-1] for row in sorted(rows)]


@pytest.mark.parametrize("api", DEFAULT.apis.values(), ids=DEFAULT.apis)
def test_the_table_of_everything_served_is_what_the_playbook_serves(api: Api) -> None:
    title = {"aixplain": "aiXplain", "aiexport": "AI Export"}[api.name]
    table = re.findall(rf"^## {title}\n\n(?:.*\n){{2}}((?:\|.*\n)*)", TEXT, re.M)[0]
    wanted = "".join(f"{row}\n" for row in operation_rows(api))
    assert table == wanted, f"the table of {title} should be:\n{wanted}"


def test_only_what_the_documents_show_is_called_a_documented_route() -> None:
    rows = [row for api in DEFAULT.apis.values() for row in operation_rows(api)]
    documented = [row.split("`")[1] for row in rows if "| documented |" in row]
    assert sorted(documented) == [
        "DELETE /v2/batch/{batch_id}/cancel",
        "GET /api/v2/data/{request_id}",
        "GET /sdk/agents/{request_id}/result",
        "GET /v2/messages",
        "GET /v2/models",
        "POST /api/v2/execute/{asset_id}",
        "POST /sdk/models/stats",
        "POST /v2/agents/{agent_id}/run",
        "POST /v2/batch",
        "POST /v2/messages",
        "POST /v2/messages/stream",
    ]
