"""Checks asked as one: the same refusal by the quick way and by the careful one."""

from __future__ import annotations

from typing import Any

import pytest

from emulator.app import LANGUAGE
from emulator.compile.when import WhenCompiler
from emulator.errors import Location
from emulator.playbook.model import CheckPlan
from emulator.playbook.rules import Checks

NOWHERE = Location("checks.yaml", 1, 1)
COMPILER = WhenCompiler(LANGUAGE, lambda path: NOWHERE)
WHENS = [
    {"body.dry": True},
    {"body.size": {"gt": 10}, "body.dry": False},
    "{{ body.size > body.most }}",
    {"body.name": "x", "expr": "{{ body.size == 1 }}"},
]
PLANS = [
    CheckPlan(NOWHERE, COMPILER.compile(when, ("when",)), f"error {at}", None, None) for at, when in enumerate(WHENS)
]


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({"dry": True, "size": 99, "most": 1}, "error 0"),
        ({"dry": False, "size": 11, "most": 50}, "error 1"),
        ({"dry": False, "size": 9, "most": 3}, "error 2"),
        ({"dry": False, "size": 1, "most": 3, "name": "x"}, "error 3"),
        ({"dry": False, "size": 1, "most": 3}, None),
        ({"size": 1, "most": 3}, None),
        ({"dry": 1, "size": 1, "most": 3}, None),
    ],
)
def test_the_first_that_matches_refuses_also_when_fields_are_missing(body: dict[str, Any], error: str | None) -> None:
    checks = Checks(PLANS)
    for _ in range(2):  # the first time the function is made
        found = checks.first({"body": body})
        assert (found and found.error) == error
    careful = next((plan for plan in PLANS if plan.matcher.matches({"body": body})), None)
    assert careful is checks.first({"body": body})


def test_without_checks_nothing_is_refused() -> None:
    assert Checks().first({}) is None
    assert len(Checks()) == 0


def test_checks_can_be_looked_through() -> None:
    assert [plan.error for plan in Checks(PLANS)] == ["error 0", "error 1", "error 2", "error 3"]
