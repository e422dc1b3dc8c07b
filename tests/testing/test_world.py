"""A world in a test's hands: where it is, what goes wrong in it, what it plays, and beginning again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest

from emulator import Emulator
from tests import loopback


def test_a_base_url_is_where_the_server_is(emulator: Emulator) -> None:
    assert emulator.base_url("aiexport") == f"{emulator.url}/v2"
    assert emulator.apis == ["aixplain", "aiexport"]
    with pytest.raises(ValueError, match=r"no API is called 'aiexprot'; .*did you mean 'aiexport'"):
        emulator.base_url("aiexprot")


def test_a_process_is_told_where_to_go(emulator: Emulator) -> None:
    assert emulator.env == {
        "EMULATOR_URL": emulator.url,
        "EMULATOR_WORLD": emulator.name,
        "AIXPLAIN_BASE_URL": emulator.base_url("aixplain"),
        "AIEXPORT_BASE_URL": emulator.base_url("aiexport"),
    }


def test_the_header_leads_here_as_well_as_a_key(emulator: Emulator, hello: dict[str, Any]) -> None:
    url = f"{emulator.base_url('aiexport')}/messages"
    headers = {"X-API-Key": "any", **emulator.headers}
    assert loopback.post(url, json=hello, headers=headers).status_code == 200
    assert len(emulator.requests("messages.create")) == 1


def test_it_fails_so_many_times(emulator: Emulator, http: httpx.Client, hello: dict[str, Any]) -> None:
    fault = emulator.fail("messages.create", status=503, times=2)
    statuses = [http.post("/messages", json=hello).status_code for _ in range(3)]
    assert statuses == [503, 503, 200]
    assert fault.played == 2


@pytest.mark.finding("G7")
@pytest.mark.parametrize("count", [{"events": 3}, {"after": 3}, {"events": 3, "after": "0s"}])
def test_a_stream_is_cut_after_so_many_events(
    emulator: Emulator, http: httpx.Client, hello: dict[str, Any], count: dict[str, Any]
) -> None:
    emulator.cut_stream(**count)
    lines: list[str] = []
    with pytest.raises(httpx.TransportError), http.stream("POST", "/messages/stream", json=hello) as answer:
        lines.extend(answer.iter_lines())
    assert sum(line.startswith("event:") for line in lines) == 3
    assert emulator.requests("messages.stream").last.reply.events_sent == 3


@pytest.mark.emulator(frozen=True)
def test_an_answer_waits_on_the_worlds_clock(emulator: Emulator, http: httpx.Client, hello: dict[str, Any]) -> None:
    emulator.slow("messages.create", by=90)
    emulator.clock.auto()
    begun = emulator.clock.now
    assert http.post("/messages", json=hello).status_code == 200
    assert emulator.clock.now - begun == 90


def test_other_scenarios_are_played_from_the_next_request_on(
    emulator: Emulator, http: httpx.Client, hello: dict[str, Any]
) -> None:
    assert http.post("/messages", json=hello).status_code == 200
    emulator.use("outage")
    assert emulator.scenarios == ["outage"]
    assert http.post("/messages", json=hello).status_code == 503


def test_a_scenario_can_be_told_as_text_or_as_data(
    emulator: Emulator, http: httpx.Client, hello: dict[str, Any]
) -> None:
    rule = {"on": "messages.create", "reply": {"error": "overloaded"}}
    emulator.put_scenario("busy", {"scenario": "busy", "about": "Busy.", "extends": "default", "rules": [rule]})
    emulator.put_scenario("calm", "scenario: calm\nabout: Calm.\nextends: default\n")
    emulator.use("busy")
    assert http.post("/messages", json=hello).status_code == 503
    emulator.use("calm")
    assert http.post("/messages", json=hello).status_code == 200


def test_a_keys_tier_changes_in_the_middle_of_a_test(emulator: Emulator, http: httpx.Client) -> None:
    key = emulator.key("pro")
    http.get("/models")
    assert emulator.limits(key)["limits"]["requests"]["remaining"] == 599
    emulator.set_tier(key, "free")
    assert emulator.limits(key)["tier"] == "free"
    assert emulator.limits(key, api="aiexport")["limits"]["requests"]["limit"] == 60


def test_a_key_gets_a_budget_in_the_middle_of_a_test(emulator: Emulator, http: httpx.Client) -> None:
    key = emulator.key("pro")
    emulator.set_budget(key, {"USD": 0.5}, api="aiexport")
    assert emulator.limits(key)["limits"]["USD"] == {"limit": 0.5, "remaining": 0.5, "used": 0.0, "reset": None}
    emulator.set_budget(key, {})
    assert "USD" not in emulator.limits(key)["limits"]


@pytest.mark.emulator(frozen="2026-01-01T00:00:00Z")
def test_a_reset_begins_again(emulator: Emulator, http: httpx.Client, hello: dict[str, Any]) -> None:
    http.post("/messages", json=hello)
    emulator.fail("messages.create")
    emulator.clock.advance("1h")
    emulator.reset()
    assert (len(emulator.requests()), emulator.faults) == (0, [])
    assert emulator.clock.iso.startswith("2026-01-01T00:00:00")
    assert emulator.key("pro") == http.headers["X-API-Key"]
    assert emulator.limits(emulator.key("pro"))["limits"]["requests"]["used"] == 0


def test_a_snapshot_brings_everything_back(
    emulator: Emulator, http: httpx.Client, hello: dict[str, Any], tmp_path: Path
) -> None:
    http.post("/messages", json=hello)
    used = emulator.limits(emulator.key("pro"))["limits"]["requests"]["used"]
    taken = emulator.snapshot(tmp_path / "world.json")
    http.post("/messages", json=hello)
    for saved in (taken, tmp_path / "world.json"):
        emulator.restore(saved)
        assert emulator.limits(emulator.key("pro"))["limits"]["requests"]["used"] == used


def test_the_verdict_finds_nothing_against_a_client_that_did_nothing(emulator: Emulator) -> None:
    assert emulator.verdict.ok


@pytest.mark.finding("G7")
def test_two_numbers_of_events_are_refused(emulator: Emulator) -> None:
    with pytest.raises(ValueError, match="events=3 and after=5 are two numbers of events; a time is '5s'"):
        emulator.cut_stream(events=3, after=5)
