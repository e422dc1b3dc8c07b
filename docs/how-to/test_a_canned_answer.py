"""Test what a program makes of an answer: the test sets what the model says, as text or as JSON.

One line applies to every way of asking: a plain request, a stream, a batch. The usage, `max_tokens` and the shape of
the response are still the API's.
"""

from __future__ import annotations

import json

import httpx
import pytest

from emulator import Emulator

SONNET = "apex-sonnet-4-20250501"
LABELS = ("refund", "delivery", "other")


# The client under test.
def label(http: httpx.Client, ticket: str) -> str:
    """Which of the labels the model gives a ticket; `other` when it gives another, or none."""
    answer = http.post(
        "/messages",
        json={
            "model": SONNET,
            "max_tokens": 20,
            "response_format": {"type": "json_object"},
            "messages": [{"role": "user", "content": f"Label this ticket with the key label: {ticket}"}],
        },
    )
    answer.raise_for_status()
    found = json.loads(answer.json()["content"][0]["text"]).get("label")
    return found if found in LABELS else "other"


def client(emulator: Emulator) -> httpx.Client:
    # The key belongs to this test: it leads to this test's world, whatever runs beside it.
    return httpx.Client(base_url=emulator.base_url("aiexport"), headers={"X-API-Key": emulator.key("pro")})


def test_each_ticket_gets_its_own_label(emulator: Emulator) -> None:
    emulator.answer(contains=["refund", "money back"], json={"label": "refund"})
    emulator.answer(matches=r"order (?P<id>\d+)", json={"label": "delivery", "order": "{{ named.id }}"})

    with client(emulator) as http:
        assert label(http, "I want my money back!") == "refund"
        assert label(http, "Where is order 4711?") == "delivery"


@pytest.mark.parametrize("answer", [{"label": "complaint"}, {"labels": []}, {}])
def test_a_label_that_is_none_is_other(emulator: Emulator, answer: dict[str, object]) -> None:
    emulator.answer(json=answer)  # to every prompt

    with client(emulator) as http:
        assert label(http, "Where is order 4711?") == "other"


def test_the_same_line_answers_a_row_of_a_batch(emulator: Emulator) -> None:
    emulator.answer("refund", "Refunds take five days.")

    with client(emulator) as http:
        rows = [{"model": SONNET, "messages": [{"role": "user", "content": "Refund?"}]}]
        batch = http.post("/batch", json={"requests": rows}).raise_for_status().json()
        emulator.clock.advance("10s")
        results = http.get(f"/batch/{batch['id']}/results").raise_for_status().json()["data"]

    assert results[0]["result"]["message"]["content"][0]["text"] == "Refunds take five days."
