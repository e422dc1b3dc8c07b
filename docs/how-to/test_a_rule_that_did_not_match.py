"""Why did my rule not match: the response is not the one in the scenario.

A rule that does not match is not an error, because the API's own rule answers. `passed_over` counts the rules of
scenarios that were tried before that, and `explain` shows what happened to each rule, field by field, also for a
request that was not sent. Outside of tests, use `emulator explain --scenario mine.yaml -- curl …`.
"""

from __future__ import annotations

import httpx

from emulator import Emulator

SCENARIO = """
scenario: greeting
about: A greeting of our own; the model has one wrong digit.
extends: default
rules:
  - on: messages.create
    name: greeting
    when: {body.model: apex-haiku-4-20250402}
    reply: {answer: Good morning.}
"""
MESSAGE = {"model": "apex-haiku-4-20250401", "messages": [{"role": "user", "content": "Hello!"}]}


def test_the_rule_says_what_it_wants_and_what_it_found(emulator: Emulator) -> None:
    emulator.put_scenario("greeting", SCENARIO)
    emulator.use("greeting")

    with httpx.Client(base_url=emulator.base_url("aiexport"), headers={"X-API-Key": emulator.key("pro")}) as http:
        answer = http.post("/messages", json=MESSAGE)
    assert answer.json()["content"][0]["text"] != "Good morning."

    sent = emulator.requests("messages.create").last
    assert sent.passed_over == 1
    rule = emulator.explain(sent).rules[0]
    assert (rule.name, rule.outcome) == ("greeting", "differs")
    assert [str(each) for each in rule.differences] == [
        "body.model: expected 'apex-haiku-4-20250402', found 'apex-haiku-4-20250401'"
    ]


def test_a_request_is_explained_before_it_is_sent(emulator: Emulator) -> None:
    emulator.put_scenario("greeting", SCENARIO.replace("20250402", "20250401"))
    emulator.use("greeting")

    url, headers = f"{emulator.base_url('aiexport')}/messages", {"X-API-Key": emulator.key("pro")}
    explanation = emulator.explain(httpx.Request("POST", url, headers=headers, json=MESSAGE))

    assert explanation.rules[0].outcome == "answered"
    assert explanation.reply is not None
    assert explanation.reply.body["content"][0]["text"] == "Good morning."
    assert len(emulator.requests()) == 0  # nothing was sent, and nothing was counted
