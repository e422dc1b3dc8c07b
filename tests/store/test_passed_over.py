"""How many rules of scenarios an exchange was not answered by, though they stood before the API's own that answered."""

from __future__ import annotations

from emulator.store.passed_over import passed_over
from tests import loopback
from tests.running import Emulated
from tests.small import Small

ASK = """
ask:
  route: POST /ask
  request: {type: object}
  rules: [{when: {body.c: 1}, replies: [{body: {}}, {body: {}}]}, {reply: {body: {}}}]
"""
RULES = """\
rules:
  - {on: ask, when: {body.a: 1}, reply: {body: {a: 1}}}
  - {on: ask, when: {body.b: 1}, fault: {latency: {delay: 0s}}}
"""


def counted(emulator: Emulated, *bodies: dict[str, int]) -> list[int]:
    for body in bodies:
        loopback.post(f"{emulator.origin}/ask", headers={"X-Key": "key-of-ann"}, json=body)
    return [passed_over(each, emulator.app.playbook) for each in emulator.exchanges(len(bodies))]


def test_rules_of_a_scenario_are_passed_over_where_the_apis_own_answers(small: Small) -> None:
    assert counted(small(ASK, scenario=RULES), {}, {"c": 1}, {"c": 1}) == [2, 2, 2]


def test_none_is_passed_over_by_what_a_scenario_answers(small: Small) -> None:
    assert counted(small(ASK, scenario=RULES), {"a": 1}) == [0]


def test_a_fault_that_was_added_was_not_passed_over(small: Small) -> None:
    assert counted(small(ASK, scenario=RULES), {"b": 1}) == [1]


def test_without_a_scenario_there_is_none(small: Small) -> None:
    assert counted(small(ASK), {}) == [0]
