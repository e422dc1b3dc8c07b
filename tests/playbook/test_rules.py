"""Which rule answers: the first that matches, however many there are."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any, Literal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from emulator.app import LANGUAGE
from emulator.compile.when import WhenCompiler
from emulator.errors import Location
from emulator.playbook.headers import Headers
from emulator.playbook.matching import CHANCE
from emulator.playbook.model import CheckPlan, EventPlan, FaultPlan, Replies, ReplyPlan, Rule
from emulator.playbook.rules import UNINDEXED_RULES, Checks, ChosenRule, RuleSet

NOWHERE = Location("rules.yaml", 1, 1)
REPLY = ReplyPlan(NOWHERE, 200, Headers())
STREAM = ReplyPlan(NOWHERE, 200, Headers(), events=(EventPlan(b"", None, "item", None, None, None, None),))
COMPILER = WhenCompiler(LANGUAGE, lambda path: NOWHERE)


def make(when: Any, at: int = 1, reply: ReplyPlan | None = REPLY, faults: tuple[str, ...] = (), name: str = "") -> Rule:
    place = Location("rules.yaml", at, 1)
    plans = tuple(FaultPlan(fault, place, fault) for fault in faults)
    return Rule(str(place), place, name, COMPILER.compile(when, ()), {}, (), reply, plans, (), str(place))


def counting() -> Callable[[str], int]:
    counts: Counter[str] = Counter()

    def count(id: str) -> int:
        counts[id] += 1
        return counts[id]

    return count


def lines(choice: ChosenRule | None) -> int | None:
    return None if choice is None else choice.rule.place.line


def test_the_first_rule_that_matches_answers() -> None:
    book = RuleSet([make({"body.a": 2}, 1), make({"body.a": 1}, 2), make({"body.a": 1}, 3), make(None, 4)])
    assert lines(book.choose({"body": {"a": 1}}, counting())) == 2
    assert lines(book.choose({"body": {}}, counting())) == 4


def test_when_no_rule_matches_there_is_no_choice() -> None:
    assert RuleSet([make({"body.a": 2})]).choose({"body": {"a": 1}}, counting()) is None
    assert RuleSet([]).choose({"body": {"a": 1}}, counting()) is None


def test_a_rule_of_faults_alone_goes_with_the_rule_that_answers() -> None:
    book = RuleSet(
        [
            make({"body.a": 1}, 1, reply=None, faults=("slow",)),
            make({"body.a": 2}, 2, reply=None, faults=("never",)),
            make(None, 3, reply=None, faults=("cut", "late")),
            make(None, 4, faults=("own",)),
            make(None, 5, reply=None, faults=("after",)),
        ]
    )
    choice = book.choose({"body": {"a": 1}}, counting())
    assert choice is not None
    assert [fault.name for fault in choice.faults] == ["slow", "cut", "late", "own"]


@pytest.mark.parametrize(
    ("counters", "answered"),
    [
        ({"times": 2}, [1, 1, 2, 2, 2, 2]),
        ({"nth": 2}, [2, 1, 2, 2, 2, 2]),
        ({"every": 3}, [2, 2, 1, 2, 2, 1]),
        ({"every": 2, "times": 3}, [2, 1, 2, 2, 2, 2]),
    ],
)
def test_a_counter_counts_the_matches_of_its_rule(counters: dict[str, int], answered: list[int]) -> None:
    book = RuleSet([make({"body.a": 1, **counters}, 1), make(None, 2)])
    count = counting()
    assert lines(book.choose({"body": {"a": 2}}, count)) == 2  # no match, so it is not counted
    assert [lines(book.choose({"body": {"a": 1}}, count)) for _ in range(6)] == answered


def test_a_rule_that_is_hidden_by_an_earlier_one_is_not_counted() -> None:
    book = RuleSet([make({"times": 2}, 1), make({"times": 1}, 2), make(None, 3)])
    count = counting()
    assert [lines(book.choose({}, count)) for _ in range(4)] == [1, 1, 2, 3]


def test_without_streams_a_rule_that_streams_is_passed_over() -> None:
    book = RuleSet([make(None, 1, reply=STREAM), make(None, 2)])
    assert lines(book.choose({}, counting())) == 1
    assert lines(book.choose({}, counting(), streams=False)) == 2


def test_near_misses_are_the_rules_with_the_fewest_differences_the_earlier_first() -> None:
    book = RuleSet(
        [
            make({"body.a": 1, "body.b": 1, "body.c": 1}, 1),
            make({"body.a": 1, "body.b": 2}, 2),
            make({"body.a": 2}, 3),
            make({"body.c": 3}, 4),
        ]
    )
    assert told(book, {"body": {"a": 1, "b": 1}}) == {
        1: ["body.c: expected 1, found nothing"],
        2: ["body.b: expected 2, found 1"],
        3: ["body.a: expected 2, found 1"],
    }


def test_among_rules_with_as_many_differences_the_one_of_which_more_holds_is_nearer() -> None:
    book = RuleSet([make({"body.a": 2}, 1), make({"body.a": 2, "body.b": 1, "body.c": 1}, 2), make({"body.a": 3}, 3)])
    assert list(told(book, {"body": {"b": 1, "c": 1}})) == [2, 1, 3]


@pytest.mark.parametrize(
    ("counters", "matches", "said"),
    [
        ({"times": 2}, 3, ["times: 2, already answered 2"]),
        ({"times": 2}, 9, ["times: 2, already answered 2"]),
        ({"times": 1_000_000_000_000, "nth": 2}, 1, ["nth: 2, this is match 1"]),
        ({"nth": 2}, 5, ["nth: 2, this is match 5"]),
        ({"every": 3}, 4, ["every: 3, this is match 4"]),
        ({"every": 2, "times": 5}, 7, ["every: 2, this is match 7", "times: 5, already answered 2"]),
        ({"times": 3, "nth": 2}, 4, ["times: 3, already answered 1", "nth: 2, this is match 4"]),
        ({"times": 3, "nth": 4}, 4, ["times: 3, already answered 0"]),
    ],
)
def test_a_near_miss_that_only_its_counters_kept_back_says_how_they_stand(
    counters: dict[str, int], matches: int, said: list[str]
) -> None:
    book = RuleSet([make({"body.a": 1, **counters}, 1), make({"body.a": 2}, 2)])
    assert told(book, {"body": {"a": 1}}, matches) == {1: said, 2: ["body.a: expected 2, found 1"]}


def test_the_counter_of_a_rule_that_does_not_match_is_not_to_blame() -> None:
    book = RuleSet([make({"body.a": 2, "times": 1}, 1)])
    assert told(book, {"body": {"a": 1}}, 5) == {1: ["body.a: expected 2, found 1"]}


def test_a_rule_that_could_not_have_answered_is_no_near_miss() -> None:
    book = RuleSet([make({"body.a": 1}, 1, reply=None, faults=("slow",)), make({"body.a": 2}, 2, reply=STREAM)])
    assert list(told(book, {"body": {"a": 3}})) == [2]
    assert book.near_misses({"body": {"a": 3}}, lambda id: 1, streams=False) == []


def test_a_check_that_fails_where_nobody_asked_it_is_a_difference() -> None:
    book = RuleSet([make({"body.n": {"present": True}, "expr": "{{ body.n > 3 }}"}, 1)])
    assert book.choose({"body": {}}, counting()) is None
    first, second = told(book, {"body": {}})[1]
    assert first == "body.n: expected present True, found nothing"
    assert second.startswith("{{ body.n > 3 }}: expected what can be worked out, found an error, ")


def told(book: RuleSet, scope: dict[str, Any], matches: int = 1) -> dict[int, list[str]]:
    """What is said of the nearest rules, by their line, when each has matched so many times."""
    return {
        miss.rule.place.line: list(map(str, (*miss.differences, *miss.held)))
        for miss in book.near_misses(scope, lambda id: matches)
    }


VALUES = st.sampled_from(["a", "b", "c", "", 0, 1, 2, 1.0, True, False, None])
CONDITION = st.one_of(
    VALUES,
    st.lists(VALUES, max_size=3),
    st.sampled_from([{"present": True}, {"present": False}, {"gt": 0}, {"not": "a"}, "{{ body.x }}", [["a"]]]),
    st.sampled_from(
        [{"contains": "a"}, {"contains": "b"}, {"matches": "^b"}, {"matches": "(?i)A"}, {"matches": "a|c"}]
    ),
)
WHEN = st.builds(
    lambda fields, counters: {**fields, **counters},
    st.dictionaries(st.sampled_from(["body.x", "body.y", "query.z"]), CONDITION, max_size=3)
    | st.dictionaries(st.sampled_from(["$.x", "$.*", "$..x"]), VALUES | st.just({"gt": 0}), min_size=1, max_size=2).map(
        lambda queries: {"jsonpath": queries}
    ),
    st.dictionaries(st.sampled_from(["times", "nth", "every"]), st.integers(1, 3), max_size=1),
)
SCOPE = st.builds(
    lambda body, query: {"body": body, "query": query},
    st.dictionaries(st.sampled_from("xy"), VALUES | st.just(["a"]) | st.just({"x": 1}), max_size=2),
    st.dictionaries(st.just("z"), VALUES, max_size=1),
)


@pytest.mark.slow
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(st.tuples(WHEN, st.booleans()), min_size=UNINDEXED_RULES + 1, max_size=40),
    st.lists(SCOPE, min_size=1, max_size=12),
)
def test_many_rules_choose_as_if_each_were_asked_in_turn(drawn: list[tuple[Any, bool]], scopes: list[Any]) -> None:
    rules = [
        make(when, at, reply=REPLY if answers else None, faults=(f"fault {at}",))
        for at, (when, answers) in enumerate(drawn, 1)
    ]
    book, indexed, linear = RuleSet(rules), counting(), counting()
    for scope in scopes:
        assert book.choose(scope, indexed) == in_turn(rules, scope, linear)


def in_turn(rules: list[Rule], scope: Any, count: Callable[[str], int]) -> ChosenRule | None:
    """The choice as the design tells it, without an index."""
    faults: tuple[FaultPlan, ...] = ()
    for rule in rules:
        if rule.matcher.differences(scope):
            continue
        if rule.matcher.counters and not rule.matcher.admits(count(rule.counted_as)):
            continue
        faults += rule.faults
        if rule.reply is not None:
            return ChosenRule(rule, faults)
    return None


def test_a_thousand_rules_choose_as_if_each_were_asked_in_turn() -> None:
    rules = [make({"body.model": f"model-{at}", "body.user": ["ann", "bob"][at % 2]}, at) for at in range(1_000)]
    rules.insert(500, make({"body.user": {"matches": "^b"}, "body.n": {"gt": 7}}, 5_000))
    rules.append(make({"times": 2}, 6_000))
    book, indexed, linear = RuleSet(rules), counting(), counting()
    for at in range(0, 1_000, 7):
        for user in ("ann", "bob"):
            scope = {"body": {"model": f"model-{at}", "user": user, "n": at % 11}}
            assert book.choose(scope, indexed) == in_turn(rules, scope, linear)


def test_of_a_thousand_rules_only_those_are_asked_that_can_match() -> None:
    rules = [make({"body.model": f"model-{at}", "body.user": "ann"}, at) for at in range(1_000)]
    book = RuleSet([*rules, make(None, 1_000)])
    asked = list(book.candidates({"body": {"model": "model-77", "user": "ann"}}))
    assert [rule.place.line for rule in asked] == [77, 1_000]


@pytest.mark.finding("I7")
def test_a_rule_that_is_found_by_several_texts_counts_once() -> None:
    texts = ["a", "ab", "abc", *(f"{at}" for at in range(UNINDEXED_RULES))]
    rules = [make({"body.text": {"contains": text}, "times": 2}, at) for at, text in enumerate(texts)]
    book, counts = RuleSet(rules), counting()
    assert [lines(book.choose({"body": {"text": "abc ab a"}}, counts)) for _ in range(3)] == [0, 0, 1]


@pytest.mark.bound("rules")
@pytest.mark.finding("I7")
def test_of_a_thousand_rules_by_text_only_those_are_asked_that_can_match() -> None:
    conditions = [{"contains": "question %d."}, {"matches": r"\bquestion (number )?%d\."}]
    rules = []
    for at in range(1_000):
        ((operator, text),) = conditions[at % 2].items()
        rules.append(make({"body.text": {operator: text % at}}, at))
    book = RuleSet([*rules, make(None, 1_000)])
    for text, lines in (("Hello!", []), ("Here is question 12.", [12]), ("question 13.", [3, 13])):  # 3 has "3."
        assert [rule.place.line for rule in book.candidates({"body": {"text": text}})] == [*lines, 1_000]


def test_rules_of_a_query_or_an_operator_are_always_asked_however_many_there_are() -> None:
    wanted = [{"jsonpath": {"$.model": "other"}}, {"body.model": {"matches": "^(other|another)"}}]
    rules = [make(wanted[at % 2], at) for at in range(20)]
    book = RuleSet([*rules, *(make({"body.model": f"model-{at}"}, at) for at in range(20, 40))])
    asked = list(book.candidates({"body": {"model": "model-30"}}))
    assert [rule.place.line for rule in asked] == [*range(20), 30]


# -------------------------------------------------------------------------------------------------- several replies


def several(
    count: int,
    then: Literal["stay", "repeat", "next"] = "stay",
    shares: tuple[float, ...] = (),
    when: Any = None,
    times: int = 1,
) -> Rule:
    """A rule at line 1 whose replies stand at lines 11, 12 and so on; each is given `times` times."""
    each = tuple(make(None, 11 + number) for number in range(count))
    ends = tuple(times * number for number in range(1, count + 1))
    return replace(make(when, 1, reply=None), replies=Replies(each, ends, then, shares, "replies of 1", "salt"))


@pytest.mark.parametrize(
    ("then", "seen"),
    [
        ("stay", [11, 12, 13, 13, 13, 13, 13]),
        ("repeat", [11, 12, 13, 11, 12, 13, 11]),
        ("next", [11, 12, 13, 2, 2, 2, 2]),
    ],
)
def test_replies_are_given_one_after_the_other(then: Literal["stay", "repeat", "next"], seen: list[int]) -> None:
    book, count = RuleSet([several(3, then), make(None, 2)]), counting()
    assert [lines(book.choose({}, count)) for _ in seen] == seen


@pytest.mark.parametrize(
    ("then", "seen"),
    [
        ("stay", [11, 11, 11, 12, 12, 12, 12, 12]),
        ("repeat", [11, 11, 11, 12, 12, 12, 11, 11]),
        ("next", [11, 11, 11, 12, 12, 12, 2, 2]),
    ],
)
def test_a_reply_with_times_is_given_to_so_many_requests(
    then: Literal["stay", "repeat", "next"], seen: list[int]
) -> None:
    book, count = RuleSet([several(2, then, times=3), make(None, 2)]), counting()
    assert [lines(book.choose({}, count)) for _ in seen] == seen


def test_only_requests_that_the_rule_answers_take_a_reply() -> None:
    book, count = RuleSet([several(2, when={"body.a": 1, "every": 2}), make(None, 2)]), counting()
    seen = [lines(book.choose({"body": {"a": a}}, count)) for a in (1, 0, 1, 1, 0, 1)]
    assert seen == [2, 2, 11, 2, 2, 12]


def test_replies_with_shares_are_drawn_and_the_same_request_draws_the_same() -> None:
    book = RuleSet([several(2, shares=(9.0, 1.0))])
    seen = [lines(book.choose({CHANCE: f"seed/{number}"}, counting())) for number in range(1_000)]
    assert seen == [lines(book.choose({CHANCE: f"seed/{number}"}, counting())) for number in range(1_000)]
    assert 60 <= seen.count(12) <= 140
    assert seen.count(11) + seen.count(12) == 1_000


def test_the_faults_of_a_rule_go_with_each_of_its_replies() -> None:
    plan = FaultPlan("slow", NOWHERE, "slow")
    rule = several(1)
    assert rule.replies is not None
    each = tuple(replace(each, faults=(plan,)) for each in rule.replies.rules)
    choice = RuleSet([replace(rule, replies=replace(rule.replies, rules=each))]).choose({}, counting())
    assert choice is not None
    assert choice.faults == (plan,)


def test_an_item_of_a_job_passes_over_a_reply_that_is_a_stream() -> None:
    rule = several(1)
    assert rule.replies is not None
    streaming = replace(rule, replies=replace(rule.replies, rules=(make(None, 11, STREAM),)))
    assert lines(RuleSet([streaming, make(None, 2)]).choose({}, counting(), streams=False)) == 2


def test_replies_that_were_all_given_are_a_near_miss_that_says_so() -> None:
    book, count = RuleSet([several(2, "next")]), counting()
    for _ in range(3):
        book.choose({}, count)
    (miss,) = book.near_misses({}, lambda name: 3)
    assert list(map(str, miss.held)) == ["replies: 2, all were given"]


# ----------------------------------------------------------------------------------------------------- one of several


@pytest.mark.parametrize(
    ("body", "holds"), [({"a": 1}, True), ({"b": 2, "c": 3}, True), ({"b": 2}, False), ({}, False)]
)
def test_any_holds_when_one_of_its_mappings_does(body: dict[str, int], holds: bool) -> None:
    matcher = COMPILER.compile({"any": [{"body.a": 1}, {"body.b": 2, "body.c": 3}]}, ())
    assert matcher.matches({"body": body}) is holds
    assert bool(matcher.differences({"body": body})) is not holds
    check = CheckPlan(NOWHERE, matcher, "invalid", None, None)
    assert (Checks([check]).first({"body": body}) is check) is holds


def test_a_near_miss_of_any_names_what_the_nearest_lacks() -> None:
    matcher = COMPILER.compile({"any": [{"body.a": 1, "body.d": 4}, {"body.b": 2, "body.c": 3}]}, ())
    (difference,) = matcher.differences({"body": {"b": 2}})
    assert str(difference) == (
        "any: expected one of 2 to hold, found none that holds (nearest: body.c: expected 3, found nothing)"
    )


def test_a_rule_is_found_by_its_place() -> None:
    rules = [make(None, at=1), make(None, at=2)]
    found = RuleSet(rules).by_place
    assert found[rules[1].place] is rules[1]
    assert Location("other.yaml", 2, 1) not in found
