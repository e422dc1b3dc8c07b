"""Streams that were cut, and what a client makes of the part that it has."""

from __future__ import annotations

import json

import httpx
import pytest

from tests.apis.aiexport_calls import SONNET, asking, caller, events_of
from tests.apis.aixplain_calls import STREAMING_LLM
from tests.apis.aixplain_calls import caller as other_caller
from tests.running import Emulated
from tests.verdict.conftest import Story, verdict

QUESTION = "Tell me a long story about the sea."


@pytest.fixture
def emulated(story: Story) -> Emulated:
    return story("rules: [{on: aiexport/messages.stream, when: {times: 1}, fault: {cut_after: 5}}]")


def cut(client: httpx.Client) -> str:
    """What arrives of a stream that is cut after three pieces of text."""
    lines: list[str] = []
    with (
        pytest.raises(httpx.RemoteProtocolError),
        client.stream("POST", "/messages/stream", json=asking(QUESTION)) as response,
    ):
        lines.extend(response.iter_lines())
    return "".join(data["delta"]["text"] for name, data in events_of(lines) if name == "content_block_delta")


def turns(*said: str) -> dict[str, object]:
    roles = ("user", "assistant")
    return {
        "model": SONNET,
        "messages": [{"role": roles[at % 2], "content": text} for at, text in enumerate(said)],
    }


def test_a_stream_that_is_cut_behind_its_last_event_is_whole(story: Story) -> None:
    emulated = story("")
    client = caller(emulated)
    lines = client.post("/messages/stream", json=asking(QUESTION)).text.splitlines()
    text = "".join(data["delta"]["text"] for name, data in events_of(lines) if name == "content_block_delta")
    client.post("/messages", json=turns(QUESTION, text, "And then?"))
    emulated.exchanges(2)[0].outcome = "cut"
    assert verdict(emulated, 2) == {}


@pytest.mark.parametrize(("left_out", "found"), [(0, []), (1, ["truncated_stream_taken_as_whole"])])
def test_a_last_event_that_is_only_text_is_known_too(story: Story, left_out: int, found: list[str]) -> None:
    emulated = story("")
    client = other_caller(emulated)
    asked = {"role": "user", "content": QUESTION}
    chunks = client.post(f"/api/v2/execute/{STREAMING_LLM}", json={"text": [asked], "stream": True}).text.split("\n\n")
    kept = chunks[: len(chunks) - 1 - left_out]
    pieces = [json.loads(chunk.removeprefix("data: ")) for chunk in kept if "[DONE]" not in chunk]
    text = "".join(choice["delta"].get("content", "") for piece in pieces for choice in piece["choices"])
    history = [asked, {"role": "assistant", "content": text}, {"role": "user", "content": "And then?"}]
    client.post(f"/api/v2/execute/{STREAMING_LLM}", json={"text": history})
    stream = emulated.exchanges(2)[0]
    stream.outcome, stream.sent_bytes = "cut", len("\n\n".join(kept)) + 2
    assert list(verdict(emulated, 2)) == found


@pytest.mark.one_worker("several processes leave some numbers out")
def test_a_partial_text_that_becomes_the_assistants_words_is_told(emulated: Emulated) -> None:
    client = caller(emulated)
    partial = cut(client)
    assert partial
    client.post("/messages", json=turns(QUESTION, partial, "And then?"))
    found = verdict(emulated, 2)
    assert list(found) == ["truncated_stream_taken_as_whole"]
    assert found["truncated_stream_taken_as_whole"].exchanges == (1, 2)
    assert repr(partial.strip()[:20])[:-1] in found["truncated_stream_taken_as_whole"].message


def test_parts_of_a_content_are_read_as_one_text(emulated: Emulated) -> None:
    client = caller(emulated)
    body = turns(QUESTION, cut(client), "And then?")
    for message in body["messages"]:  # type: ignore[attr-defined]
        message["content"] = [{"type": "text", "text": message["content"]}]
    client.post("/messages", json=body)
    assert list(verdict(emulated, 2)) == ["truncated_stream_taken_as_whole"]


def test_asking_again_is_right_even_if_the_answer_is_then_used(emulated: Emulated) -> None:
    client = caller(emulated)
    partial = cut(client)
    assert client.post("/messages/stream", json=asking(QUESTION)).status_code == 200
    client.post("/messages", json=turns(QUESTION, partial, "And then?"))
    assert verdict(emulated, 3) == {}


@pytest.mark.parametrize("asked", [(), ("Please continue.",)])
def test_asking_to_go_on_is_right(emulated: Emulated, asked: tuple[str, ...]) -> None:
    client = caller(emulated)
    client.post("/messages", json=turns(QUESTION, cut(client), *asked))
    assert verdict(emulated, 2) == {}


def test_an_answer_that_arrived_in_whole_is_the_assistants_words(story: Story) -> None:
    emulated = story("")
    client = caller(emulated)
    events = events_of(client.post("/messages/stream", json=asking(QUESTION)).text.splitlines())
    text = "".join(data["delta"]["text"] for name, data in events if name == "content_block_delta")
    client.post("/messages", json=turns(QUESTION, text, "And then?"))
    assert verdict(emulated, 2) == {}


def test_what_a_user_stopped_is_the_users_business(emulated: Emulated) -> None:
    client = caller(emulated)
    partial = cut(client)
    client.post("/messages", json=turns(QUESTION, partial, "And then?"))
    emulated.exchanges(2)[0].outcome = "left"
    assert verdict(emulated, 2) == {}
