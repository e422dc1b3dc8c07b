"""Exchanges: their defaults, and how a near miss says what differs."""

from __future__ import annotations

from emulator.http.exchange import Differing, Exchange


def test_each_exchange_has_its_own_values_over_shared_defaults() -> None:
    one, other = (Exchange(number, 1.0, "GET", "/", "") for number in (1, 2))
    one.faults = ("latency",)
    assert (one.faults, other.faults) == (("latency",), ())
    assert (other.outcome, other.status, other.number) == ("open", 0, 2)


def test_a_difference_says_what_was_expected_and_what_came() -> None:
    assert str(Differing("body.a", "1", "2")) == "body.a: expected 1, found 2"
    assert str(Differing("times", "at most 2", "this is the 3rd", counter=True)) == "times: at most 2, this is the 3rd"
