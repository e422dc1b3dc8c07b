"""The control API's own OpenAPI document: valid, complete, and true of what is answered."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import jsonschema_rs
import pytest

from emulator.control.openapi import document
from emulator.control.route import ControlRoute
from emulator.control.routes import TABLE
from emulator.metrics.observer import Observer
from tests.apis.aiexport_calls import PRO, asking, caller, create
from tests.control.test_guard import label
from tests.running import Emulated
from tests.waiting import PATIENCE

DOCUMENT = document(TABLE)
EXAMPLES = {entry.name: entry.example for entry in TABLE}
ROW = asking("What is 2 + 2?", custom_id="sum")


def test_it_is_a_valid_openapi_document(control: httpx.Client) -> None:
    import schemathesis  # here, as each process that runs tests would load it for half a second, and one needs it

    served = control.get("/openapi.json").json()
    assert served["openapi"] == "3.1.0"
    schemathesis.openapi.from_dict(served).validate()


def test_every_route_is_in_it_once() -> None:
    told = [(method.upper(), path) for path, methods in DOCUMENT["paths"].items() for method in methods]
    assert sorted(told) == sorted((entry.method, f"/_emulator{entry.path}") for entry in TABLE)
    names = [told["operationId"] for methods in DOCUMENT["paths"].values() for told in methods.values()]
    assert len(set(names)) == len(names)


@pytest.mark.finding("J1")
def test_a_path_allows_what_the_document_has_and_nothing_else(control: httpx.Client) -> None:
    for path, methods in DOCUMENT["paths"].items():
        (entry, *_) = [each for each in TABLE if f"/_emulator{each.path}" == path]
        allowed = {*(method.upper() for method in methods), *(["HEAD"] if "get" in methods else []), "OPTIONS"}
        answer = control.request("TRACE", filled(entry, {}))
        assert (answer.status_code, set(answer.headers["allow"].split(", "))) == (405, allowed), path


@pytest.mark.finding("J1")
@pytest.mark.parametrize("entry", [each for each in TABLE if each.body is not None], ids=lambda each: each.name)
def test_a_body_is_required_where_the_document_says_so(
    emulator: Emulated, control: httpx.Client, entry: ControlRoute
) -> None:
    ids = furnish(emulator, control, entry)
    told = DOCUMENT["paths"][f"/_emulator{entry.path}"][entry.method.lower()]
    answer = control.request(entry.method, filled(entry, ids))
    assert (answer.status_code in (400, 422)) == told["requestBody"]["required"], answer.text


@pytest.mark.finding("J1")
@pytest.mark.parametrize("name", ["worlds_put", "scenarios_put"])
def test_what_is_there_already_is_answered_with_the_other_status(control: httpx.Client, name: str) -> None:
    (entry,) = [each for each in TABLE if each.name == name]
    told = DOCUMENT["paths"][f"/_emulator{entry.path}"]["put"]["responses"]
    for status in (201, 200):
        assert control.put(filled(entry, {}), json=entry.example).status_code == status
        assert told[str(status)]["content"]


def test_every_reference_leads_somewhere() -> None:
    known = DOCUMENT["components"]["schemas"]
    references = set(referred(DOCUMENT))
    assert references <= {f"#/components/schemas/{name}" for name in known}


def referred(tree: Any) -> Iterator[str]:
    for key, value in tree.items() if isinstance(tree, dict) else ():
        if key == "$ref":
            yield value
        else:
            yield from referred(value)
    for value in tree if isinstance(tree, list) else ():
        yield from referred(value)


def furnish(emulator: Emulated, control: httpx.Client, entry: ControlRoute) -> dict[str, str]:
    """See that what an example speaks of is there; the ids that stand for the made-up one of the example."""
    if entry.path.startswith("/worlds/"):
        control.put("/worlds/checkout-test", json=EXAMPLES["worlds_put"]).raise_for_status()
    if entry.path == "/scenarios/{name}":
        control.put("/scenarios/my-outage", json=EXAMPLES["scenarios_put"]).raise_for_status()
    if entry.name in ("worlds_put", "scenarios_put"):
        control.delete(filled(entry, {})).raise_for_status()
    if entry.path == "/openapi/{file}":
        return {"API.json": "aiexport.json"}
    if entry.path == "/answers/{id}":
        return {"answer_1": control.post("/answers", json=EXAMPLES["answers_add"]).json()["id"]}
    if entry.path == "/faults/{id}":
        return {"fault_1": control.post("/faults", json=EXAMPLES["faults_arm"]).json()["id"]}
    if entry.path.startswith("/records/"):
        control.put("/records/aixplain/sessions/session_1", json=EXAMPLES["records_put"]).raise_for_status()
        if entry.name == "records_put":
            control.delete("/records/aixplain/sessions/session_1").raise_for_status()
        return {"api": "aixplain"}
    if entry.path == "/metrics":
        emulator.app.metrics = Observer(emulator.app.worlds)
    api = caller(emulator, PRO)
    if entry.path.startswith("/exchanges"):
        api.post("/messages", json=asking()).raise_for_status()
    elif entry.path.startswith("/jobs/"):
        return {"batch_1": create(api, ROW)["id"]}
    elif entry.path.startswith("/webhooks"):
        done = create(api, ROW, webhook_url="http://127.0.0.1:9/hook")["id"]
        control.post(f"/jobs/{done}/complete").raise_for_status()
        return {"msg_1": control.post("/webhooks/wait", json={}).json()["webhooks"][-1]["id"]}
    return {}


def test_each_example_works_and_each_answer_is_as_told(emulator: Emulated, control: httpx.Client) -> None:
    for entry in TABLE:
        ids = furnish(emulator, control, entry)
        body = control.get("/worlds/checkout-test/snapshot").json() if entry.name == "worlds_load" else None
        answer = ask(control, entry, ids, body)
        assert answer.status_code == entry.status, f"{label(entry)}: {answer.text}"
        if entry.streams or entry.media_types:
            assert answer.headers["content-type"].partition(";")[0] in declared(entry), label(entry)
        else:
            assert misfits(entry, answer.json()) == [], label(entry)
        control.delete("/faults").raise_for_status()


def ask(control: httpx.Client, entry: ControlRoute, ids: dict[str, str], body: Any = None) -> httpx.Response:
    """What the document shows as an example; `body` where it shows none."""
    body = body or entry.example
    params = {name[1:]: value for name, value in entry.at.items() if name.startswith("?")}
    given = {} if body is None else {"json": body}
    return control.request(entry.method, filled(entry, ids), params=params, timeout=PATIENCE, **given)


def filled(entry: ControlRoute, ids: dict[str, str]) -> str:
    """The path with its example in it, or what stands for that here."""
    path = entry.path
    for name, value in entry.at.items():
        path = path.replace(f"{{{name}}}", ids.get(value, value))
    return path


def declared(entry: ControlRoute) -> dict[str, Any]:
    """What the document says of the content of a success, by its type."""
    responses = DOCUMENT["paths"][f"/_emulator{entry.path}"][entry.method.lower()]["responses"]
    content: dict[str, Any] = responses[str(entry.status)]["content"]
    return content


def misfits(entry: ControlRoute, said: Any) -> list[str]:
    """What of an answer is not as the document tells."""
    schema = {**declared(entry)["application/json"]["schema"], "components": DOCUMENT["components"]}
    return [str(error) for error in jsonschema_rs.Draft202012Validator(schema).iter_errors(said)]
