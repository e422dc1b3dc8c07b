"""What is due next, by the clock of a world."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.apis.aiexport_calls import asking, caller, create
from tests.inspector.traffic import streaming
from tests.receiver import receiving
from tests.running import Emulated

ROW = asking("What is 2 + 2?", custom_id="sum")
BEGIN = 1_767_225_600


def due(control: httpx.Client, **query: Any) -> list[dict[str, Any]]:
    listed: list[dict[str, Any]] = control.get("/clock/due", params=query).raise_for_status().json()["due"]
    return listed


def test_nothing_is_due_in_a_new_world(control: httpx.Client) -> None:
    assert control.get("/clock/due").json() == {"now": BEGIN, "due": []}


def test_the_next_state_of_a_job_and_the_end_of_a_window_are_named(emulator: Emulated, control: httpx.Client) -> None:
    batch = create(caller(emulator, "axp_test_free"), ROW)["id"]
    first, *others = due(control)
    assert (first["kind"], first["id"], first["at"] > BEGIN) == ("job", batch, True)
    assert first["what"].startswith(f"batch {batch} becomes ")
    windows = [each for each in others if each["kind"] == "limit"]
    assert "the window of requests ends for axp_test_free" in [each["what"] for each in windows]
    assert [each["at"] for each in (first, *others)] == sorted(each["at"] for each in (first, *others))
    assert due(control, count=1) == [first]
    emulator.advance(first["at"] - BEGIN)
    assert due(control)[0]["at"] > first["at"]


def test_the_next_try_of_a_webhook_is_named(emulator: Emulated, control: httpx.Client) -> None:
    with receiving(503) as receiver:
        create(caller(emulator), ROW, webhook_url=receiver.url)
        emulator.advance(2)
        (tried,) = [each for each in due(control) if each["kind"] == "webhook"]
        assert tried["what"] == f"webhook {tried['id']} to {receiver.url} is tried again"


@pytest.mark.one_worker("a process shows the responses that it sends itself")
@pytest.mark.scenario("demo")
def test_an_open_response_goes_on(emulator: Emulated, control: httpx.Client) -> None:
    with streaming(emulator):
        emulator.entered(1)
        assert "an open response goes on" in [each["what"] for each in due(control)]
        emulator.advance(600)
    assert "response" not in [each["kind"] for each in due(control)]
