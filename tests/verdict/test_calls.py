"""Calls that no API has."""

from __future__ import annotations

import pytest

from tests import loopback
from tests.apis.aiexport_calls import caller
from tests.running import Emulated
from tests.verdict.conftest import Seen, Story, verdict

pytestmark = pytest.mark.finding("G8")


def test_a_path_that_no_api_has_is_found_once_with_the_nearest(story: Story) -> None:
    emulated: Emulated = story("")
    client = caller(emulated)
    for _ in range(2):
        client.post("/mesages", json={})
    found = verdict(emulated, 2)
    assert list(found) == ["called_what_no_api_has"]
    each = found["called_what_no_api_has"]
    assert each.message == "POST /v2/mesages was called, which no API has"
    assert "did you mean" in each.wanted
    assert "/v2/messages" in each.wanted
    assert (each.severity, each.found, each.exchanges) == ("error", "2 x 404", (1, 2))


def test_a_method_that_a_path_does_not_have_is_found(story: Story) -> None:
    emulated = story("")
    caller(emulated).delete("/models")
    assert verdict(emulated, 1)["called_what_no_api_has"].found == "1 x 405"


def test_what_an_operation_does_not_find_is_its_own_affair(story: Story) -> None:
    emulated = story("")
    caller(emulated).get("/models/none")
    assert verdict(emulated, 1) == {}


def test_what_browsers_look_for_by_themselves_and_bodies_that_are_too_large_are_let_pass(seen: Seen) -> None:
    seen.add(0, 404, operation="", target="GET /favicon.ico")
    seen.add(1, 413, operation="", target="POST /v2/messages")
    assert seen.found() == {}


def test_a_world_that_is_not_there_is_no_call_of_this_one(story: Story) -> None:
    emulated = story("")
    loopback.get(f"{emulated.origin}/v2/models", headers={"X-Emulator-World": "nowhere"})
    assert verdict(emulated, 0) == {}
