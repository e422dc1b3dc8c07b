"""Calls that no API has, and fields that no document speaks of, which were ignored."""

from __future__ import annotations

import pytest

from emulator.playbook.unknown_fields import IGNORED
from emulator.verdict.judge import judge
from tests import loopback
from tests.apis.aiexport_calls import caller
from tests.running import Emulated
from tests.verdict.conftest import PLAYBOOK, Seen, Story, verdict


@pytest.mark.finding("G8")
@pytest.mark.one_worker("several processes leave some numbers out")
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


@pytest.mark.finding("G8")
def test_a_method_that_a_path_does_not_have_is_found(story: Story) -> None:
    emulated = story("")
    caller(emulated).delete("/models")
    assert verdict(emulated, 1)["called_what_no_api_has"].found == "1 x 405"


@pytest.mark.finding("G8")
def test_what_an_operation_does_not_find_is_its_own_affair(story: Story) -> None:
    emulated = story("")
    caller(emulated).get("/models/none")
    assert verdict(emulated, 1) == {}


@pytest.mark.finding("G8")
def test_what_browsers_look_for_by_themselves_and_bodies_that_are_too_large_are_let_pass(seen: Seen) -> None:
    seen.add(0, 404, operation="", target="GET /favicon.ico")
    seen.add(1, 413, operation="", target="POST /v2/messages")
    assert seen.found() == {}


@pytest.mark.finding("G8")
def test_a_world_that_is_not_there_is_no_call_of_this_one(story: Story) -> None:
    emulated = story("")
    loopback.get(f"{emulated.origin}/v2/models", headers={"X-Emulator-World": "nowhere"})
    assert verdict(emulated, 0) == {}


def send(seen: Seen, at: float, hint: str | None, operation: str = "messages.create", **more: object) -> None:
    lines = [] if hint is None else [(b"X-Emulator-Hint", hint.encode())]
    seen.add(at, operation=operation, reply_headers=lines, rule="aiexport.yaml:1:1", **more)  # type: ignore[arg-type]


@pytest.mark.finding("B8")
def test_ignored_fields_are_told_once_for_each_operation_and_set_of_fields(seen: Seen) -> None:
    for at, (hint, operation) in enumerate(
        [
            (f"{IGNORED}tools", "messages.create"),
            (f"{IGNORED}tools", "messages.create"),
            (f"{IGNORED}tools, top_p", "messages.create"),
            (f"{IGNORED}tools", "messages.stream"),
        ]
    ):
        send(seen, 60 * at, hint, operation)
    found = [each for each in judge(seen.exchanges, PLAYBOOK).findings if each.rule == "undocumented_fields"]
    assert [(each.operation, each.found, each.exchanges, each.severity) for each in found] == [
        ("messages.create", "tools", (1, 2), "warning"),
        ("messages.create", "tools, top_p", (3,), "warning"),
        ("messages.stream", "tools", (4,), "warning"),
    ]


@pytest.mark.finding("B8")
def test_other_hints_and_apis_that_take_any_field_are_no_finding(seen: Seen) -> None:
    send(seen, 0, None)
    send(seen, 60, "unknown path; did you mean POST /v2/messages?")
    send(seen, 120, None, api="aixplain", operation="assets.execute")
    judged = judge(seen.exchanges, PLAYBOOK)
    assert "undocumented_fields" not in {each.rule for each in judged.findings}
    assert judged.checked["undocumented_fields"] == 2
