"""Each rule of an operation says what became of it."""

from __future__ import annotations

from typing import Any

import pytest

from tests import loopback
from tests.inspector.traffic import KEY as PRO
from tests.inspector.traffic import asking
from tests.running import Emulated
from tests.small import Small

ECHO = """
ask:
  route: POST /ask
  request: {type: object}
  rules:
    - {when: {body.own: 1}, reply: {body: {own: 1}}}
    - {name: last, reply: {body: {own: 2}}}
"""
RULES = """\
rules:
  - {on: ask, name: first, when: {body.a: 1, times: 1}, reply: {body: {scenario: 1}}}
  - {on: ask, name: broken, when: {body.b: 1}, fault: {status: {status: 503}}}
  - {on: ask, name: lost, when: {body.e: 1}, fault: {reset_peer: {done: no}}}
  - {on: ask, name: slow, when: {body.c: 1}, fault: {latency: {delay: 1s}}}
  - {on: ask, name: row, when: {body.d: 1}, replies: [{body: {row: 1}}], then: next}
  - {on: ask, name: secret, when: {header.x-key: another-key}, reply: {body: {}}}
"""
KEY = {"X-Key": "key-of-ann"}


def play(small: Small) -> Emulated:
    return small(ECHO, scenario=f"  {{}}\n{RULES}".replace("  {}\n", ""))


def rules(emulator: Emulated, **body: Any) -> dict[str, tuple[str, list[str]]]:
    answer = loopback.post(f"{emulator.origin}/_emulator/explain", json=body)
    assert answer.status_code == 200, answer.text
    return {
        rule["name"] or rule["source"]: (rule["outcome"], [each["field"] for each in rule["differences"]])
        for rule in answer.json()["rules"]
    }


def asked(emulator: Emulated, **body: int) -> dict[str, tuple[str, list[str]]]:
    return rules(emulator, method="POST", path="/ask", headers=KEY, body=body)


def send(emulator: Emulated, **body: int) -> int:
    return loopback.post(f"{emulator.origin}/ask", headers=KEY, json=body).status_code


def test_rules_before_the_answer_differ_and_those_behind_it_are_never_reached(small: Small) -> None:
    emulator = play(small)
    told = asked(emulator, d=1)
    assert told["first"] == ("differs", ["body.a"])
    assert told["row"] == ("answered", [])
    assert told["secret"] == told["last"] == ("never reached", [])


def test_a_request_that_is_lost_shows_the_rule_that_loses_it_and_what_would_have_answered(small: Small) -> None:
    lost = asked(play(small), e=1)
    assert (lost["lost"][0], lost["last"][0]) == ("added its fault", "would have answered")


def test_a_rule_that_only_has_a_fault_adds_it(small: Small) -> None:
    emulator = play(small)
    assert asked(emulator, c=1)["slow"] == ("added its fault", [])
    assert asked(emulator, c=1)["last"] == ("answered", [])
    refused = asked(emulator, b=1)
    assert (refused["broken"][0], refused["last"][0]) == ("added its fault", "would have answered")


def test_a_counter_that_holds_a_rule_back_is_named(small: Small) -> None:
    emulator = play(small)
    assert asked(emulator, a=1)["first"] == ("answered", [])
    assert asked(emulator, a=1)["first"] == ("answered", [])  # asking did not count
    assert send(emulator, a=1) == 200
    assert asked(emulator, a=1)["first"] == ("differs", ["times"])
    assert send(emulator, d=1) == 200
    assert asked(emulator, d=1)["row"] == ("differs", ["replies"])


def test_no_rule_is_reached_by_what_is_refused_before(small: Small) -> None:
    emulator = play(small)
    told = rules(emulator, method="POST", path="/ask", body={})
    assert {outcome for outcome, _ in told.values()} == {"never reached"}


def test_of_an_exchange_the_rule_that_answered_did_whatever_counts_now(small: Small) -> None:
    emulator = play(small)
    send(emulator, a=1)
    send(emulator, a=1)
    send(emulator, b=1)
    numbers = [exchange.number for exchange in emulator.exchanges(3)]
    assert rules(emulator, exchange=numbers[0])["first"] == ("answered", [])
    second = rules(emulator, exchange=numbers[1])
    assert (second["first"], second["last"]) == (("differs", ["times"]), ("answered", []))
    third = rules(emulator, exchange=numbers[2])
    assert (third["broken"][0], third["last"][0]) == ("added its fault", "would have answered")


def test_what_is_secret_is_not_shown(small: Small) -> None:
    emulator = play(small)
    answer = loopback.post(
        f"{emulator.origin}/_emulator/explain", json={"method": "POST", "path": "/ask", "headers": KEY}
    )
    assert "key-of-ann" not in answer.text
    assert (
        "header.x-key"
        in loopback.post(
            f"{emulator.origin}/_emulator/explain", json={"method": "POST", "path": "/ask", "headers": KEY, "body": {}}
        ).text
    )


def test_an_exchange_says_that_a_secret_is_masked_where_a_rule_looks_at_one(small: Small) -> None:
    emulator = play(small)
    send(emulator, d=1)
    send(emulator)
    numbers = [exchange.number for exchange in emulator.exchanges(2)]
    answers = [loopback.post(f"{emulator.origin}/_emulator/explain", json={"exchange": number}) for number in numbers]
    notes = [" ".join(answer.json()["notes"]) for answer in answers]
    assert ["masks secrets" in note for note in notes] == [False, True]


def test_a_canned_answer_is_named_beside_the_rule_that_gave_it(emulator: Emulated) -> None:
    order = {"method": "POST", "path": "/v2/messages", "headers": PRO, "body": asking("refund")}
    added = loopback.post(f"{emulator.origin}/_emulator/answers", json={"prompt": "refund", "answer": "Five days."})
    loopback.post(f"{emulator.origin}/v2/messages", headers=PRO, json=asking("refund"))
    emulator.exchanges(1)
    for body in (order, {"exchange": 1}):
        told = loopback.post(f"{emulator.origin}/_emulator/explain", json=body).json()
        assert told["answer"] == added.json()["id"]
        assert told["rules"][-1]["outcome"] == "answered"
        assert not any("played no more" in note for note in told["notes"])


@pytest.mark.one_worker("several processes leave some numbers out")
def test_a_rule_that_leaves_its_reply_to_the_api_answers_and_the_api_gives_the_reply(emulator: Emulated) -> None:
    source = "scenario: mine\nextends: default\nrules: [{on: messages.create, name: mine, reply: {answer: Mine}}]\n"
    world = {"X-Emulator-World": "mine"}
    loopback.put(f"{emulator.origin}/_emulator/worlds/mine", json={}).raise_for_status()
    loopback.put(f"{emulator.origin}/_emulator/scenarios/mine", json={"yaml": source}, headers=world).raise_for_status()
    use = {"scenarios": ["mine"]}
    loopback.post(f"{emulator.origin}/_emulator/scenarios/use", json=use, headers=world).raise_for_status()
    loopback.post(f"{emulator.origin}/v2/messages", headers=PRO | world, json=asking()).raise_for_status()
    request = {"method": "POST", "path": "/v2/messages", "headers": PRO | world, "body": asking()}
    for body in (request, {"exchange": 1}):
        told = loopback.post(f"{emulator.origin}/_emulator/explain", json=body, headers=world).json()
        outcomes = {rule["name"]: rule["outcome"] for rule in told["rules"]}
        assert outcomes == {"mine": "answered", "streamed": "differs", "whole": "gave the reply"}
        assert told["passed_over"] == 0
