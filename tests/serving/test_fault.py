"""Faults: each has its way with a reply; here is latency."""

from __future__ import annotations

from random import Random

import pytest

from emulator.errors import DocumentError, Place
from emulator.exchange import Reply
from emulator.scenario.plans import FaultPlan
from emulator.serving.fault import FAULTS, Latency, spoil
from tests.serving.conftest import Small
from tests.small import KEY
from tests.wire import Wire, request

PLACE = Place("test", 1, 1)
OPERATIONS = """
one:
  route: GET /one
  rules: [{reply: {body: {}}}]
other:
  route: GET /other
  rules: [{reply: {body: {}}}]
"""


def test_latency_is_fixed_or_drawn_and_the_same_chance_draws_the_same() -> None:
    assert Latency("2s").spoil(Reply(200, []), Random(1)).delay == 2.0
    uniform = Latency(uniform=["100ms", "300ms"])
    draws = [uniform.spoil(Reply(200, []), Random(seed)).delay for seed in range(50)]
    assert all(0.1 <= draw <= 0.3 for draw in draws)
    assert len(set(draws)) > 40
    assert draws == [uniform.spoil(Reply(200, []), Random(seed)).delay for seed in range(50)]


def test_faults_add_up_in_order() -> None:
    plans = [FaultPlan("latency", PLACE, Latency("1s")), FaultPlan("latency", PLACE, Latency("500ms"))]
    assert spoil(Reply(200, []), plans, Random(0)).delay == 1.5


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("{latency: soon}", "latency"),
        ("{latency: {unifrom: [1s, 2s]}}", "latency"),
        ("latency", "latency"),
        ("{earthquake: 9}", "unknown fault 'earthquake'"),
        ("[latency]", "latency"),
    ],
)
def test_a_wrong_fault_is_refused_at_load(small: Small, fault: str, words: str) -> None:
    with pytest.raises(DocumentError, match=words):
        small(OPERATIONS, scenario=f"rules: [{{fault: {fault}}}]\n")


def test_a_rule_that_is_only_a_fault_goes_with_whatever_answers(small: Small) -> None:
    emulated = small(OPERATIONS, scenario="rules: [{on: one, fault: {latency: 3s}}, {fault: [{latency: 1s}]}]\n")
    with Wire(emulated.running.port) as wire, Wire(emulated.running.port) as other:
        wire.send(request("GET", "/one", KEY.items()))
        other.send(request("GET", "/other", KEY.items()))
        assert emulated.client("small").get("/nowhere").status_code == 404
        emulated.advance(1)
        assert other.answer().status == 200
        emulated.advance(3)
        assert wire.answer().status == 200
    took = {exchange.path: exchange.took for exchange in emulated.exchanges(3)}
    assert took == {"/nowhere": 0.0, "/other": 1.0, "/one": 4.0}


def test_every_fault_says_what_it_does() -> None:
    assert all(fault.__doc__ for fault in FAULTS.values())
