"""Judging: all rules together, what is left out, and the page that tells them."""

from __future__ import annotations

import re
from pathlib import Path

import orjson
import pytest

from emulator.errors import ConfigError
from emulator.verdict.finding import Thresholds
from emulator.verdict.judge import RULES, judge
from tests.pages import ROOT, Table, tables
from tests.verdict.conftest import PLAYBOOK, Seen

PAGE = ROOT / "docs" / "verdict.md"


def table(first: str) -> Table:
    return next(each for each in tables(PAGE) if each.first == first)


def test_nobody_who_did_nothing_is_found() -> None:
    verdict = judge([], PLAYBOOK)
    assert verdict.ok
    assert verdict.text() == "Verdict on the client: no findings in 0 exchanges."
    assert set(verdict.checked) == set(RULES)


def test_a_verdict_is_read_as_text_and_as_json(seen: Seen) -> None:
    seen.fail(0, 1, status=400)
    verdict = judge(seen.exchanges, PLAYBOOK, dropped=1_200)
    assert verdict.text().splitlines() == [
        "Verdict on the client: 1 finding in 2 exchanges.",
        "  error: retried_what_must_not_be_retried: messages.create was refused with 400, which the same request meets "
        "again, and was sent once more (expected another request, or none; found 2 times 400; exchanges 1, 2)",
        "  1,200 older exchanges were not looked at: the journal had dropped them.",
    ]
    told = orjson.loads(orjson.dumps(verdict.as_json()))
    assert told["ok"] is False
    assert told["text"] == verdict.text()
    assert told["findings"][0]["exchanges"] == [1, 2]
    assert (told["exchanges"], told["dropped"]) == (2, 1_200)


def test_what_could_be_judged_is_counted(seen: Seen) -> None:
    seen.add(0, 429, retry_after="2")
    seen.add(2)
    assert judge(seen.exchanges, PLAYBOOK).checked["retried_too_early"] == 1
    assert judge(seen.exchanges[:1], PLAYBOOK).checked["retried_too_early"] == 0


def test_the_order_of_the_journal_counts_whatever_the_numbers(seen: Seen) -> None:
    """Several processes do not number in the order in which they answer."""
    for number, (at, status) in zip((7, 3), ((0, 429), (1, 200)), strict=True):
        seen.add(at, status, retry_after="2").number = number
    (found,) = judge(seen.exchanges, PLAYBOOK).findings
    assert (found.rule, found.exchanges) == ("retried_too_early", (7, 3))


def test_exchanges_that_are_under_way_are_not_judged(seen: Seen) -> None:
    seen.fail(0, 1, status=400)
    seen.exchanges[1].outcome = "open"
    assert judge(seen.exchanges, PLAYBOOK).ok


def test_a_rule_can_be_left_out_and_an_unknown_one_is_refused(seen: Seen) -> None:
    seen.fail(0, 1, status=400)
    assert judge(seen.exchanges, PLAYBOOK, ignore=["retried_what_must_not_be_retried"]).ok
    with pytest.raises(ConfigError, match=r"unknown rule 'retry_strom'.*did you mean 'retry_storm'"):
        judge([], PLAYBOOK, ignore=["retry_strom"])


def test_an_api_that_is_served_no_more_is_passed_over(seen: Seen) -> None:
    for at in range(3):
        seen.add(at, 200, api="gone", operation="gone.create", outcome="cut")
    seen.exchanges[0].reply_headers = [(b"Content-Type", b"text/event-stream")]
    assert judge(seen.exchanges, PLAYBOOK).ok


def test_every_rule_says_where_it_comes_from() -> None:
    for name, rule in RULES.items():
        assert re.search(r"emulator's( own)? judgement|Source:|RFC 9110|was cut|`polled.until`", rule.__doc__ or ""), (
            name
        )


def test_the_page_tells_every_rule_and_every_bound_with_its_value() -> None:
    assert table("rule").keys == list(RULES)
    told = {row[0].strip("`"): row[1] for row in table("bound").rows[1:]}
    assert told == {name: f"{getattr(Thresholds(), name):g}" for name in Thresholds.__struct_fields__}


def test_the_package_is_not_imported_to_serve() -> None:
    served = [Path("emulator/app.py"), *Path("emulator/engine").glob("*.py")]
    assert [path for path in served if "emulator.verdict" in (ROOT / path).read_text()] == []
