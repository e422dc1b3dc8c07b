"""What the tests of AI Export ask with: keys, models, a client that has a key, and a reader of its streams."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import httpx

from tests.running import Emulated

FREE, PRO, ENTERPRISE, ACME, REVOKED = (
    "axp_test_free",
    "axp_test_pro",
    "axp_test_enterprise",
    "axp_test_acme",
    "axp_test_revoked",
)
OPUS, SONNET, HAIKU = "apex-opus-3-20250401", "apex-sonnet-4-20250501", "apex-haiku-4-20250401"
BLIND_HAIKU, FINE_TUNED = "apex-haiku-2-20240601", "ft-demo-support-bot"
IMAGE = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "iVBORw0KGgo="}}


def caller(emulator: Emulated, key: str = PRO) -> httpx.Client:
    """A client of AI Export that sends its key."""
    client = emulator.client("aiexport")
    client.headers["X-API-Key"] = key
    return client


def asking(content: Any = "Hello!", model: str = SONNET, **more: Any) -> dict[str, Any]:
    """A message request."""
    return {"model": model, "messages": [{"role": "user", "content": content}], **more}


def create(client: httpx.Client, *rows: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Start a batch of these rows."""
    response = client.post("/batch", json={"requests": list(rows), **more})
    assert response.status_code == 202, response.text
    batch: dict[str, Any] = response.json()
    return batch


def answered(response: httpx.Response) -> dict[str, Any]:
    """The message of an answer that is one."""
    assert response.status_code == 200, response.text
    message: dict[str, Any] = response.json()
    return message


def text_of(message: dict[str, Any]) -> str:
    """The text of a message."""
    return "".join(part["text"] for part in message["content"])


def events_of(lines: Iterable[str]) -> list[tuple[str, Any]]:
    """The (event, data) pairs of a stream of server-sent events, read as the HTML standard says."""
    events: list[tuple[str, Any]] = []
    name, data = "message", list[str]()
    for line in lines:
        field, _, value = line.partition(":")
        if not line and data:
            events.append((name, json.loads("\n".join(data))))
        if not line:
            name, data = "message", []
        elif field == "event":
            name = value.removeprefix(" ")
        elif field == "data":
            data.append(value.removeprefix(" "))
    return events


def streamed(client: httpx.Client, path: str, body: dict[str, Any]) -> list[tuple[str, Any]]:
    """Ask for a stream and read it to its end."""
    with client.stream("POST", path, json=body) as response:
        assert response.status_code == 200, response.read()
        assert response.headers["content-type"].startswith("text/event-stream")
        return events_of(response.iter_lines())


def text_of_stream(events: Iterable[tuple[str, Any]]) -> str:
    """The text that a stream's deltas make."""
    return "".join(data["delta"]["text"] for name, data in events if name == "content_block_delta")


def refused(response: httpx.Response, status: int, type_: str, param: str | None = None) -> dict[str, Any]:
    """The error of a refused request, after checking that it has the API's shape."""
    assert response.status_code == status, response.text
    body = response.json()
    assert set(body) == {"type", "error", "request_id"}
    assert body["type"] == "error"
    assert body["request_id"] == response.headers["x-request-id"]
    error: dict[str, Any] = body["error"]
    assert error.pop("hint", None) == response.headers.get("x-emulator-hint")
    assert error["type"] == type_
    assert isinstance(error["message"], str)
    assert error["message"]
    if param is None:
        assert set(error) <= {"type", "message", "param"}
    else:
        assert error["param"] == param
    return error
