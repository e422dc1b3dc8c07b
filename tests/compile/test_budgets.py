"""Budgets and limits of jobs: what may stand in a file, and what is reported where it stands."""

from __future__ import annotations

import pytest

from emulator.playbook.limits import PARTS, AtOnce, Limit, Spends
from tests.library import Library, api

COUNTED = """\
tiers:
  small: {limits: {calls: 5/minute}}
  rich: {budget: {credits: 5}}
  daily: {limits: {credits: 100/day}}
keys: {k: {workspace: w, tier: small}, r: {workspace: w, tier: rich}}
cost: {calls: 1, credits: 0}
jobs: {run: {timeline: {going: 0s, done: 1s}}}
"""


def story(key: str = "", tier: str = "") -> str:
    parts = [f"keys: {{mine: {{workspace: w, tier: small, budget: {key}}}}}"] if key else []
    parts += [f"tiers: {{small: {tier}}}"] if tier else []
    return f"scenario: story\napis: {{demo: {{{', '.join(parts)}}}}}\n"


def test_a_budget_is_counted_in_billionths(library: Library) -> None:
    demo = library.demo(api(COUNTED), story("{credits: 0.05}"))
    assert demo.keys["mine"].budget == {"credits": 0.05}
    plan = demo.plan_of("mine", {"tier": "small", "budget": {"credits": 0.05}})
    assert plan.limits[1:] == (Limit("credits", 50_000_000, 1.0, Spends(), PARTS, "demo/mine"),)
    assert (plan.spends, demo.tiers["small"].spends, demo.tiers["rich"].spends) == (True, False, True)


@pytest.mark.parametrize("tier", ["small", "rich", "daily"])
def test_a_keys_own_budget_replaces_what_its_tier_limits_by_the_same_name(library: Library, tier: str) -> None:
    demo = library.demo(api(COUNTED))
    plan = demo.plan_of("k", {"tier": tier, "budget": {"credits": 0.05}})
    own = Limit("credits", 50_000_000, 1.0, Spends(), PARTS, "demo/k")
    assert [each for each in plan.limits if each.name == "credits"] == [own]
    assert demo.plan_of("k", {"tier": tier}) is demo.tiers[tier]


def test_a_limit_of_jobs_names_their_kind(library: Library) -> None:
    demo = library.demo(api(COUNTED), story(tier="{limits: {runs: {at_once: 2, of: run}}}"))
    assert demo.tiers["small"].limits[1] == Limit("runs", 2, 1.0, AtOnce("run"))
    assert demo.tiers["small"].jobs == (("runs", "run"),)


@pytest.mark.parametrize(
    ("key", "tier", "message"),
    [
        ("{credits: «0}", "", "0 is no budget; expected a number from 0.000000001 to 1,000,000"),
        ("{credits: «0.0000000001}", "", "1e-10 is no budget; expected a number from 0.000000001 to 1,000,000"),
        ("{credits: «-1}", "", "-1 is no budget; "),
        ("{credits: «.nan}", "", "nan is no budget; "),
        ("{credits: «2000000}", "", "2000000 is no budget; "),
        ("{credits: «much}", "", "'much' is no budget; "),
        ("{credits: «true}", "", "True is no budget; "),
        ("{coins: «1}", "", "nothing is charged in 'coins': no operation's `cost` names it; "),
        ("{calls: «1}", "", "a limit of 5 per minute counts calls already; take one of the two out"),
        ("{credits: «1}", "{budget: {credits: 2}}", "the key's tier has a budget of credits already; take one "),
        ("", "{budget: {coins: «2}}", "nothing is charged in 'coins'"),
        ("", "{budget: {calls: «2}}", "a limit of 5 per minute counts calls already"),
        ("", "{limits: {runs: {at_once: 1, of: «rnu}}}", "unknown kind of job 'rnu'; expected one of: run; did you "),
        ("", "{limits: {runs: {at_once: «-1, of: run}}}", "expected 0 or more; found the number -1"),
        ("", "{limits: {«runs: {at_once: 1}}}", "missing key 'of'"),
    ],
)
def test_what_makes_no_sense_is_reported_where_it_stands(library: Library, key: str, tier: str, message: str) -> None:
    (found,) = library.refused(api=api(COUNTED), story=story(key, tier))
    assert message in found
