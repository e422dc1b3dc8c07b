"""What the tests of aiXplain ask with: keys, ids, a client that has a key, and readers of its answers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx

from tests.running import Emulated

DEMO = "0a0e5b1c93f27d4e8a6051bb7c3d92e4f1680d5a2e97b3c4568fd07a1b2e94c1"
LIMITED, POOR, ADMIN, REVOKED = "aix_test_limited", "aix_test_poor", "aix_test_admin", "aix_test_revoked"
LLM, SLOW_LLM, STREAMING_LLM = (f"695fce4c27b4e3580e43d12{digit}" for digit in "678")
TRANSLATION, FAILING, ABORTING, FAILING_AT_ONCE = (f"695fce4c27b4e3580e43d12{digit}" for digit in "9abc")
PATH_LLM = "openai/gpt-4o-mini/openai"
SCRAPER, SEARCH = "6900000000000000000000aa", "6900000000000000000000ab"
AGENT, RESEARCH_AGENT, FAILING_AGENT = (f"68f0000000000000000000{digits}" for digits in ("a1", "a2", "af"))
TURNED, ERRORS = (str(Path(__file__).with_name(name)) for name in ("aixplain-turned.yaml", "aixplain-errors.yaml"))
MODELS_HOST, PLATFORM_HOST = "models.aixplain.com", "platform-api.aixplain.com"


def caller(emulator: Emulated, key: str | None = DEMO) -> httpx.Client:
    """A client of aiXplain that sends its key."""
    client = emulator.client("aixplain")
    if key is not None:
        client.headers["x-api-key"] = key
    return client


def execute(client: httpx.Client, asset: str = LLM, version: str = "v2", **body: Any) -> httpx.Response:
    """Run a model or a tool."""
    return client.post(f"/api/{version}/execute/{asset}", json=body)


def ran(client: httpx.Client, asset: str = LLM, **body: Any) -> dict[str, Any]:
    """The result of a run that answers at once."""
    response = execute(client, asset, **body)
    assert response.status_code == 200, response.text
    result: dict[str, Any] = response.json()
    assert (result["status"], result["completed"]) == ("SUCCESS", True)
    return result


def started(response: httpx.Response) -> dict[str, Any]:
    """The envelope of a run that has to be polled for."""
    assert response.is_success, response.text
    envelope: dict[str, Any] = response.json()
    assert (envelope["status"], envelope["completed"]) == ("IN_PROGRESS", False)
    return envelope


def polled(client: httpx.Client, url: str) -> dict[str, Any]:
    """One poll."""
    response = client.get(urlsplit(url).path)
    assert response.status_code == 200, response.text
    state: dict[str, Any] = response.json()
    return state


def run_agent(client: httpx.Client, query: Any, agent: str = AGENT, **more: Any) -> dict[str, Any]:
    """The envelope of an agent's run."""
    return started(client.post(f"/v2/agents/{agent}/run", json={"query": query, **more}))


def agent_result(
    emulator: Emulated, client: httpx.Client, query: Any, agent: str = AGENT, **more: Any
) -> dict[str, Any]:
    """The result of an agent's run, after as much time as it takes."""
    envelope = run_agent(client, query, agent, **more)
    emulator.advance(1)
    result = polled(client, envelope["data"])
    assert result["completed"] is True
    return result


def chunks(client: httpx.Client, asset: str = LLM, **body: Any) -> list[str]:
    """The data of each server-sent event of a streamed run."""
    with client.stream("POST", f"/api/v2/execute/{asset}", json=body) as response:
        assert response.status_code == 200, response.read()
        assert response.headers["content-type"].startswith("text/event-stream")
        text = response.read().decode()
    assert text.endswith("\n\n")
    events = text.removesuffix("\n\n").split("\n\n")
    assert all(event.startswith("data: ") and "\n" not in event for event in events)
    return [event.removeprefix("data: ") for event in events]


def text_of(events: list[str]) -> str:
    """The text that OpenAI-style chunks make."""
    deltas = [json.loads(event)["choices"] for event in events if event != "[DONE]"]
    return "".join(choices[0]["delta"].get("content", "") for choices in deltas if choices)


def statistics(
    client: httpx.Client, model: str = LLM, start: str = "2025-12-05", end: str = "2026-01-01", **more: Any
) -> Any:
    """The answer to a request for statistics; its days are the 28 that end with the test's clock."""
    response = client.post("/sdk/models/stats", json={"startDay": start, "endDay": end, "modelId": model, **more})
    assert response.status_code == 201, response.text
    return response.json()


def refused(response: httpx.Response, status: int, words: str = "") -> str:
    """The message of a refused request, after checking that it has the API's shape and says these words."""
    assert response.status_code == status, response.text
    body = response.json()
    assert body.pop("hint", None) == response.headers.get("x-emulator-hint")
    assert set(body) == {"statusCode", "message", "error"}
    assert body["statusCode"] == status
    assert isinstance(body["error"], str)
    assert body["error"]
    message: str = body["message"]
    assert message
    assert words in message
    return message
