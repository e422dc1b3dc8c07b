"""A request is explained over HTTP: in the order in which it would be answered, and as it would be."""

from __future__ import annotations

import base64
import gzip
import json
from typing import Any

import httpx
import pytest

from emulator.settings.options import Settings
from tests import loopback
from tests.inspector.traffic import KEY, asking
from tests.running import Emulated

MODEL = "apex-haiku-4-20250401"


def explain(emulator: Emulated, status: int = 200, **body: Any) -> dict[str, Any]:
    answer = loopback.post(f"{emulator.origin}/_emulator/explain", json=body)
    assert answer.status_code == status, answer.text
    told: dict[str, Any] = answer.json()
    return told


@pytest.mark.parametrize(
    ("method", "path", "headers", "body"),
    [
        ("POST", "/v2/messages", KEY, asking("What is 2 + 2?")),
        ("POST", "/v2/messages", KEY, asking(stream=True)),
        ("POST", "/v2/messages", KEY | {"X-Emulator-Fault": "status=529"}, asking()),
        ("POST", "/v2/messages", KEY | {"X-Emulator-Provenance": "1"}, asking()),
        ("POST", "/v2/messages", {}, asking()),
        ("POST", "/v2/messages", {"X-API-Key": "nobody-knows-it"}, asking(model="none")),
        ("POST", "/v2/messages", KEY, {"model": MODEL}),
        ("GET", "/v2/models?limit=2", KEY, None),
        ("GET", "/v2/models?limit=2&limit=3", KEY, None),
        ("HEAD", "/v2/models", KEY, None),
        ("OPTIONS", "/v2/models", KEY, None),
        ("PATCH", "/v2/models", KEY, None),
        ("GET", "/v2/mod%20els", KEY, None),
        ("GET", "/v2/messages", KEY | {"Origin": "http://evil.test"}, None),
        ("POST", "/v1/sessions", {"x-api-key": "aix_test_demo"}, {"agentId": "none"}),
    ],
)
def test_what_is_explained_is_what_is_sent_afterwards(
    emulator: Emulated, method: str, path: str, headers: dict[str, str], body: Any
) -> None:
    told = explain(emulator, method=method, path=path, headers=headers, body=body)
    assert len(emulator.journal) == 0
    sent = {} if body is None else {"json": body}
    answer = loopback.request(method, emulator.origin + path, headers=headers, **sent)
    reply = told["reply"]
    assert (reply["status"], told["status"]) == (answer.status_code, answer.status_code)
    expected = dict(answer.headers) if reply["events"] else {**answer.headers}
    for name in ("content-length", "transfer-encoding", "connection"):
        expected.pop(name, None)
    assert reply["headers"] == expected
    assert reply["body"] == shown(answer)
    (exchange,) = emulator.exchanges(1)
    assert (told["operation"], told["error"], told["number"]) == (exchange.operation, exchange.error, exchange.number)
    if told["rule"] is not None:
        assert exchange.rule.startswith(f"{told['rule']['file']}:{told['rule']['line']}:")


def shown(answer: httpx.Response) -> Any:
    if not answer.content:
        return None
    return answer.json() if "json" in answer.headers["content-type"] else answer.text


def test_it_changes_nothing(emulator: Emulated) -> None:
    emulator.app.state.armed.arm({"fault": "status", "params": {"status": 503}, "times": 1})
    before = emulator.app.state.store.dump()
    for _ in range(3):
        told = explain(emulator, method="POST", path="/v2/messages", headers=KEY, body=asking())
        assert (told["status"], told["faults"], told["number"]) == (503, ["status"], 1)
    assert emulator.app.state.store.dump() == before


def test_limits_are_shown_as_they_would_stand(emulator: Emulated) -> None:
    told = explain(emulator, method="POST", path="/v2/messages", headers=KEY, body=asking())
    (requests,) = (each for each in told["limits"] if each["name"] == "requests")
    assert (requests["before"], requests["charged"], requests["after"]) == (0, 1, 1)
    assert told["caller"] == {"key": "axp_********_pro", "workspace": "demo-pro", "tier": "pro", "known": True}
    assert told["checks"] == "passed"


def test_a_refusal_says_at_which_step_it_came(emulator: Emulated) -> None:
    def checks(**more: Any) -> str:
        return str(explain(emulator, **{"method": "POST", "path": "/v2/messages", "headers": KEY, **more})["checks"])

    assert checks(headers={}, body=asking()) == "not reached: no key was accepted"
    assert checks(body={"messages": []}) == "refused by the schema of the request, at model"
    assert checks(body=asking(model="none")).startswith("refused by the check at scenarios/apis/aiexport.yaml:")
    assert checks(body="{") == "refused"


def test_the_world_is_the_one_that_the_request_leads_to(emulator: Emulated) -> None:
    url = f"{emulator.origin}/_emulator/worlds/mine"
    loopback.put(url, json={"keys": ["key-of-mine-1"], "scenarios": ["default"]}).raise_for_status()

    def world(**headers: str) -> dict[str, str]:
        told = explain(emulator, path="/v2/models", headers=headers)["world"]
        return dict(told)

    assert world(**KEY) == {"name": "default", "why": "neither a header nor a credential leads elsewhere"}
    assert world(**{"X-API-Key": "key-of-mine-1"}) == {"name": "mine", "why": "its credential leads there"}
    assert world(**{"X-Emulator-World": "mine"}) == {"name": "mine", "why": "the header X-Emulator-World names it"}
    error = explain(emulator, 404, path="/v2/models", headers={"X-Emulator-World": "mime"})["error"]
    assert "did you mean 'mine'" in error["message"]


def test_who_asks_in_a_world_is_told_that_the_request_goes_to_another(emulator: Emulated) -> None:
    loopback.put(f"{emulator.origin}/_emulator/worlds/mine", json={}).raise_for_status()
    order = {"path": "/v2/models", "headers": KEY}
    answer = loopback.post(f"{emulator.origin}/_emulator/explain?world=mine", json=order)
    (note,) = answer.json()["notes"]
    assert "X-Emulator-World: mine" in note


def test_a_body_may_be_any_bytes_and_a_path_a_whole_url(emulator: Emulated) -> None:
    zipped = base64.b64encode(gzip.compress(json.dumps(asking()).encode())).decode()
    headers = KEY | {"Content-Encoding": "gzip", "Content-Type": "application/json"}
    url = "https://api.aiexport.io/v2/messages"
    assert explain(emulator, method="POST", path=url, headers=headers, body_base64=zipped)["status"] == 200
    other = explain(emulator, path="https://models.aixplain.com/v2/models", headers=KEY)
    assert other["api"] != "aiexport"


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ({}, "expected `exchange`, or a request with a `path`"),
        ({"path": "v2/models"}, "path: expected one such as /v2/models"),
        ({"path": "ftp://somewhere/x"}, "path: expected one such as /v2/models"),
        ({"path": "http://[v1/models"}, "path: Invalid IPv6 URL"),
        ({"path": "/_emulator/clock"}, "path: /_emulator/clock is the emulator's own"),
        ({"path": "/v2/models", "exchange": 1}, "expected `exchange` or a request; found both"),
        ({"path": "/v2/models", "method": "GET THIS"}, "body.method: "),
        ({"path": "/v2/models", "body": "x", "body_base64": "eA=="}, "give `body` or `body_base64`, not both"),
        ({"path": "/v2/models", "body_base64": "?"}, "body_base64 is not base64"),
        ({"path": "/v2/models", "metod": "GET"}, "did you mean 'method'?"),
        (
            {"method": "OPTIONS", "path": "/v2/models", "headers": {"Access-Control-Request-Method": "GET"}},
            "a browser's preflight is no exchange",
        ),
    ],
)
def test_what_is_no_request_is_refused_with_the_reason(emulator: Emulated, body: Any, reason: str) -> None:
    assert reason in explain(emulator, 400, **body)["error"]["message"]


def test_a_body_that_is_too_large_is_refused_as_it_would_be(emulator: Emulated) -> None:
    emulator.app.pipeline._settings = Settings(max_body=1_000)
    told = explain(emulator, method="POST", path="/v2/messages", headers=KEY, body=asking("x" * 2_000))
    assert told["status"] == 413


def test_a_host_that_is_no_api_s_is_noted(emulator: Emulated) -> None:
    def notes(origin: str) -> Any:
        return explain(emulator, path=f"{origin}/v2/models", headers=KEY)["notes"]

    (note,) = notes("https://example.com")
    assert note.startswith("no emulated API has the host example.com: ")
    assert notes("https://api.aiexport.io") == notes(emulator.origin) == notes("http://localhost:8484") == []
