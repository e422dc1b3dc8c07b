"""How expectations are judged: counted as exchanges come and end, with what came instead of what was expected."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from emulator.app import LANGUAGE
from emulator.compile.expectations import KnownNames, read_expectation
from emulator.errors import Location
from emulator.http.exchange import Exchange
from emulator.playbook.expectations import ListedRule
from emulator.verdict.expectations import ExpectationCount, Judged, judge_expectations
from tests.verdict.conftest import PLAYBOOK, Seen

RULES = (
    ListedRule(Location("mine.yaml", 4, 5), "busy", frozenset(), ("mine.yaml:4:5",)),
    ListedRule(Location("mine.yaml", 9, 5), "rare", frozenset(), ("mine.yaml:9:5#1", "mine.yaml:9:5#2")),
)


def spend(exchange: Exchange) -> Mapping[str, float]:
    return {"tokens": 10.0, "USD": 0.1} if exchange.status < 400 else {}


def counted(exchanges: list[Exchange], missed: int = 0, **entry: Any) -> ExpectationCount:
    count = ExpectationCount(read_expectation(entry, KnownNames(LANGUAGE, PLAYBOOK.apis, RULES), "it"), "it", missed)
    for exchange in exchanges:
        count.begin(exchange)
        count.end(exchange, spend)
    return count


def judged(seen: Seen, missed: int = 0, **entry: Any) -> Judged:
    count = counted(seen.exchanges, missed, **entry)
    (one,) = judge_expectations([count], seen.exchanges, lambda rule: f"near {rule.name}").expectations
    return one


def test_what_came_too_often_is_named(seen: Seen) -> None:
    seen.fail(0, 1, 2, status=429)
    one = judged(seen, on="messages.create", when={"status": 429}, times={"lte": 2})
    assert str(one) == "it: expected messages.create with status: 429 at most 2 times; found 3 (#1, #2, #3)"
    assert judged(seen, on="messages.create", when={"status": 429}, times=3).ok


def test_what_did_not_come_says_what_came_instead(seen: Seen) -> None:
    seen.add(0, body={"model": "sonnet"})
    seen.add(1, operation="models.list", target="GET /v2/models")
    one = judged(seen, on="messages.create", when={"body.model": "haiku"})
    assert str(one) == (
        "it: expected messages.create with body.model: haiku at least once; found 0\n"
        "  not #1 POST /v2/messages 200 complete: body.model: expected 'haiku', found 'sonnet'"
    )
    assert judged(seen, on="batch.create").instead == ("what came: messages.create 1 x, models.list 1 x",)
    assert judged(Seen(), on="batch.create").instead == ("no other request came",)


def test_requests_come_in_order_with_others_between(seen: Seen) -> None:
    for operation in ("models.list", "batch.create", "models.list", "batch.get"):
        seen.add(0, operation=operation)
    assert judged(seen, in_order=["batch.create", "batch.get"]).found == "found #2, #4"
    one = judged(seen, in_order=["batch.create", "batch.get", "batch.create"])
    assert (one.ok, one.found) == (False, "after batch.get (#4) there was no batch.create")
    assert judged(seen, in_order=["messages.create", "batch.get"]).found == "there was no messages.create"
    assert not judged(seen, in_order=[{"on": "batch.create", "when": {"status": 429}}, "batch.get"]).ok


def test_a_budget_counts_what_is_only_looked_at_once(seen: Seen) -> None:
    for _ in range(3):
        seen.add(0, operation="batch.get", target="GET /v2/batch/a")
    seen.add(1)
    seen.add(2, status=500)
    one = judged(seen, spent={"tokens": {"lte": 15}, "USD": {"lt": 1}})
    assert (one.ok, one.found) == (False, "found 20 tokens, 0.2 USD in 5 requests")
    assert one.instead == ("most tokens by /v2/batch/a 10, #4 10",)
    assert judged(seen, on="messages.create", spent={"tokens": 10}).ok


def test_a_budget_of_which_nothing_was_spent_names_no_request(seen: Seen) -> None:
    seen.add(0, status=500)
    one = judged(seen, spent={"USD": 0.1})
    assert (one.ok, one.found, one.instead) == (False, "found 0 USD in 1 request", ())


def test_a_budget_keeps_sums_and_the_few_largest_however_many_requests_come(seen: Seen) -> None:
    for at in range(100):
        seen.add(at)
    count = counted(seen.exchanges, spent={"tokens": {"lte": 15}, "USD": {"lt": 1}})
    assert (len(count.spent), len(count.largest), len(count.looked)) == (2, 3, 0)
    still = seen.add(100, outcome="open")
    (one,) = judge_expectations([count.with_open([still], spend)], (), str).expectations
    assert (one.found, one.instead) == (
        "found 1,010 tokens, 10.1 USD in 101 requests",
        ("most tokens by #1 10, #2 10, #3 10",),
    )
    (before,) = judge_expectations([count], (), str).expectations
    assert before.found == "found 1,000 tokens, 10 USD in 100 requests"


def test_only_the_rules_that_are_shown_are_compared_with_requests() -> None:
    many = tuple(ListedRule(Location("many.yaml", at), f"rule {at}", frozenset(), (str(at),)) for at in range(1, 200))
    expectation = read_expectation({"rules": "all"}, KnownNames(LANGUAGE, PLAYBOOK.apis, many), "it")
    compared: list[str] = []

    def near(rule: ListedRule) -> str:
        compared.append(rule.name)
        return ""

    (one,) = judge_expectations([ExpectationCount(expectation)], (), near).expectations
    assert compared == ["rule 1", "rule 2", "rule 3"]
    assert len(one.instead) == 3


def test_each_named_rule_must_have_answered(seen: Seen) -> None:
    seen.add(0, rule="mine.yaml:9:5#2")
    one = judged(seen, rules="all")
    assert (one.ok, one.found, one.instead) == (False, "no answer by 'busy' (mine.yaml:4)", ("'busy': near busy",))
    seen.add(1, used={"mine.yaml:4:5": 2})  # it answered rows of a batch
    assert judged(seen, rules="all").ok


def test_what_nobody_counted_leaves_open_only_what_it_might_decide(seen: Seen) -> None:
    seen.add(0)
    seen.add(1)
    known = {
        str(times): judged(seen, missed=40, times=times).known for times in (1, 2, {"gte": 2}, {"gte": 3}, "never")
    }
    assert known == {"1": True, "2": False, "{'gte': 2}": True, "{'gte': 3}": False, "never": True}
    one = judged(seen, missed=40, times=2)
    assert not one.ok
    assert (
        str(one)
        == "it: expected any request exactly 2 times; not known: found 2, and 40 older exchanges were not counted"
    )


def test_an_exchange_that_is_open_counts_as_it_is_now(seen: Seen) -> None:
    count = counted([], on="messages.create", when={"outcome": "open"})
    still = seen.add(0, outcome="open")
    now = count.with_open([still], spend)
    assert judge_expectations([now], [still], str).ok
    assert not judge_expectations([count], [], str).ok


def test_the_text_has_a_headline_and_only_what_is_not_met(seen: Seen) -> None:
    counts = [counted(seen.exchanges, times="never"), counted(seen.exchanges, on="batch.*")]
    found = judge_expectations(counts, seen.exchanges, str)
    assert found.text().splitlines()[0] == "Expectations: 1 of 2 not met."
    assert found.text().splitlines()[1] == "  it: expected batch.* at least once; found 0"
    assert judge_expectations(counts[:1], (), str).text() == "Expectations: 1 met."
