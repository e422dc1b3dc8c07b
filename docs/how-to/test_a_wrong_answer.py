"""Test a wrong answer: the response is a valid 200, but the model's text is not the JSON that was asked for.

`kind` selects what the model gets wrong; envelope, usage and stop reason fit the wrong text.
"""

from __future__ import annotations

import re

import httpx
import pytest
from pydantic import BaseModel, ValidationError

from emulator import Emulator

PROMPT = "Describe a cat as JSON with the keys name (text), age (number) and summary (text)."
MESSAGE = {
    "model": "apex-sonnet-4-20250501",
    "messages": [{"role": "user", "content": PROMPT}],
    "response_format": {"type": "json_object"},
}
FENCE = re.compile(r"```(?:json)?\n(.*)\n```", re.DOTALL)


class Cat(BaseModel):
    name: str
    age: int
    summary: str


class NoCat(Exception):
    """The model gave no cat in two tries; says what it said last."""


# The client under test.
def describe(http: httpx.Client) -> Cat:
    """Asks for a cat, and once more where the answer is none. Takes an object out of a Markdown fence."""
    text = ""
    for _ in range(2):
        message = http.post("/messages", json=MESSAGE).raise_for_status().json()
        text = message["content"][0]["text"]
        fenced = FENCE.search(text)
        try:
            return Cat.model_validate_json(fenced[1] if fenced else text)
        except ValidationError:
            continue
    raise NoCat(text)


def client(emulator: Emulator) -> httpx.Client:
    # The key belongs to this test: it leads to this test's world, whatever runs beside it.
    return httpx.Client(base_url=emulator.base_url("aiexport"), headers={"X-API-Key": emulator.key("pro")})


def test_a_fence_around_the_object_is_taken_away(emulator: Emulator) -> None:
    emulator.arm("answer", on="messages.*", kind="fenced")

    with client(emulator) as http:
        assert describe(http).age > 0
    assert len(emulator.requests("messages.create")) == 1


@pytest.mark.parametrize("kind", ["empty", "broken_json", "wrong_keys", "loop", "echo"])
def test_what_is_no_cat_is_asked_for_again(emulator: Emulator, kind: str) -> None:
    emulator.arm("answer", on="messages.*", kind=kind, times=1)

    with client(emulator) as http:
        assert describe(http).age > 0
    assert [exchange.faults for exchange in emulator.requests("messages.create")] == [("answer",), ()]


def test_a_model_that_refuses_twice_is_reported(emulator: Emulator) -> None:
    emulator.arm("answer", on="messages.*", kind="refusal", times=2)

    with client(emulator) as http, pytest.raises(NoCat, match="refusal is simulated"):
        describe(http)
