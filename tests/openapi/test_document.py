"""An API's OpenAPI document: valid, complete, and true of what is answered."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from click.testing import CliRunner
from openapi_spec_validator import validate

from emulator import ControlError, Emulator
from emulator.cli import main
from emulator.openapi.document import document
from emulator.playbook.apis import Api
from emulator.playbook.provenance import grade_of_route
from tests.library import STORY
from tests.library import api as demo
from tests.running import loaded

DEFAULT = loaded("default")
ORIGIN = "http://127.0.0.1:8484"
DOCUMENTS = {name: document(DEFAULT, api, ORIGIN) for name, api in DEFAULT.apis.items()}
NARROW = {name: document(DEFAULT, api, ORIGIN, documented_only=True) for name, api in DEFAULT.apis.items()}
apis = pytest.mark.parametrize("api", DEFAULT.apis.values(), ids=DEFAULT.apis)
variants = pytest.mark.parametrize(
    "written",
    [*DOCUMENTS.values(), *NARROW.values()],
    ids=[*DOCUMENTS, *(f"{name}, documented only" for name in NARROW)],
)


def operations(written: Mapping[str, Any]) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    for path, methods in written["paths"].items():
        for method, operation in methods.items():
            yield method.upper(), path, operation


@variants
def test_two_validators_have_nothing_to_say(written: dict[str, Any]) -> None:
    import schemathesis  # here, as each process that runs tests would load it for half a second, and one needs it

    validate(written)
    schemathesis.openapi.from_dict(written).validate()


@apis
def test_every_route_is_in_it_with_what_it_rests_on(api: Api) -> None:
    written = {(method, path): operation for method, path, operation in operations(DOCUMENTS[api.name])}
    routes = {
        (each.method, each.path.replace(":path}", "}")): each for each in DEFAULT.router.routes if each.api == api.name
    }
    assert set(written) == set(routes)
    for key, route in routes.items():
        part = api.file.operations[route.operation]
        grade = grade_of_route(api.claims, part, f"{route.method} {route.path.removeprefix(api.base)}")
        assert written[key]["x-emulator-provenance"] == grade
        assert written[key].get("x-emulator-claims", []) == part.claims
    names = [operation["operationId"] for operation in written.values()]
    assert len(set(names)) == len(names)


@apis
def test_documented_only_leaves_the_routes_that_the_document_shows(api: Api) -> None:
    wanted = {(method, path) for method, path, each in operations(DOCUMENTS[api.name]) if grade(each) == "documented"}
    assert {(method, path) for method, path, _ in operations(NARROW[api.name])} == wanted != set()


def grade(operation: Mapping[str, Any]) -> str:
    return str(operation["x-emulator-provenance"])


@pytest.mark.slow
@apis
def test_every_documented_request_gets_a_response_that_fits(api: Api) -> None:
    with Emulator(scenarios=["default"], seed=5, journal_entries=5_000) as emulator:
        played = CliRunner().invoke(main, ["verify", "--api", api.name, "--target", emulator.url])
        assert played.exit_code == 0, played.output
        exchanges = emulator.client.get("/exchanges", last=5_000)["exchanges"]
    seen = {fits(DOCUMENTS[api.name], exchange) for exchange in exchanges if exchange["api"] == api.name}
    assert seen >= {name for name, part in api.file.operations.items() if part.examples}


def fits(written: Mapping[str, Any], exchange: Mapping[str, Any]) -> str:
    """Compares a response with the document; returns the operation."""
    (operation,) = [each for _, _, each in operations(written) if each["operationId"] == exchange["operation"]]
    responses = operation["responses"]
    response = responses.get(str(exchange["status"]), responses.get("default"))
    where = f"{exchange['method']} {exchange['path']}: {exchange['status']}"
    assert response is not None, where
    media = exchange["reply_headers"].get("content-type", "").partition(";")[0]
    if exchange["reply_body"] is not None:
        assert media in response["content"], where
    if media == "application/json":
        schema = {**response["content"][media]["schema"], "components": written["components"]}
        jsonschema_rs.validator_for(schema).validate(exchange["reply_body"])
    known = {name.lower() for name in response.get("headers", {})}
    own = {name for name in exchange["reply_headers"] if not name.startswith(("content-", "x-emulator-", "x-accel-"))}
    assert own - known <= {"date", "server", "connection", "transfer-encoding", "vary", "allow", "retry-after"}, where
    return str(exchange["operation"])


@variants
def test_links_lead_from_what_is_made_to_what_shows_it(written: dict[str, Any]) -> None:
    known = {each["operationId"]: each for _, _, each in operations(written)}
    links = [
        (name, link)
        for _, _, operation in operations(written)
        for response in operation["responses"].values()
        for name, link in response.get("links", {}).items()
    ]
    assert links
    for name, link in links:
        assert link["operationId"] == name
        assert set(link["parameters"]) <= {each["name"] for each in known[name]["parameters"] if each["in"] == "path"}


@pytest.mark.parametrize("narrow", [False, True])
def test_it_is_served_and_printed_alike(narrow: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    with Emulator(scenarios=["default"], documented_only=narrow) as emulator:
        served = emulator.client.get("/openapi/aiexport.json")
        monkeypatch.setenv("EMULATOR_DOCUMENTED_ONLY", str(int(narrow)))
        printed = CliRunner().invoke(main, ["openapi", "aiexport", "--url", emulator.url])
    assert json.loads(printed.output) == served


def test_the_project_file_says_what_is_described(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("mine.yaml").write_text(STORY)
    Path("demo.yaml").write_text(demo())
    Path("emulator.yaml").write_text("scenario: mine.yaml\n")
    printed = CliRunner().invoke(main, ["openapi", "demo"])
    assert printed.exit_code == 0, printed.output
    assert json.loads(printed.output)["info"]["title"] == "Demo"


def test_an_unknown_api_is_named_with_those_that_there_are() -> None:
    printed = CliRunner().invoke(main, ["openapi", "aiexprt"])
    assert printed.exit_code == 2
    assert "no API is called 'aiexprt'; expected one of: aixplain, aiexport; did you mean 'aiexport'?" in printed.output


def test_an_unknown_api_of_a_world_is_a_404() -> None:
    with Emulator(scenarios=["default"]) as emulator, pytest.raises(ControlError) as refused:
        emulator.client.get("/openapi/aiexprt.json")
    assert refused.value.status == 404
    assert "no API 'aiexprt'" in str(refused.value)
