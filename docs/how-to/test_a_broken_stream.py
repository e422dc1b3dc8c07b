"""Test a broken stream: the connection ends in the middle of an answer, and the client must notice.

Exactly this many events arrive, at any speed; then the connection is closed.
"""

from __future__ import annotations

import json

import httpx
import pytest

from emulator import Emulator

MESSAGE = {
    "model": "apex-sonnet-4-20250501",
    "messages": [{"role": "user", "content": "Name the colours of the rainbow."}],
}


class Incomplete(Exception):
    """The stream ended before its last event; holds the text that came."""


# The client under test.
def read(http: httpx.Client) -> str:
    """The text of a streamed answer. Raises Incomplete when the end is missing."""
    text, ended = "", False
    try:
        with http.stream("POST", "/messages/stream", json=MESSAGE) as answer:
            answer.raise_for_status()
            for line in answer.iter_lines():
                if not line.startswith("data:"):
                    continue
                event = json.loads(line.removeprefix("data:"))
                if event["type"] == "content_block_delta":
                    text += event["delta"]["text"]
                if event["type"] == "error":
                    raise Incomplete(text)
                ended = ended or event["type"] == "message_stop"
    except httpx.TransportError as error:
        raise Incomplete(text) from error
    if not ended:
        raise Incomplete(text)
    return text


def client(emulator: Emulator) -> httpx.Client:
    return httpx.Client(base_url=emulator.base_url("aiexport"), headers={"X-API-Key": emulator.key("pro")})


def test_a_cut_stream_is_not_taken_for_a_whole_answer(emulator: Emulator) -> None:
    emulator.cut_stream(events=3, times=1)

    with client(emulator) as http:
        with pytest.raises(Incomplete) as caught:
            read(http)
        whole = read(http)

    begun = str(caught.value)
    assert begun
    assert whole.startswith(begun)
    assert whole != begun
    assert emulator.requests("messages.stream").first.reply.events_sent == 3


def test_an_error_in_the_middle_of_a_stream_is_seen(emulator: Emulator) -> None:
    emulator.arm("error_event", on="messages.stream", params={"after": 4})

    with client(emulator) as http, pytest.raises(Incomplete):
        read(http)


def test_a_character_may_come_in_two_parts(emulator: Emulator) -> None:
    emulator.arm("split", where="byte")

    with client(emulator) as http:
        assert "red" in read(http).lower()
