"""Consistency: one request says the same, with the same usage, whichever way it is asked."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.apis.aiexport_calls import (
    ENTERPRISE,
    HAIKU,
    IMAGE,
    OPUS,
    SONNET,
    caller,
    create,
    streamed,
    text_of,
    text_of_stream,
)
from tests.apis.aixplain_calls import DEMO, LLM, STREAMING_LLM, chunks, execute
from tests.apis.aixplain_calls import text_of as text_of_chunks
from tests.running import Emulated, Running

pytestmark = pytest.mark.slow

CONSISTENT = settings(
    max_examples=40, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
)
ASKED = st.sampled_from(
    [
        "What is 2 + 2?",
        "What is 5 + 5?",
        "What are the colors of the rainbow?",
        "What was my previous question?",
        "Hello!",
        "Write at least 900 words about ships.",
        "Give me three tips, and keep them short.",
        "A ship as JSON with keys name, length and is_afloat",
    ]
)
PROMPTS = ASKED | st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=60)
TEXT_PARTS = st.builds(lambda text: {"type": "text", "text": text}, PROMPTS)
CONTENTS = PROMPTS | st.lists(TEXT_PARTS | st.just(IMAGE), min_size=1, max_size=3)
TURNS = st.builds(
    lambda role, content: {"role": role, "content": content}, st.sampled_from(["user", "assistant"]), CONTENTS
)
OPTIONS = {
    "max_tokens": st.integers(1, 60) | st.integers(1, 100_000),
    "system": PROMPTS,
    "temperature": st.floats(0, 1),
    "response_format": st.sampled_from([{"type": "text"}, {"type": "json_object"}]),
    "stop_sequences": st.lists(st.sampled_from(["e", " ", ".", "zz"]), max_size=2),
    "custom_id": st.text(min_size=1, max_size=5),
}
MESSAGES = st.fixed_dictionaries(
    {"model": st.sampled_from([SONNET, OPUS]), "messages": st.lists(TURNS, min_size=1, max_size=5)}, optional=OPTIONS
)


@pytest.fixture(scope="module")
def emulated(running: Running) -> Iterator[Emulated]:
    emulated = Emulated(running, ("default",))
    yield emulated
    emulated.close()


@pytest.fixture(scope="module")
def client(emulated: Emulated) -> httpx.Client:
    return caller(emulated, ENTERPRISE)


def numbered(*rows: dict[str, Any]) -> list[dict[str, Any]]:
    """The rows, those that have a custom_id with one that no other row has."""
    return [
        {**row, "custom_id": f"{row['custom_id']}{at}"} if "custom_id" in row else row for at, row in enumerate(rows)
    ]


def of_stream(client: httpx.Client, path: str, body: dict[str, Any]) -> tuple[str, Any, Any]:
    events = streamed(client, path, body)
    end = next(data for name, data in events if name == "message_delta")
    begin = next(data for name, data in events if name == "message_start")
    assert begin["message"]["usage"]["input_tokens"] == end["usage"]["input_tokens"]
    return text_of_stream(events), end["usage"], end["delta"]["stop_reason"]


def of_message(message: dict[str, Any]) -> tuple[str, Any, Any]:
    return text_of(message), message["usage"], message["stop_reason"]


@pytest.mark.claim("AE-TOKENS")
@pytest.mark.claim("AE-USAGE")
@CONSISTENT
@given(body=MESSAGES)
def test_a_message_says_the_same_by_every_way_there_is(
    emulated: Emulated, client: httpx.Client, body: dict[str, Any]
) -> None:
    answer = client.post("/messages", json=body)
    assert answer.status_code == 200, answer.text
    said = of_message(answer.json())
    text, usage, _ = said
    assert usage["total_tokens"] == usage["input_tokens"] + usage["output_tokens"]
    assert usage["output_tokens"] == -(-len(text) // 4) <= body.get("max_tokens", 1_024)
    assert of_stream(client, "/messages", {**body, "stream": True}) == said
    assert of_stream(client, "/messages/stream", body) == said
    batch = create(client, *numbered(body, {**body, "stream": True}))
    emulated.advance(2)
    rows = client.get(f"/batch/{batch['id']}/results").json()["data"]
    assert [of_message(row["result"]["message"]) for row in rows] == [said, said]
    done = client.get(f"/batch/{batch['id']}").json()["usage"]
    assert {name: 2 * amount for name, amount in usage.items()}.items() <= done.items()


@pytest.mark.claim("AE-BATCH-HALF")
@CONSISTENT
@given(bodies=st.lists(MESSAGES, min_size=1, max_size=4))
def test_a_batch_costs_half_of_what_its_messages_cost(
    emulated: Emulated, client: httpx.Client, bodies: list[dict[str, Any]]
) -> None:
    whole = sum(float(client.post("/messages", json=body).headers["x-cost-usd"]) for body in bodies)
    batch = create(client, *numbered(*bodies))
    emulated.advance(2)
    usage = client.get(f"/batch/{batch['id']}").json()["usage"]
    assert usage["cost_usd"] == pytest.approx(whole / 2, abs=1e-8 * len(bodies))


@pytest.mark.claim("AE-CONTEXT")
@CONSISTENT
@given(
    wrong=st.sampled_from([{"model": "nobody"}, {"messages": []}, {"temperature": 2}, {"max_tokens": 0}, {"model": 7}]),
    body=MESSAGES,
)
def test_what_is_refused_is_refused_in_the_same_words_by_every_way(
    emulated: Emulated, client: httpx.Client, body: dict[str, Any], wrong: dict[str, Any]
) -> None:
    body = {**body, **wrong}
    answers = [
        client.post("/messages", json=body),
        client.post("/messages", json={**body, "stream": True}),
        client.post("/messages/stream", json=body),
    ]
    batch = create(client, body)
    emulated.advance(2)
    row = client.get(f"/batch/{batch['id']}/results").json()["data"][0]["result"]
    assert row["type"] == "errored"
    assert {answer.status_code for answer in answers} <= {400, 404}
    said = [answer.json()["error"] for answer in answers] + [row["error"]["error"]]
    assert all(error == said[0] for error in said)


@pytest.mark.claim("AE-MSG-JSON")
@CONSISTENT
@given(body=MESSAGES, most=st.integers(1, 40))
def test_json_mode_is_json_by_every_way_however_little_room_there_is(
    client: httpx.Client, emulated: Emulated, body: dict[str, Any], most: int
) -> None:
    emulated.play()
    body = {**body, "max_tokens": most, "response_format": {"type": "json_object"}}
    text, usage, _ = of_message(client.post("/messages", json=body).json())
    assert isinstance(httpx.Response(200, content=text).json(), dict)
    assert usage["output_tokens"] <= most
    assert of_stream(client, "/messages/stream", body)[:2] == (text, usage)


def test_another_process_says_the_same(emulated: Emulated, client: httpx.Client, running: Running) -> None:
    """Nothing of an answer depends on what was asked before: a fresh emulator says it too."""
    body = {"model": HAIKU, "messages": [{"role": "user", "content": "Tell me of ships."}]}
    said = of_message(client.post("/messages", json=body).json())
    fresh = Emulated(running, ("default",))
    assert of_message(caller(fresh, "somebody-else").post("/messages", json=body).json()) == said
    fresh.close()
    emulated.play()


@pytest.mark.claim("AX-STREAM")
@CONSISTENT
@given(
    text=PROMPTS.filter(bool),
    more=st.fixed_dictionaries({}, optional={"max_tokens": st.integers(1, 50), "context": PROMPTS}),
)
def test_a_model_says_the_same_whole_streamed_and_polled(emulated: Emulated, text: str, more: dict[str, Any]) -> None:
    runner = emulated.client("aixplain", headers={"x-api-key": DEMO})
    whole = execute(runner, STREAMING_LLM, text=text, **more).json()
    streamed_chunks = chunks(runner, STREAMING_LLM, text=text, stream=True, **more)
    assert text_of_chunks(streamed_chunks) == whole["data"]
    usage = next(found["usage"] for found in map(_json, streamed_chunks[:-1]) if "usage" in found)
    assert usage == whole["usage"]
    assert execute(runner, LLM, version="v1", text=text, **more).json()["usage"] == whole["usage"]


def _json(text: str) -> dict[str, Any]:
    found: dict[str, Any] = httpx.Response(200, content=text).json()
    return found
