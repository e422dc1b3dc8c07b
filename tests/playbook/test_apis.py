"""APIs and the playbook as they are asked: what a key's plan is, where credentials stand, and what rests on what."""

from __future__ import annotations

import pytest

from emulator.errors import ConfigError
from tests.library import Library, api

TIERS = """\
tiers:
  small: {limits: {calls: 5/minute}}
  rich: {budget: {credits: 5}}
cost: {calls: 1, credits: 0}
"""
KEYS = "keys: {k: {workspace: w, tier: small}}\n"


def test_an_operation_is_found_by_its_api_and_name(library: Library) -> None:
    playbook = library.load(api=api())
    assert playbook.operation("demo", "echo.create") is playbook.apis["demo"].operations["echo.create"]


def test_the_plan_of_a_key_is_that_of_its_tier_with_its_own_budget(library: Library) -> None:
    demo = library.demo(api(TIERS + KEYS))
    assert demo.plan_of("k", {"tier": "small"}) is demo.tiers["small"]
    plan = demo.plan_of("k", {"tier": "small", "budget": {"credits": 2}})
    assert [limit.name for limit in plan.limits] == ["calls", "credits"]
    assert (demo.tiers["small"].spends, plan.spends) == (False, True)


@pytest.mark.parametrize(
    ("more", "known"),
    [
        ("tiers: {small: {limits: {calls: 5/minute}}}\ncost: {calls: 1, credits: 0}\n" + KEYS, False),
        (TIERS + KEYS, True),
        (
            "tiers: {small: {}}\ncost: {credits: 0}\nkeys: {k: {workspace: w, tier: small, budget: {credits: 1}}}\n",
            True,
        ),
    ],
    ids=["neither", "a tier", "a key"],
)
def test_an_api_has_budgets_if_a_tier_or_a_key_has_one(library: Library, more: str, known: bool) -> None:
    assert library.demo(api(more)).has_budgets is known


def test_a_budget_is_of_what_operations_cost(library: Library) -> None:
    demo = library.demo(api(TIERS + KEYS))
    demo.require_budget("small", {"credits": 1})
    demo.require_budget("small", None)
    with pytest.raises(ConfigError, match="euros"):
        demo.require_budget("small", {"euros": 1})


def test_headers_of_credentials_are_in_lower_case(library: Library) -> None:
    auth = "auth: [{header: X-Key}, {header: Authorization, scheme: Bearer, collection: tokens}]\n"
    more = f"{auth}collections: {{tokens: {{}}}}\n"
    assert library.demo(api(more)).credential_headers == (
        (b"x-key", None, "keys"),
        (b"authorization", "bearer", "tokens"),
    )


def test_records_and_mentions_of_claims_are_found(library: Library) -> None:
    more = """\
        claims: {C-ONE: {class: documented, says: "There is a thing."}}
        collections: {things: {records: [{id: a, claims: [C-ONE]}, {id: b, provenance: invented}, {id: c}]}}
        switches: {fast: {default: yes, choices: [yes, no], about: Whether., claims: [C-ONE]}}
        """
    demo = library.demo(api(more))
    found = {id: [(each.claims, each.grade) for each in records] for id, records in demo.cited_records.items()}
    assert found == {"a": [(("C-ONE",), None)], "b": [((), "invented")]}
    assert {reference.claim for reference in demo.citations} == {"C-ONE"}
