"""AI Export's streams: the events, by both routes, and that they say what the whole message says."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.apis.aiexport_calls import (
    FREE,
    HAIKU,
    OPUS,
    asking,
    caller,
    events_of,
    refused,
    streamed,
    text_of,
    text_of_stream,
)
from tests.running import Emulated


@pytest.mark.claim("AE-MSG-STREAM")
@pytest.mark.claim("AE-STREAM-ROUTE")
@pytest.mark.claim("AE-TOKENS")
@pytest.mark.parametrize(
    "more",
    [{}, {"max_tokens": 3}, {"system": "Be brief."}, {"response_format": {"type": "json_object"}}, {"temperature": 0}],
)
def test_a_stream_says_what_the_whole_message_says_with_the_same_usage(
    emulator: Emulated, more: dict[str, Any]
) -> None:
    client, body = caller(emulator), asking("What are the colors of the rainbow?", **more)
    whole = client.post("/messages", json=body).json()
    for path, asked in (
        ("/messages", {**body, "stream": True}),
        ("/messages/stream", {**body, "stream": True}),
        ("/messages/stream", body),
        ("/messages/stream", {**body, "stream": False}),
    ):
        events = streamed(client, path, asked)
        assert text_of_stream(events) == text_of(whole)
        end = next(data for name, data in events if name == "message_delta")
        assert end["usage"] == whole["usage"]
        assert end["delta"]["stop_reason"] == whole["stop_reason"]


@pytest.mark.claim("AE-STREAM-EVENTS")
def test_the_events_stand_in_the_order_of_the_messages_vocabulary(emulator: Emulated) -> None:
    events = streamed(caller(emulator), "/messages/stream", asking())
    names = [name for name, _ in events]
    assert names[:2] == ["message_start", "content_block_start"]
    assert names[-3:] == ["content_block_stop", "message_delta", "message_stop"]
    assert set(names[2:-3]) == {"content_block_delta"}
    assert all(data["type"] == name for name, data in events)
    message = events[0][1]["message"]
    assert (message["type"], message["content"], message["stop_reason"]) == ("message", [], None)
    assert message["usage"]["output_tokens"] == 0


@pytest.mark.claim("AE-STREAM-EVENTS")
def test_a_generic_parser_rebuilds_the_message(emulator: Emulated) -> None:
    """Reads as clients of the Anthropic Messages API do: a snapshot that each event changes."""
    snapshot: dict[str, Any] = {}
    for _, data in streamed(caller(emulator), "/messages", asking(stream=True)):
        match data["type"]:
            case "message_start":
                snapshot = data["message"]
            case "content_block_start":
                snapshot["content"].append(data["content_block"])
            case "content_block_delta":
                assert data["delta"]["type"] == "text_delta"
                snapshot["content"][data["index"]]["text"] += data["delta"]["text"]
            case "message_delta":
                snapshot |= data["delta"]
                snapshot["usage"] = data["usage"]
    whole = caller(emulator).post("/messages", json=asking()).json()
    assert {**snapshot, "id": ""} == {**whole, "id": ""}


@pytest.mark.claim("AE-STREAM-ROUTE")
def test_a_stream_is_chunks_that_a_fetch_reader_decodes(emulator: Emulated) -> None:
    with caller(emulator).stream("POST", "/messages/stream", json=asking("Naïve café?")) as response:
        raw = b"".join(response.iter_raw())
        assert response.headers["content-type"].startswith("text/event-stream")
        assert response.headers["transfer-encoding"] == "chunked"
    assert b"\r" not in raw
    assert raw.endswith(b"\n\n")
    for block in raw.decode().removesuffix("\n\n").split("\n\n"):
        event, data = block.split("\n")
        assert event == f"event: {json.loads(data.removeprefix('data: '))['type']}"


@pytest.mark.claim("AE-STREAM-ROUTE")
@pytest.mark.parametrize("path", ["/messages", "/messages/stream"])
def test_a_stream_is_refused_before_it_begins_as_a_message_is(emulator: Emulated, path: str) -> None:
    client = caller(emulator, FREE)
    refused(client.post(path, json=asking(model=OPUS, stream=True)), 403, "permission_error", "model")
    refused(client.post(path, json={"stream": True}), 400, "invalid_request_error")
    refused(client.post(path, json=asking(model=HAIKU, stream="yes")), 400, "invalid_request_error", "stream")
    refused(client.post(path, json=asking("x" * 400_001, HAIKU)), 400, "invalid_request_error", "messages")


@pytest.mark.claim("AE-STREAM-TTFT")
def test_a_stream_of_the_default_scenario_waits_for_nothing(emulator: Emulated) -> None:
    """The clock stands still, so a stream that waited would never end."""
    with caller(emulator).stream("POST", "/messages/stream", json=asking()) as response:
        assert events_of(response.iter_lines())[-1][0] == "message_stop"
