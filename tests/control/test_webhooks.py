"""Webhook attempts are listed, waited for, repeated and forgotten over HTTP."""

from __future__ import annotations

import json

import httpx
import pytest

from tests.apis.aiexport_calls import asking, caller, create
from tests.running import Emulated

NOBODY = "http://127.0.0.1:9/hook"
ROW = asking("What is 2 + 2?", custom_id="sum")


@pytest.fixture
def batch(emulator: Emulated, control: httpx.Client) -> str:
    """A batch that has ended, and whose receiver does not answer."""
    id = str(create(caller(emulator), ROW, webhook_url=NOBODY)["id"])
    control.post(f"/jobs/{id}/complete").raise_for_status()
    return id


def test_an_attempt_is_told_with_what_was_sent_and_when_it_is_sent_again(control: httpx.Client, batch: str) -> None:
    (attempt,) = control.post("/webhooks/wait", json={"count": 1, "timeout": "120s"}).json()["webhooks"]
    assert (attempt["url"], attempt["attempt"], attempt["status"]) == (NOBODY, 1, None)
    assert attempt["error"]
    assert attempt["headers"]["webhook-id"] == attempt["id"]
    assert batch in json.dumps(json.loads(attempt["body"]))
    assert attempt["next_at"] > attempt["at"]
    assert control.get("/webhooks").json()["webhooks"] == [attempt]


def test_the_tries_that_follow_wait_for_the_clock(control: httpx.Client, batch: str) -> None:
    control.post("/webhooks/wait", json={"timeout": "120s"}).raise_for_status()
    control.post("/clock", json={"advance": "7d"}).raise_for_status()
    attempts = control.get("/webhooks").json()["webhooks"]
    assert [each["attempt"] for each in attempts] == list(range(1, len(attempts) + 1))
    assert len(attempts) > 2
    assert attempts[-1]["next_at"] is None


def test_a_message_is_sent_again(control: httpx.Client, batch: str) -> None:
    (first,) = control.post("/webhooks/wait", json={"timeout": "120s"}).json()["webhooks"]
    assert control.post(f"/webhooks/{first['id']}/redeliver").json() == {"redelivered": first["id"]}
    attempts = control.post("/webhooks/wait", json={"count": 2, "timeout": "120s"}).json()["webhooks"]
    assert [each["id"] for each in attempts] == [first["id"]] * 2
    answer = control.post(f"/webhooks/{first['id']}x/redeliver")
    assert answer.status_code == 404
    assert f"did you mean '{first['id']}'?" in answer.json()["error"]["message"]


def test_waiting_in_vain_is_408(control: httpx.Client) -> None:
    answer = control.post("/webhooks/wait", json={"count": 1, "timeout": 0})
    assert answer.status_code == 408
    assert answer.json()["error"]["message"] == "waited 0 s for 1 webhook attempts; there were 0"


def test_attempts_are_forgotten(control: httpx.Client, batch: str) -> None:
    control.post("/webhooks/wait", json={"timeout": "120s"}).raise_for_status()
    assert control.delete("/webhooks").json() == {"cleared": 1}
    assert control.get("/webhooks").json() == {"webhooks": [], "dropped": 0}
