"""Coverage: how often each rule and fault was used, and how the operations that were called ended."""

from __future__ import annotations

import pytest

from emulator.errors import Location
from emulator.http.exchange import Exchange
from emulator.playbook.expectations import ListedFault, ListedRule
from emulator.verdict.coverage import NOT_COMPARED, Usage, operation_coverage, outcome_of, rule_uses


def exchange(status: int = 200, operation: str = "things.create", **more: object) -> Exchange:
    made = Exchange(1, 0.0, "POST", "/things", "")
    made.api, made.operation, made.status, made.outcome = "demo", operation, status, "complete"
    for name, value in more.items():
        setattr(made, name, value)
    return made


def rule(line: int, *replies: str, faults: tuple[ListedFault, ...] = ()) -> ListedRule:
    return ListedRule(Location("mine.yaml", line, 5), "", frozenset({("demo", "things.create")}), replies, faults)


def counted(*exchanges: Exchange, streams: bool = False) -> Usage:
    usage = Usage()
    for each in exchanges:
        usage.add(each, lambda each: streams)
    return usage


@pytest.mark.parametrize(
    ("seen", "outcome"),
    [
        (exchange(), "ok"),
        (exchange(404), "4xx"),
        (exchange(429), "429"),
        (exchange(503), "5xx"),
        (exchange(outcome="cut", faults=("cut_after",)), "cut"),
        (exchange(outcome="left", faults=("stall_after",)), "stalled"),
        (exchange(faults=("latency",)), "late"),
        (exchange(503, faults=("latency",)), "5xx"),
        (exchange(outcome="left"), "ok"),
        (exchange(0, outcome="left"), "left"),
    ],
)
def test_a_call_ends_in_one_way(seen: Exchange, outcome: str) -> None:
    assert outcome_of(seen) == outcome


def test_what_nobody_saw_depends_on_whether_there_are_streams() -> None:
    (plain,) = operation_coverage(counted(exchange(), exchange(429, faults=("status",))))
    assert (plain.calls, plain.statuses, plain.faults) == (2, {200: 1, 429: 1}, {"status": 1})
    assert plain.never == ("5xx",)
    (stream,) = operation_coverage(counted(exchange(), streams=True))
    assert stream.never == ("429", "5xx", "cut", "stalled")


def test_a_request_without_an_operation_is_none_of_an_operation() -> None:
    assert operation_coverage(counted(exchange(404, operation=""))) == []


def test_rules_and_their_faults_are_counted_by_what_exchanges_name() -> None:
    usage = counted(exchange(rule="a"), exchange(rule="a2", used={"f": 1, "row": 3}))
    usage.register([rule(4, "a", "a2", "a3"), rule(8, "row"), rule(9, faults=(ListedFault("latency", "f"),))])
    usage.near = {"mine.yaml:9:5": "it is not shown of what was used"}
    first, rows, faulty = rule_uses(usage)
    assert (first.answered, first.replies) == (2, (1, 1, 0))
    assert rows.answered == 3
    assert [(each.name, each.played) for each in faulty.faults] == [("latency", 1)]
    assert faulty.nearest == ""


def test_worlds_add_up_and_the_nearest_request_of_any_of_them_is_kept() -> None:
    one, other = counted(exchange(rule="a")), counted(exchange(429), streams=True)
    one.register([rule(4, "a"), rule(8, "b")])
    one.near, other.near = {"mine.yaml:8:5": "#1"}, {"mine.yaml:8:5": ""}
    total = Usage()
    total.merge(one)
    total.merge(other)
    assert [(each.calls, each.streams) for each in operation_coverage(total)] == [(2, True)]
    assert [(each.answered, each.nearest) for each in rule_uses(total)] == [(1, ""), (0, "#1")]


def test_a_rule_that_nobody_compared_says_so_and_one_without_requests_does_not() -> None:
    usage = Usage()
    usage.register([rule(4, "a"), rule(8, "b")])
    usage.near = {"mine.yaml:4:5": ""}
    total = Usage()
    total.merge(usage)
    assert [id for id, _ in total.idle] == ["mine.yaml:4:5", "mine.yaml:8:5"]
    assert [each.nearest for each in rule_uses(total)] == ["", NOT_COMPARED]


def test_a_rule_that_was_edited_away_unused_is_forgotten() -> None:
    usage = counted(exchange(rule="a"))
    usage.register([rule(4, "a"), rule(8, "b")])
    usage.register([rule(5, "c")])
    assert [each.line for each in rule_uses(usage)] == [4, 5]
