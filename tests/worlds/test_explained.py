"""An explanation as text: the steps of the pipeline, in order."""

from __future__ import annotations

from tests import loopback
from tests.inspector.traffic import KEY, asking, send
from tests.running import Emulated
from tests.small import Small


def told(emulator: Emulated, **body: object) -> str:
    from msgspec.json import decode

    from emulator.worlds.explained import Explanation

    answer = loopback.post(f"{emulator.origin}/_emulator/explain", json=body)
    return str(decode(answer.content, type=Explanation))


def test_it_reads_in_the_order_of_the_pipeline(emulator: Emulated) -> None:
    text = told(emulator, method="POST", path="/v2/messages", headers=KEY, body=asking())
    lines = text.split("\n")
    assert lines[0] == "POST /v2/messages"
    heads = [line.partition("  ")[0] for line in lines if line[:1] not in (" ", "")]
    assert heads[1:] == ["world", "operation", "key", "checks", "limits", "rules", "response", "rests on"]
    assert "requests: 0 + 1 = 1 of 600" in text
    assert "body.stream: expected True, found nothing" in text


def test_a_request_without_an_operation_has_no_rules(emulator: Emulated) -> None:
    text = told(emulator, path="/v2/mesages")
    assert "operation  none" in text
    assert "did you mean" in text
    assert "rules" not in text


def test_rules_that_were_never_reached_share_a_line(emulator: Emulated) -> None:
    text = told(emulator, method="POST", path="/v2/messages", body=asking())
    assert text.count("never reached") == 1
    assert "key        none was accepted" in text


def test_long_values_are_shortened(small: Small) -> None:
    rules = "rules: [{on: ask, when: {body.a: x}, reply: {body: {}}}]\n"
    ask = "ask: {route: POST /ask, request: {type: object}, rules: [{reply: {body: {}}}]}"
    emulator = small(ask, scenario=rules)
    order = {"method": "POST", "path": "/ask", "headers": {"X-Key": "key-of-ann"}, "body": {"a": "y" * 10_000}}
    assert max(map(len, told(emulator, **order).split("\n"))) < 600


def test_an_old_exchange_says_what_it_can_not_know(emulator: Emulated) -> None:
    send(emulator, "x" * 2_000_000)
    emulator.exchanges(1)
    text = told(emulator, exchange=1)
    assert "note: rules that did not answer are compared with their counters as they are now" in text
    assert "note: the journal has cut this exchange" in text


def test_of_many_rules_the_nearest_are_shown(small: Small) -> None:
    many = [f"{{on: ask, name: r{at}, when: {{body.a: {at}, body.b: 1}}, reply: {{body: {{}}}}}}" for at in range(100)]
    near = "{on: ask, name: nearest, when: {body.a: x}, reply: {body: {}}}"
    ask = "ask: {route: POST /ask, request: {type: object}, rules: [{reply: {body: {}}}]}"
    emulator = small(ask, scenario=f"rules: [{', '.join([*many, near])}]\n")
    text = told(emulator, method="POST", path="/ask", headers={"X-Key": "key-of-ann"}, body={})
    assert text.count("differs") == 30
    assert "'nearest'" in text
    assert "71 others differ, in as much or more" in text
    assert text.count("  answered") == 1
