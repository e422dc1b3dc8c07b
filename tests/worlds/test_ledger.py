"""The ledger of a world: what is counted as it happens, whatever the journal forgets."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from emulator import ControlError, Emulator
from tests import loopback
from tests.waiting import until

SCENARIO = """\
scenario: counted
extends: default
rules:
  - name: busy
    on: messages.create
    when: {body.model: apex-haiku-4-20250401, times: 1}
    reply: {error: overloaded}
  - name: slow
    on: messages.create
    fault: {latency: 0s}
  - {name: rows, on: messages.create, when: {body.system: rows}, reply: {answer: "From a row."}}
expect:
  - {on: messages.create, times: 3}
  - {rules: [busy, slow]}
  - in_order: [messages.create, models.list]
"""
HELLO = {"model": "apex-haiku-4-20250401", "messages": [{"role": "user", "content": "Hello!"}]}


@pytest.fixture
def scenario(tmp_path: Path) -> Path:
    path = tmp_path / "counted.yaml"
    path.write_text(SCENARIO)
    return path


@pytest.fixture
def emulator(scenario: Path) -> Iterator[Emulator]:
    with Emulator(scenario=scenario, journal_entries=1) as emulator:
        yield emulator


def say(emulator: Emulator, times: int = 1, **more: Any) -> list[int]:
    url = f"{emulator.base_url('aiexport')}/messages"
    headers = {"X-API-Key": "axp_test_pro", **emulator.headers}
    return [loopback.post(url, json={**HELLO, **more}, headers=headers).status_code for _ in range(times)]


def models(emulator: Emulator) -> None:
    headers = {"X-API-Key": "axp_test_pro", **emulator.headers}
    loopback.get(f"{emulator.base_url('aiexport')}/models", headers=headers).raise_for_status()


def found(emulator: Emulator) -> list[str]:
    return [each.found for each in emulator.expectations.expectations]


def test_the_count_is_exact_although_the_journal_keeps_one_exchange(emulator: Emulator) -> None:
    say(emulator, 3)
    models(emulator)
    assert len(emulator.requests()[-1:]) == 1
    assert emulator.expectations.ok
    assert found(emulator) == ["found 3", "each has answered", "found #1, #4"]


def test_what_is_expected_late_does_not_know_what_was_dropped_before(emulator: Emulator) -> None:
    say(emulator, 3)
    emulator.expect("messages.create", times=1)
    (late,) = [each for each in emulator.expectations.failed if each.id]
    assert (late.known, late.found) == (False, "found 1, and 2 older exchanges were not counted")


@pytest.mark.bound("expectations that are added")
def test_a_world_takes_a_number_of_expectations(emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("emulator.control.reports.MAX_ADDED", 2)
    emulator.expect("messages.create", times=1)
    emulator.expect("messages.create", times=2)
    with pytest.raises(ControlError, match="this world has 2 expectations already; remove some first") as caught:
        emulator.expect("messages.create", times=3)
    assert caught.value.status == 409
    assert len(found(emulator)) == 5


def test_a_world_without_expectations_counts_nothing(scenario: Path) -> None:
    with Emulator() as emulator:
        assert emulator.expectations.ok
        assert emulator.expectations.text == "Expectations: 0 met."


def test_a_reset_begins_anew_and_forgets_what_was_added(emulator: Emulator) -> None:
    say(emulator, 3)
    emulator.expect("batch.create")
    emulator.reset()
    assert found(emulator)[0] == "found 0"
    assert len(found(emulator)) == 3
    say(emulator, 2)
    assert found(emulator)[0] == "found 2"


def test_a_restored_snapshot_begins_anew_and_keeps_what_was_added(emulator: Emulator) -> None:
    say(emulator)
    taken = emulator.snapshot()
    emulator.expect("batch.create")
    say(emulator, 2)
    emulator.restore(taken)
    assert found(emulator)[0] == "found 0"
    assert len(found(emulator)) == 4
    say(emulator)
    assert found(emulator)[0] == "found 1"


def test_expectations_go_on_counting_when_a_scenario_is_reloaded(scenario: Path) -> None:
    with Emulator(scenario=scenario, journal_entries=1) as emulator:
        say(emulator, 2)
        scenario.write_text("# moved by a line\n" + SCENARIO.replace("  - {rules: [busy, slow]}\n", ""))
        emulator.use(scenario)
        say(emulator)
        assert found(emulator)[0] == "found 3"
        assert emulator.expectations.expectations[0].line == 14


def test_a_rule_that_answers_rows_of_a_batch_has_answered(emulator: Emulator) -> None:
    emulator.expect(rules=["rows"])
    url, headers = emulator.base_url("aiexport"), {"X-API-Key": "axp_test_pro"}
    rows = {"requests": [{**HELLO, "system": "rows"}] * 2}
    loopback.post(f"{url}/batch", json=rows, headers=headers).raise_for_status()
    assert [each.ok for each in emulator.expectations.expectations if each.id] == [True]


def test_a_rule_that_never_answered_says_which_request_was_nearest(emulator: Emulator) -> None:
    say(emulator, model="apex-sonnet-4-20250501")
    judged = emulator.expectations.expectations[1]
    assert judged.found.startswith("no answer by 'busy' (")
    (line,) = judged.instead
    assert line.startswith("'busy': nearest is #1 POST /v2/messages 200 complete: body.model: expected")


def test_a_stream_that_is_not_over_counts_as_open(emulator: Emulator) -> None:
    emulator.expect("messages.stream", when={"outcome": "open"}, times=1)
    emulator.arm("stall_after", on="messages.stream", events=2)
    url = f"{emulator.base_url('aiexport')}/messages/stream"
    with loopback.stream("POST", url, json=HELLO, headers={"X-API-Key": "axp_test_pro"}) as stream:
        chunks = stream.iter_raw()
        next(chunks)
        assert [each.ok for each in emulator.expectations.expectations if each.id] == [True]


def test_one_that_was_added_can_be_taken_back(emulator: Emulator) -> None:
    id = emulator.expect("batch.create")
    emulator.client.delete(f"/expectations/{id}")
    assert len(found(emulator)) == 3


def test_rules_are_listed_in_order_with_how_often_each_answered(emulator: Emulator) -> None:
    say(emulator, 3)
    busy, slow, rows = emulator.rules
    assert (busy["name"], busy["answered"], busy["replies"]) == ("busy", 0, [0])  # asked late: the journal keeps one
    assert emulator.client.get("/rules")["not_counted"] == 2
    say(emulator, 2)
    assert [each["played"] for each in emulator.rules[1]["faults"]] == [3]
    assert (slow["kind"], rows["name"]) == ("rule", "rows")


def test_the_rules_of_an_operation_are_those_of_the_api_too(emulator: Emulator) -> None:
    emulator.client.get("/rules")
    say(emulator, 2)
    listed = emulator.client.get("/rules", operation="messages.create")["rules"]
    assert [each["answered"] for each in listed[:3]] == [1, 0, 0]
    assert sum(each["answered"] for each in listed[3:]) == 1
    assert {each["file"].rpartition("/")[2] for each in listed[3:]} == {"aiexport.yaml"}


def test_coverage_counts_every_world_whatever_becomes_of_it(emulator: Emulator, scenario: Path) -> None:
    assert emulator.client.get("/coverage") == {"counted": False, "worlds": 0, "operations": [], "rules": []}
    emulator.client.post("/coverage")
    say(emulator)
    emulator.reset()
    say(emulator)
    with emulator.world("other", scenario=scenario) as other:
        other.fail("messages.create", status=429)
        say(other)
    view = emulator.client.get("/coverage")
    (messages,) = view["operations"]
    assert (view["worlds"], messages["calls"]) == (1, 3)
    assert messages["outcomes"] == {"ok": 0, "4xx": 0, "429": 1, "5xx": 2, "cut": 0, "stalled": 0, "late": 0}
    assert [each["answered"] for each in view["rules"]] == [2, 0, 0]


def test_rules_that_come_with_the_emulator_are_nobodys_to_use(emulator: Emulator) -> None:
    emulator.client.post("/coverage")
    with emulator.world("other", scenario="outage") as other:
        assert other.rules
    assert {Path(each["file"]).name for each in emulator.client.get("/coverage")["rules"]} == {"counted.yaml"}


def test_a_rule_that_loses_a_request_before_it_is_done_has_played(tmp_path: Path) -> None:
    rule = "{name: gone, on: messages.create, fault: {reset_peer: {done: no}}}"
    (tmp_path / "lost.yaml").write_text(
        f"scenario: lost\nextends: default\nrules: [{rule}]\nexpect: [{{rules: all}}]\n"
    )
    with Emulator(scenario=tmp_path / "lost.yaml") as emulator:
        with pytest.raises(httpx.HTTPError):
            say(emulator)
        assert emulator.expectations.ok
        assert [each["played"] for each in emulator.rules[0]["faults"]] == [1]


FEWER = "scenario: fewer\napis: {aixplain: }\n"


def test_rules_are_listed_after_a_switch_to_fewer_apis(emulator: Emulator) -> None:
    models(emulator)
    emulator.put_scenario("fewer", FEWER)
    emulator.use("fewer")
    assert emulator.rules == []


def test_a_response_that_ends_after_a_switch_to_fewer_apis_is_counted(emulator: Emulator) -> None:
    emulator.client.post("/coverage")
    emulator.arm("stall_after", on="messages.stream", events=2)
    url = f"{emulator.base_url('aiexport')}/messages/stream"
    with loopback.stream("POST", url, json=HELLO, headers={"X-API-Key": "axp_test_pro"}) as stream:
        chunks = stream.iter_raw()
        next(chunks)
        emulator.put_scenario("fewer", FEWER)
        emulator.use("fewer")
    until(lambda: emulator.client.get("/coverage")["operations"])
    (stalled,) = emulator.client.get("/coverage")["operations"]
    assert (stalled["operation"], stalled["outcomes"]["stalled"]) == ("messages.stream", 1)


def test_an_added_expectation_follows_its_rules_when_a_reload_moves_them(scenario: Path) -> None:
    with Emulator(scenario=scenario) as emulator:
        emulator.expect(rules=["busy"])
        scenario.write_text("# moved by a line\n" + SCENARIO)
        emulator.use(scenario)
        say(emulator)
        assert [each.ok for each in emulator.expectations.expectations if each.id] == [True]


def test_an_added_expectation_is_about_the_operations_of_the_scenario_that_is_played() -> None:
    with Emulator() as emulator:
        emulator.put_scenario("fewer", FEWER)
        emulator.use("fewer")
        emulator.expect("*.list", times=1)
        emulator.use("default")
        models(emulator)
        assert emulator.expectations.ok


def test_an_added_expectation_whose_rules_are_gone_stays_and_says_so(scenario: Path) -> None:
    with Emulator(scenario=scenario) as emulator:
        emulator.expect(rules=["busy"])
        scenario.write_text(SCENARIO.replace("busy", "hurried"))
        emulator.use(scenario)
        (one,) = [each for each in emulator.expectations.failed if each.id]
        assert one.found.endswith(
            "it is counted as before the scenarios changed: rules.0: no rule is called 'busy'; "
            "expected one of: hurried, slow, rows"
        )
        scenario.write_text(SCENARIO)
        emulator.use(scenario)
        say(emulator)
        assert not [each for each in emulator.expectations.failed if each.id]
