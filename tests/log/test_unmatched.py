"""A rule of a scenario that does not match what comes is named once, with what differs."""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy

from emulator.log.unmatched import UnmatchedRules
from tests import loopback
from tests.running import Emulated
from tests.small import Small

ASK = "ask: {route: POST /ask, request: {type: object}, rules: [{reply: {body: {}}}]}"
RULES = """\
rules:
  - {on: ask, name: far, when: {body.a: 1, body.b: 1}, reply: {body: {}}}
  - {on: ask, name: near, when: {body.model: x}, reply: {body: {}}}
  - {on: ask, name: chance, when: {probability: 0.0000001}, reply: {body: {}}}
  - {on: ask, name: once, when: {body.c: 1, times: 1}, reply: {body: {}}}
"""
MISSES = {"model": "y"}


class Watching:
    """A small API, and who watches what comes to it."""

    def __init__(self, small: Small) -> None:
        self.emulator: Emulated = small(ASK, scenario=RULES)
        self._rules = UnmatchedRules()

    def send(self, *bodies: Mapping[str, object]) -> list[str]:
        """What is said while these requests come, each line with the number of the request."""
        before = self.emulator.journal.seen
        for body in bodies:
            loopback.post(f"{self.emulator.origin}/ask", headers={"X-Key": "key-of-ann"}, json=body)
        came = self.emulator.exchanges(before + len(bodies))[before:]
        world = self.emulator.app.worlds.default
        return [f"{number} {said}" for number, each in enumerate(came, 1) for said in self._rules.see(world, each)]


def test_it_is_named_at_the_third_request_and_never_again(small: Small) -> None:
    watching = Watching(small)
    first, second, third = watching.send(*[MISSES] * 8)
    assert first == "3 story.yaml:7 'near' has not matched 3 requests to ask; body.model: expected 'x', found 'y'"
    assert second.startswith("3 story.yaml:9 'once' ")
    assert third.startswith("3 story.yaml:6 'far' ")
    assert watching.send(MISSES, {}, {}) == []


def test_a_rule_that_has_matched_is_not_named(small: Small) -> None:
    said = Watching(small).send({"model": "x"}, {"c": 1}, {"c": 1, "model": "y"}, MISSES, MISSES)
    assert [line.split("'")[1] for line in said] == ["near", "far"]


def test_a_rule_that_is_left_to_chance_is_not_named(small: Small) -> None:
    assert not any("chance" in line for line in Watching(small).send({}, {}, {}))


def test_what_a_scenario_answers_passes_over_none(small: Small) -> None:
    assert Watching(small).send(*[{"model": "x"}] * 5) == []


def test_another_playbook_is_looked_at_anew(small: Small) -> None:
    watching = Watching(small)
    assert len(watching.send({}, {}, {})) == 3
    watching.emulator.adopt(copy(watching.emulator.app.playbook))
    assert len(watching.send({}, {}, {})) == 3
