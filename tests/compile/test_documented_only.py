"""With --documented-only, what rests on invention alone says so instead of answering."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from emulator import app, cli
from emulator.app import Application
from emulator.clock.world_clock import manual
from emulator.server import running as server
from emulator.settings.options import Settings
from tests.apis.aiexport_calls import (
    ENTERPRISE,
    HAIKU,
    OPUS,
    SONNET,
    asking,
    caller,
    create,
    refused,
    streamed,
    text_of_stream,
)
from tests.apis.aixplain_calls import LLM, execute, ran
from tests.apis.aixplain_calls import caller as aixplain
from tests.running import Emulated

API = """
api: tiny
title: Tiny
version: "1"
base: /tiny
claims:
  T-DOC: {class: documented, says: "It is documented."}
  T-SEEN: {class: inferred, says: "It was seen."}
  T-OURS: {class: invented, says: "It is ours."}
unknown_keys: {tier: only, workspace: all}
tiers: {only: {limits: {requests: 5/day}}}
auth: [{header: key}]
cost: {requests: 1}
limit_headers: {Left: "{{ limits.requests.remaining }}"}
errors:
  shape: {status: "{{ error.status }}", kind: "{{ error.kind }}", message: "{{ error.message }}"}
  kinds:
    invalid: {status: 400}
    unauthenticated: {status: 401}
    unknown_key: {status: 401}
    revoked: {status: 401}
    not_found: {status: 404}
    method_not_allowed: {status: 405}
    too_large: {status: 413}
    media_type: {status: 415}
    rate_limited: {status: 429}
    no_rule: {status: 501}
    internal: {status: 500}
collections: {things: {}}
operations:
  bare:
    route: GET /bare
    rules: [{claims: [T-DOC], reply: {body: {}}}]
  ours:
    route: POST /ours
    claims: [T-OURS]
    request: {type: object, required: [name]}
    rules: [{reply: {body: {}}}]
  seen:
    route: GET /seen
    claims: [T-OURS, T-SEEN]
    rules: [{reply: {body: {}}}]
  mixed:
    route: GET /mixed
    claims: [T-DOC]
    query: {type: object, properties: {which: {type: string}}}
    rules:
      - when: {query.which: invented}
        claims: [T-OURS]
        do: [{put: things, id: made, record: {}}]
        reply: {body: {}}
      - when: {query.which: both}
        claims: [T-OURS, T-DOC]
        reply: {body: {}}
      - reply: {body: {things: "{{ things | list | length }}"}}
  no.document.route:
    route: GET /own
    class: invented
    claims: [T-DOC]
    rules: [{claims: [T-DOC], reply: {body: {}}}]
  shown:
    route: GET /shown
    class: inferred
    claims: [T-DOC]
    rules: [{reply: {body: {}}}]
"""


@pytest.fixture
def tiny(emulator: Emulated, tmp_path: Path) -> Emulated:
    (tmp_path / "tiny.yaml").write_text(API)
    (tmp_path / "mine.yaml").write_text("scenario: mine\nabout: A test.\napis: {tiny: }\n")
    emulator.adopt(app.load((str(tmp_path / "mine.yaml"),), documented_only=True))
    return emulator


@pytest.fixture
def documented(emulator: Emulated) -> Emulated:
    emulator.adopt(app.load(("default",), documented_only=True))
    return emulator


def ask(emulator: Emulated, method: str, path: str) -> Any:
    return emulator.client("tiny").request(method, path, headers={"key": "k"})


@pytest.mark.parametrize(
    ("method", "path", "why"),
    [
        ("GET", "/bare", "bare cites nothing of it"),
        ("POST", "/ours", "ours rests on invention only (T-OURS)"),
        ("GET", "/mixed?which=invented", "mixed rests on invention only (T-OURS)"),
        ("GET", "/own", "no.document.route is of class invented"),
    ],
)
def test_what_rests_on_invention_is_refused_in_the_apis_shape(tiny: Emulated, method: str, path: str, why: str) -> None:
    response = ask(tiny, method, path)
    body = response.json()
    assert (response.status_code, body["status"], body["kind"]) == (501, 501, "no_rule")
    assert body["message"].startswith("The API's document does not promise this: ")
    assert why in body["message"]


@pytest.mark.parametrize("path", ["/seen", "/mixed", "/mixed?which=both", "/shown"])
def test_what_is_documented_or_was_seen_is_answered_and_a_rule_that_cites_nothing_goes_with_its_operation(
    tiny: Emulated, path: str
) -> None:
    assert ask(tiny, "GET", path).status_code == 200


def test_a_refusal_changes_nothing_and_an_operation_that_is_refused_costs_nothing(tiny: Emulated) -> None:
    assert ask(tiny, "GET", "/mixed?which=invented").status_code == 501
    assert ask(tiny, "GET", "/mixed").json() == {"things": 0}
    before = ask(tiny, "GET", "/mixed").headers["left"]
    assert ask(tiny, "POST", "/ours").headers["left"] == before


@pytest.mark.claim("AE-BATCH-GET")
@pytest.mark.claim("AE-BATCH-ROUTE")
def test_the_routes_that_we_invented_are_refused_and_the_documents_are_not(documented: Emulated) -> None:
    client = caller(documented)
    batch = create(client, asking())
    for path in ("/batch", f"/batch/{batch['id']}", f"/batch/{batch['id']}/results", "/batch?limit=none"):
        error = refused(client.get(path), 501, "api_error")
        assert "AE-BATCH-GET" in error["message"]
    assert client.delete(f"/batch/{batch['id']}/cancel").status_code == 200
    assert client.post("/messages", json=asking()).status_code == 200
    assert text_of_stream(streamed(client, "/messages/stream", asking()))
    assert client.get("/models").status_code == 200


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/keys"),
        ("POST", "/keys/key_1/rotate"),
        ("DELETE", "/keys/key_1"),
        ("GET", "/status"),
        ("POST", "/oauth/token"),
    ],
)
def test_a_route_of_our_own_is_refused_whatever_promises_it_serves(
    documented: Emulated, method: str, path: str
) -> None:
    error = refused(caller(documented).request(method, path), 501, "api_error")
    assert "is of class invented" in error["message"]


@pytest.mark.claim("AX-CATALOGUE")
def test_what_the_public_client_shows_is_answered_too(documented: Emulated) -> None:
    client = aixplain(documented)
    assert ran(client, text="Hello!")
    assert execute(client, LLM, "v1", data="Hello!").status_code == 200
    assert client.get(f"/v2/models/{LLM}").status_code == 200


def test_the_setting_holds_for_the_application_and_after_a_reload() -> None:
    application = app.build(Settings(documented_only=True, reload=False), manual())
    for _ in range(2):
        (rule,) = application.playbook.operation("aiexport", "batch.get").rules.rules
        assert rule.reply is not None
        assert rule.reply.error == "no_rule"
        assert application.reload()


@pytest.mark.parametrize(
    ("arguments", "variable", "expected"),
    [
        ([], None, False),
        (["--documented-only"], None, True),
        ([], "yes", True),
        (["--no-documented-only"], "yes", False),
    ],
)
def test_serve_takes_it_as_a_flag_and_from_the_environment(
    monkeypatch: pytest.MonkeyPatch, arguments: list[str], variable: str | None, expected: bool
) -> None:
    served: list[Application] = []

    def run(application: Application, socks: Any, *_: Any) -> int:
        for sock in socks:
            sock.close()
        served.append(application)
        return 0

    monkeypatch.setattr(server, "run", run)
    env = {} if variable is None else {"EMULATOR_DOCUMENTED_ONLY": variable}
    result = CliRunner().invoke(cli.main, ["serve", "--listen", "127.0.0.1:0", *arguments], env=env)
    assert result.exit_code == 0, result.output
    assert [application.settings.documented_only for application in served] == [expected]


OLD_OPUS = "apex-opus-2-20241001"


@pytest.mark.finding("E3")
@pytest.mark.parametrize(
    ("method", "path", "body", "named"),
    [
        ("POST", "/messages", asking(model=OLD_OPUS), f"models/{OLD_OPUS}"),
        ("POST", "/messages/stream", asking(model=OLD_OPUS), f"models/{OLD_OPUS}"),
        ("POST", "/messages", asking(stop_sequences=["x"]), "body.stop_sequences"),
        ("POST", "/messages/stream", asking(stop_sequences=["x"]), "body.stop_sequences"),
        ("POST", "/messages", asking(top_k=5), "body.top_k"),
        ("POST", "/batch", {"requests": [asking()], "metadata": {"a": 1}}, "body.metadata"),
        ("GET", f"/models?after={OPUS}", None, "query.after"),
        ("GET", "/models?order=asc", None, "query.order"),
    ],
)
def test_a_model_and_a_field_that_the_document_does_not_name_are_refused_by_name(
    documented: Emulated, method: str, path: str, body: object, named: str
) -> None:
    error = refused(caller(documented, ENTERPRISE).request(method, path, json=body), 501, "api_error")
    assert f"does not promise this: {named} is " in error["message"]


@pytest.mark.finding("E3")
def test_a_field_that_is_null_and_a_model_that_is_nowhere_are_judged_as_ever(documented: Emulated) -> None:
    client = caller(documented)
    assert client.post("/messages", json=asking(stop_sequences=None)).status_code in (200, 400)
    refused(client.post("/messages", json=asking(model="gpt-1")), 404, "not_found_error", "model")


@pytest.mark.finding("E3")
def test_the_models_are_those_of_the_document(documented: Emulated) -> None:
    listed = caller(documented, ENTERPRISE).get("/models").json()["data"]
    assert {model["id"] for model in listed} == {OPUS, SONNET, HAIKU}


@pytest.mark.finding("E3")
def test_a_row_that_asks_for_what_is_not_documented_is_an_errored_row(documented: Emulated) -> None:
    client = caller(documented, ENTERPRISE)
    rows = [asking(), asking(model=OLD_OPUS), asking(stop_sequences=["x"])]
    batch = create(client, *rows)
    documented.advance(60)
    documented.adopt(app.load(("default",)))
    results = [row["result"] for row in client.get(f"/batch/{batch['id']}/results").json()["data"]]
    assert [result["type"] for result in results] == ["succeeded", "errored", "errored"]
    assert OLD_OPUS in str(results[1]["error"])
    assert "body.stop_sequences" in str(results[2]["error"])


@pytest.mark.finding("E3")
@pytest.mark.claim("AE-SAMPLES")
def test_the_samples_of_ai_exports_document_are_served(documented: Emulated) -> None:
    client = caller(documented, "axp_live_0123456789")
    assert client.get("/messages", headers={"Content-Type": "application/json"}).status_code == 200
    assert client.post("/messages", json=asking(max_tokens=1024)).status_code == 200
    assert client.get("/models").status_code == 200
    assert text_of_stream(streamed(client, "/messages/stream", asking(model=OPUS, stream=True)))
    batch = create(client, asking(model=HAIKU), asking(model=HAIKU), webhook_url="http://127.0.0.1:9/")
    assert client.delete(f"/batch/{batch['id']}/cancel").status_code == 200


@pytest.mark.finding("E3")
def test_the_samples_of_aixplains_document_are_served(documented: Emulated) -> None:
    client = aixplain(documented)
    execute_path, agent = "/api/v2/execute/{}", "68f0000000000000000000a1"
    history = [{"role": "user", "content": "Hello!"}, {"role": "assistant", "content": "Hi there!"}]
    for body in (
        {"text": "What is 2 + 2?"},
        {"text": "What are the colors of the rainbow?", "max_tokens": 10, "temperature": 0.8},
        {"text": [*history, {"role": "user", "content": "Tell me a fun fact."}]},
    ):
        assert client.post(execute_path.format(LLM), json=body).json()["status"] == "SUCCESS"
    scrape = {"action": "scrape", "data": {"url": "https://example.com"}}
    assert client.post(execute_path.format("6900000000000000000000aa"), json=scrape).status_code in (200, 201)
    assert client.get("/api/v2/data/00000000-0000-0000-0000-000000000000").status_code == 200
    today = date(2026, 1, 1)
    days = {"startDay": str(today - timedelta(days=14)), "endDay": str(today), "modelId": LLM}
    assert client.post("/sdk/models/stats", json=days).status_code == 201
    run = client.post(f"/v2/agents/{agent}/run", json={"query": "What is 5 + 5?"}).json()
    again = {"query": "What was my previous question?", "sessionId": run["sessionId"]}
    assert client.post(f"/v2/agents/{agent}/run", json=again).status_code == 201
    assert client.post(f"/v2/agents/{agent}/run", json={"query": "Continue", "history": history}).status_code == 201
    documented.advance(60)
    assert client.get(f"/sdk/agents/{run['requestId']}/result").json()["status"] == "SUCCESS"


@pytest.mark.finding("E3")
def test_a_credential_that_nobody_documents_is_not_known(documented: Emulated) -> None:
    key = {"Authorization": "Bearer aix_test_demo"}
    answer = documented.client("aixplain").get("/sdk/agents", headers=key)
    assert answer.status_code == 401
    assert "x-api-key" in answer.headers.get("x-emulator-hint", "") + answer.text
