"""Choosing: the first rule that matches answers; when none does, the nearest are named."""

from __future__ import annotations

from tests.small import KEY, Small

OPERATIONS = """
one:
  route: POST /one
  request: {type: object}
  rules:
    - {name: red, when: {body.colour: red, body.size: {gt: 3}}, reply: {body: red}}
    - {when: {body.colour: blue, body.size: 1}, reply: {body: blue}}
    - {when: {body.colour: [green, lime], caller.tier: tight}, reply: {body: green}}
    - {when: {body.first: true, times: 1}, reply: {body: first}}
    - {when: {body.first: true, nth: 2}, reply: {body: never}}
"""


def test_the_first_rule_that_matches_answers_and_stands_in_the_journal(small: Small) -> None:
    emulated = small(OPERATIONS)
    client = emulated.client("small", headers=KEY)
    assert client.post("/one", json={"colour": "red", "size": 4}).json() == "red"
    assert client.post("/one", json={"colour": "blue", "size": 1}).json() == "blue"
    red, blue = emulated.exchanges(2)
    assert red.rule.startswith(str(emulated.app.playbook.operation("small", "one").rules.rules[0].place))
    assert red.rule != blue.rule


def test_when_none_answers_the_nearest_come_first_with_what_kept_them(small: Small) -> None:
    emulated = small(OPERATIONS)
    answer = emulated.client("small", headers=KEY).post("/one", json={"colour": "red", "size": 2})
    assert (answer.status_code, answer.json()["kind"]) == (501, "no_rule")
    assert answer.json()["said"].startswith("no rule answers one; the nearest:\n  red (")
    (exchange,) = emulated.exchanges(1)
    assert len(exchange.near_misses) == 3
    assert exchange.near_misses[0].name == "red"
    assert str(exchange.near_misses[0].differences[0]) == "body.size: expected gt 3, found 2"
    assert answer.headers["x-emulator-hint"].startswith("no rule answers one; nearest: red (")


def test_a_counter_that_holds_a_rule_back_is_told(small: Small) -> None:
    emulated = small(OPERATIONS)
    client = emulated.client("small", headers=KEY)
    assert client.post("/one", json={"first": True}).json() == "first"
    assert client.post("/one", json={"first": True}).status_code == 501
    nearest, *_ = emulated.exchanges(2)[1].near_misses
    assert list(map(str, nearest.differences)) == ["times: 1, already answered 1"]


def test_what_nobody_answers_costs_nothing(small: Small) -> None:
    emulated = small(OPERATIONS)
    assert emulated.client("small", headers=KEY).post("/one", json={}).status_code == 501
    window = emulated.app.state.store.windows.peek("small/ann/calls", 60)
    assert window is None or window.used == 0


def test_what_the_client_sent_cannot_leave_the_hint(small: Small) -> None:
    emulated = small(OPERATIONS)
    body = {"colour": "x\r\nX-Evil: yes\u2028é" + "y" * 9_000}
    answer = emulated.client("small", headers=KEY).post("/one", json=body)
    hint = answer.headers["x-emulator-hint"]
    assert "x-evil" not in answer.headers
    assert hint.isascii()
    assert hint.isprintable()
    assert len(hint) <= 4_000
