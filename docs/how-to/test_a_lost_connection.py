"""Test a lost connection: was the request processed or not?

When a connection breaks, a client can't know. `done="no"` loses the request before it is processed, `done="yes"` loses
only the response; both look the same to the client. This client sends an `Idempotency-Key`, so it may repeat the
request in either case.
"""

from __future__ import annotations

import uuid
from typing import Any

import httpx
import pytest

from emulator import Emulator

ROW = {"model": "apex-haiku-4-20250401", "messages": [{"role": "user", "content": "What is 2 + 2?"}]}


# The client under test.
def create_batch(http: httpx.Client, rows: list[Any], key: str | None = None) -> str:
    """The id of one batch, also where the connection breaks once."""
    headers = {} if key is None else {"Idempotency-Key": key}
    for attempt in range(2):
        try:
            answer = http.post("/batch", json={"requests": rows}, headers=headers)
            return str(answer.raise_for_status().json()["id"])
        except httpx.TransportError:
            if attempt:
                raise
    raise AssertionError("unreachable")


def client(emulator: Emulator) -> httpx.Client:
    return httpx.Client(base_url=emulator.base_url("aiexport"), headers={"X-API-Key": emulator.key("pro")})


@pytest.mark.parametrize("done", ["yes", "no"])
def test_one_batch_is_made_whatever_was_lost(emulator: Emulator, done: str) -> None:
    emulator.arm("reset_peer", "batch.create", done=done, times=1)

    with client(emulator) as http:
        batch = create_batch(http, [ROW], key=str(uuid.uuid4()))
        assert [each["id"] for each in http.get("/batch").json()["data"]] == [batch]

    lost = emulator.requests("batch.create").first
    assert lost.done is (done == "yes")
    assert emulator.verdict.ok


def test_without_an_intent_the_batch_is_made_twice(emulator: Emulator) -> None:
    emulator.arm("reset_peer", "batch.create", times=1)

    with client(emulator) as http:
        create_batch(http, [ROW])
        assert len(http.get("/batch").json()["data"]) == 2

    found = {each.rule for each in emulator.verdict.findings}
    assert "repeated_what_was_done" in found
