"""What AI Export's models can: see images, answer in JSON, and read up to their context window."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.apis.aiexport_calls import (
    BLIND_HAIKU,
    ENTERPRISE,
    FINE_TUNED,
    HAIKU,
    IMAGE,
    OPUS,
    SONNET,
    answered,
    asking,
    caller,
    refused,
    text_of,
)
from tests.running import Emulated


@pytest.mark.claim("AE-MSG-VISION")
def test_an_image_is_accepted_by_a_model_with_vision_and_counts_as_input(emulator: Emulated) -> None:
    client = caller(emulator)
    content = [{"type": "text", "text": "What is this?"}, IMAGE]
    plain = answered(client.post("/messages", json=asking("What is this?")))
    for model in (OPUS, SONNET, HAIKU):
        message = answered(client.post("/messages", json=asking(content, model=model)))
        assert message["usage"]["input_tokens"] == plain["usage"]["input_tokens"] + 1_600


@pytest.mark.claim("AE-MSG-VISION")
def test_an_image_is_refused_by_a_model_without_vision(emulator: Emulated) -> None:
    client = caller(emulator)
    content = [{"type": "text", "text": "What is this?"}, IMAGE]
    refused(client.post("/messages", json=asking(content, BLIND_HAIKU)), 400, "invalid_request_error", "messages")
    url = [{"type": "image_url", "image_url": {"url": "https://example.com/cat.png"}}]
    refused(client.post("/messages", json=asking(url, BLIND_HAIKU)), 400, "invalid_request_error", "messages")
    answered(client.post("/messages", json=asking(content[:1], BLIND_HAIKU)))


@pytest.mark.claim("AE-MSG-JSON")
def test_json_mode_has_the_keys_that_are_named(emulator: Emulated) -> None:
    client = caller(emulator)

    def data(question: str, **more: Any) -> dict[str, Any]:
        body = asking(question, response_format={"type": "json_object"}, **more)
        found: dict[str, Any] = json.loads(text_of(answered(client.post("/messages", json=body))))
        return found

    kinds = {"name": str, "age": int, "tags": list}
    for question in (
        "Describe somebody as JSON with keys name, age and tags.",
        'Describe somebody as JSON: {"name": "…", "age": 0, "tags": ["…"]}',
        "Describe somebody as JSON. Include `name`, `age` and `tags`.",
    ):
        assert {key: type(value) for key, value in data(question).items()} == kinds
    made = data("Who is it?", system="Reply in JSON with the keys name, age and tags.")
    assert {key: type(value) for key, value in made.items()} == kinds
    assert list(data("Describe somebody as JSON.")) == ["answer"]
    assert data("What is 2 + 2?") == {"answer": "2 + 2 = 4."}


@pytest.mark.claim("AE-MSG-JSON")
@pytest.mark.parametrize("model", [OPUS, SONNET])
@pytest.mark.parametrize("max_tokens", [1, 7, 40, 1024])
def test_json_mode_gives_an_object_however_short_it_has_to_be(emulator: Emulated, model: str, max_tokens: int) -> None:
    body = asking("List three rivers as JSON", model, response_format={"type": "json_object"}, max_tokens=max_tokens)
    message = answered(caller(emulator).post("/messages", json=body))
    assert isinstance(json.loads(text_of(message)), dict)
    assert message["usage"]["output_tokens"] <= max_tokens


@pytest.mark.claim("AE-MSG-JSON")
def test_json_mode_is_refused_on_haiku_and_follows_the_base_of_a_fine_tuned_model(emulator: Emulated) -> None:
    client, mode = caller(emulator, ENTERPRISE), {"response_format": {"type": "json_object"}}
    for model in (HAIKU, "ft-demo-ticket-tagger"):
        response = client.post("/messages", json=asking(model=model, **mode))
        refused(response, 400, "invalid_request_error", "response_format")
    answered(client.post("/messages", json=asking(model=FINE_TUNED, **mode)))
    answered(client.post("/messages", json=asking(model=HAIKU, response_format={"type": "text"})))
    wrong = client.post("/messages", json=asking(response_format={"type": "xml"}))
    refused(wrong, 400, "invalid_request_error", "response_format.type")


@pytest.mark.claim("AE-CONTEXT")
@pytest.mark.parametrize(("model", "window"), [(HAIKU, 100_000), (SONNET, 200_000)])
def test_a_prompt_beyond_the_context_window_is_refused(emulator: Emulated, model: str, window: int) -> None:
    client = caller(emulator, ENTERPRISE)
    answered(client.post("/messages", json=asking("x" * 4 * window, model)))
    refused(
        client.post("/messages", json=asking("x" * 4 * window + "x", model)), 400, "invalid_request_error", "messages"
    )
    system = client.post("/messages", json=asking("x" * 4 * window, model, system="x"))
    refused(system, 400, "invalid_request_error", "messages")
