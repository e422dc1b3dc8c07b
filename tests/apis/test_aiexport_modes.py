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
    create,
    refused,
    streamed,
    text_of,
    text_of_stream,
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


@pytest.mark.finding("B6")
@pytest.mark.claim("AE-CONTEXT")
@pytest.mark.parametrize(("prompt", "left"), [(99_000, 1_000), (99_999, 1), (100_000, 0)])
def test_a_reply_is_cut_where_the_context_window_ends(emulator: Emulated, prompt: int, left: int) -> None:
    text = "Write at least 3,000 words. ".ljust(4 * prompt, "x")
    client, body = caller(emulator, ENTERPRISE), asking(text, HAIKU, max_tokens=5_000)
    message = answered(client.post("/messages", json=body))
    assert message["usage"] == {"input_tokens": prompt, "output_tokens": left, "total_tokens": 100_000}
    assert (message["stop_reason"], len(text_of(message))) == ("max_tokens", 4 * left)
    events = streamed(client, "/messages/stream", body)
    assert text_of_stream(events) == text_of(message)
    create(client, body)
    emulator.advance(60)
    batch = client.get("/batch").json()["data"][0]
    assert batch["usage"]["total_tokens"] == 100_000


@pytest.mark.finding("B6")
@pytest.mark.claim("AE-CONTEXT")
def test_a_reply_that_no_window_holds_cannot_be_asked_for(emulator: Emulated) -> None:
    client = caller(emulator, ENTERPRISE)
    answer = client.post("/messages", json=asking(model=HAIKU, max_tokens=100_001))
    assert "100000" in refused(answer, 400, "invalid_request_error", "max_tokens")["message"]
    answered(client.post("/messages", json=asking(model=HAIKU, max_tokens=100_000)))
    answered(client.post("/messages", json=asking(model=SONNET, max_tokens=200_000)))


@pytest.mark.finding("B7")
@pytest.mark.claim("AE-MSG-MAXTOKENS")
@pytest.mark.parametrize(
    "prompt", ["Write at least 3,000 words about rivers.", "Write a long essay about rivers.", "Never stop writing."]
)
def test_a_long_reply_ends_at_the_default_of_1024_tokens(emulator: Emulated, prompt: str) -> None:
    message = answered(caller(emulator).post("/messages", json=asking(prompt)))
    assert (message["usage"]["output_tokens"], message["stop_reason"]) == (1_024, "max_tokens")


@pytest.mark.finding("B7")
@pytest.mark.claim("AE-MSG-MAXTOKENS")
@pytest.mark.parametrize(
    ("words", "number"), [("at least 3,000 words", 3_000), ("exactly 500 words", 500), ("50 words", 50)]
)
def test_a_reply_is_as_long_as_it_is_asked_to_be(emulator: Emulated, words: str, number: int) -> None:
    message = answered(caller(emulator).post("/messages", json=asking(f"Write {words} about it.", max_tokens=20_000)))
    written = len(text_of(message).split())
    assert message["stop_reason"] == "end_turn"
    assert written >= number if "least" in words else written == number


PNG = "iVBORw0KGgo="
WRONG_IMAGES = [
    ({"type": "base64"}, "source.media_type"),
    ({"type": "base64", "media_type": "image/png"}, "source.data"),
    ({"type": "base64", "data": PNG}, "source.media_type"),
    ({"type": "base64", "media_type": "image/png", "data": ""}, "source.data"),
    ({"type": "base64", "media_type": "image/png", "data": "!!"}, "source.data"),
    ({"type": "base64", "media_type": "image/png", "data": "iVBOR"}, "source.data"),
    ({"type": "base64", "media_type": "image/png", "data": PNG + "\n"}, "source.data"),
    ({"type": "base64", "media_type": "image/png", "data": "iVBORw0KGg-_"}, "source.data"),
    ({"type": "base64", "media_type": "image/png", "data": 5}, "source.data"),
    ({"type": "base64", "media_type": "application/pdf", "data": PNG}, "source.media_type"),
    ({"type": "base64", "media_type": "image/svg+xml", "data": PNG}, "source.media_type"),
    ({"type": "url"}, "source.url"),
    ({"type": "url", "url": ""}, "source.url"),
    ({"type": "url", "url": "cat.png"}, "source.url"),
    ({"type": "url", "url": "https://"}, "source.url"),
    ({"type": "url", "url": "file:///etc/passwd"}, "source.url"),
    ({"type": "url", "url": "data:application/pdf;base64," + PNG}, "source.url"),
    ({"type": "url", "url": "data:image/png;base64,!!"}, "source.url"),
    ({"type": "url", "url": "data:image/png;base64,"}, "source.url"),
    ({"type": "file", "file_id": "1"}, "source.type"),
    ({}, "source.type"),
]


@pytest.mark.finding("B5")
@pytest.mark.claim("AE-MSG-VISION")
@pytest.mark.parametrize(("source", "field"), WRONG_IMAGES)
def test_an_image_that_cannot_be_one_is_refused_by_its_field(
    emulator: Emulated, source: dict[str, Any], field: str
) -> None:
    client, body = caller(emulator), asking([{"type": "image", "source": source}])
    param = f"messages.0.content.0.{field}"
    message = refused(client.post("/messages", json=body), 400, "invalid_request_error", param)["message"]
    assert len(message) < 200
    refused(client.post("/messages/stream", json=body), 400, "invalid_request_error", param)
    id_ = create(client, body)["id"]
    emulator.advance(60)
    row = client.get(f"/batch/{id_}/results").json()["data"][0]["result"]
    assert (row["type"], row["error"]["error"]["param"]) == ("errored", param)


@pytest.mark.finding("B5")
@pytest.mark.claim("AE-MSG-VISION")
@pytest.mark.parametrize(
    "part",
    [
        IMAGE,
        *(
            {"type": "image", "source": {"type": "base64", "media_type": f"image/{kind}", "data": PNG}}
            for kind in ("png", "jpeg", "gif", "webp")
        ),
        *(
            {"type": kind, name: {**more, "url": url}}
            for kind, name, more in (("image", "source", {"type": "url"}), ("image_url", "image_url", {}))
            for url in ("https://example.com/cat.png?size=1", "HTTP://[::1]:80", "data:image/webp;base64," + PNG)
        ),
    ],
)
def test_an_image_may_be_data_or_a_url(emulator: Emulated, part: dict[str, Any]) -> None:
    answered(caller(emulator).post("/messages", json=asking([part])))


@pytest.mark.finding("B5")
@pytest.mark.parametrize("url", ["", "cat.png", "ftp://example.com/cat.png", "data:text/plain,x", 5])
def test_the_url_of_an_image_is_one(emulator: Emulated, url: Any) -> None:
    body = asking([{"type": "image_url", "image_url": {"url": url}}])
    param = "messages.0.content.0.image_url.url"
    said = refused(caller(emulator).post("/messages", json=body), 400, "invalid_request_error", param)["message"]
    assert said.removeprefix(param).startswith((": must be an http or https URL", ": must be a data URL"))


@pytest.mark.finding("B15")
@pytest.mark.parametrize(
    ("content", "param"),
    [
        ("", "messages.0.content"),
        ([], "messages.0.content"),
        ([{"type": "text", "text": ""}], "messages.0.content.0.text"),
    ],
)
def test_a_message_without_content_is_refused(emulator: Emulated, content: Any, param: str) -> None:
    answer = caller(emulator).post("/messages", json=asking(content))
    assert refused(answer, 400, "invalid_request_error", param)["message"] == f"{param}: must not be empty"


@pytest.mark.finding("B4")
def test_an_empty_model_is_refused_as_empty(emulator: Emulated) -> None:
    answer = caller(emulator).post("/messages", json={**asking(), "model": ""})
    assert refused(answer, 400, "invalid_request_error", "model")["message"] == "model: must not be empty"
