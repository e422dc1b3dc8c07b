"""Diagnostics are collected, so that one load shows everything that is wrong."""

from __future__ import annotations

import pytest

from emulator.errors import Diagnostic, DocumentError, Location
from emulator.language.document.diagnostics import Diagnostics

HERE, THERE = Location("a.yaml", 2, 1), Location("a.yaml", 1, 5)


def complain(place: Location, text: str) -> str:
    raise DocumentError([Diagnostic(place, text)])


def test_complaints_of_a_part_are_noted_and_the_next_part_is_looked_at() -> None:
    complaints = Diagnostics()
    with complaints.catching():
        complain(HERE, "one")
    assert complaints.attempt(complain, THERE, "two") is None
    assert complaints.attempt(str.upper, "fine") == "FINE"
    assert [each.message for each in complaints.found] == ["one", "two"]


def test_other_errors_are_not_ours_to_catch() -> None:
    with pytest.raises(KeyError), Diagnostics().catching():
        raise KeyError("x")


def test_what_was_found_is_raised_in_the_order_of_the_files_each_once() -> None:
    complaints = Diagnostics()
    complaints.raise_any()
    for place, text in [(HERE, "one"), (THERE, "two"), (HERE, "one")]:
        complaints.add(place, text)
    with pytest.raises(DocumentError) as caught:
        complaints.raise_any()
    assert str(caught.value) == "a.yaml:1:5: two\na.yaml:2:1: one"


def test_a_name_must_be_one_of_those_that_are_known() -> None:
    complaints = Diagnostics()
    complaints.require_known("free", {"free": 1}, "tier", HERE)
    complaints.require_known("fre", iter(["free", "pro"]), "tier", HERE)
    complaints.require_known("x", [], "tier", HERE)
    assert [each.message for each in complaints.found] == [
        "unknown tier 'fre'; expected one of: free, pro; did you mean 'free'?",
        "unknown tier 'x'; there are none",
    ]
