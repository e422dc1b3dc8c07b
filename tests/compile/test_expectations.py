"""Expectations at load: what they may say, and what is wrong with one, at its place."""

from __future__ import annotations

from typing import Any

import pytest

from emulator.app import LANGUAGE, load
from emulator.compile.expectations import KnownNames, read_expectation
from emulator.errors import DocumentError
from emulator.http.exchange import Exchange
from emulator.playbook.apis import Playbook
from emulator.playbook.expectations import AmountRange, Expectation
from tests.library import STORY, Library, api

TWO = api(
    operations="""\
echo.create:
  route: POST /echo
  rules: [{reply: {body: {said: 1}}}]
echo.list:
  route: GET /echo
  rules: [{reply: {body: []}}]
"""
)


def played(library: Library, expect: str, rules: str = "") -> Playbook:
    library.write("apis/demo.yaml", TWO)
    library.write("story.yaml", f"{STORY}{rules}expect:\n  {expect}\n")
    return library.load("story")


def expected(**entry: Any) -> Expectation:
    playbook = load(("default",))
    return read_expectation(entry, KnownNames(LANGUAGE, playbook.apis, ()), "expectation_1")


def asked(operation: str, **more: Any) -> Exchange:
    exchange = Exchange(1, 0.0, "POST", "/v2/messages", "")
    exchange.api, exchange.operation, exchange.outcome = "aiexport", operation, "complete"
    for name, value in more.items():
        setattr(exchange, name, value)
    return exchange


@pytest.mark.parametrize(
    ("entry", "wrong"),
    [
        ("- {on: echo.crate}", r"5:10: no operation is called 'echo\.crate'; .*did you mean 'echo\.create'\?"),
        ("- {on: demo/echo.*, times: often}", "5:30: expected a whole number, 'never' or a mapping"),
        ("- {on: echo.*, times: -1}", "5:25: times: -1 is not a whole number from 0"),
        ("- {on: echo.*, times: {gte: 3, lte: 2}}", "5:25: times: nothing is at least 3 and at most 2"),
        ("- {on: echo.*, times: {about: 3}}", "5:25: times: .* is no bound; expected a whole number from 0"),
        ("- {times: 0, in_order: [echo.list, echo.create]}", "5:13: `times` can't stand beside `in_order`"),
        ("- {in_order: [echo.list]}", "5:16: in_order needs at least two requests; for one, write `on: echo.list`$"),
        ("- {in_order: [{on: echo.list}]}", "in_order needs at least two requests; for one, write `on` without it$"),
        ("- {spent: {}}", "5:13: expected at least 1; found 0$"),
        (
            "- in_order: [echo.list, {on: echo.create, when: {outcome: complete}}]",
            "5:61: `outcome` can't be used in `in_order`, because it is known only after the response has ended; use",
        ),
        ("- {on: echo.list, when: {times: 2}}", "`times` belongs to rules; write `times` beside `when`, not in it"),
        ("- {when: {statsu: 200}}", "unknown name 'statsu'; .*did you mean 'status'"),
        ("- {when: '{{ statsu }}'}", "unknown name 'statsu'"),
        ("- {spent: {USD: {lte: 1}}}", "5:19: nothing is spent in 'USD'; there are none"),
        ("- {rules: all}", "5:13: no rule has a `name` here"),
        ("- {rules: [nope]}", "5:14: no rule is called 'nope'; give a rule `name: nope`, or leave `rules` out"),
        ("- {}", "5:5: nothing is expected; give `on`, `when` or `times`, or one of in_order, spent and rules"),
        ("- {onn: echo.list}", "unknown key 'onn'"),
    ],
)
def test_what_is_wrong_is_refused_at_its_place(library: Library, entry: str, wrong: str) -> None:
    with pytest.raises(DocumentError, match=rf"story\.yaml:(?s:.*){wrong}"):
        played(library, entry)


def test_a_rule_that_is_expected_must_have_a_name(library: Library) -> None:
    rules = "rules: [{name: busy, on: echo.list, reply: {status: 503}}]\n"
    (expectation,) = played(library, "- {rules: [busy]}", rules).expectations
    assert [each.name for each in expectation.rules] == ["busy"]
    with pytest.raises(DocumentError, match="no rule is called 'bsuy'; expected one of: busy; did you mean 'busy'"):
        played(library, "- {rules: [bsuy]}", rules)


def test_something_else_that_is_wrong_says_nothing_of_expected_rules(library: Library) -> None:
    with pytest.raises(DocumentError) as caught:
        played(library, "- {rules: all}", "rules: [{name: busy, on: echo.lst, reply: {status: 503}}]\n")
    assert len(caught.value.diagnostics) == 1


def test_rules_stand_for_those_of_their_own_file_when_all_of_them_are_meant(library: Library) -> None:
    library.write("apis/demo.yaml", TWO)
    library.write("base.yaml", f"{STORY.replace('story', 'base')}rules: [{{name: first, reply: {{status: 204}}}}]\n")
    mine = "scenario: story\nextends: base\nrules: [{name: second, reply: {status: 204}}]\nexpect: [{rules: all}]\n"
    library.write("story.yaml", mine)
    playbook = library.load("story")
    assert [each.name for each in playbook.expectations[0].rules] == ["second"]
    assert [each.name for each in playbook.listed] == ["second", "first"]


@pytest.mark.parametrize(
    ("times", "fits", "fails", "text"),
    [
        (None, (1, 9), (0,), "at least once"),
        (2, (2,), (0, 1, 3), "exactly 2 times"),
        (1, (1,), (0, 2), "exactly once"),
        ("never", (0,), (1,), "never"),
        ({"lte": 2}, (0, 2), (3,), "at most 2 times"),
        ({"gt": 1, "lt": 4}, (2, 3), (1, 4), "more than 1 and less than 4 times"),
    ],
)
def test_times_are_a_number_or_bounds(times: Any, fits: tuple[int, ...], fails: tuple[int, ...], text: str) -> None:
    expectation = expected(on="messages.create", times=times)
    assert expectation.times is not None
    assert [expectation.times.holds(each) for each in fits] == [True] * len(fits)
    assert [expectation.times.holds(each) for each in fails] == [False] * len(fails)
    assert str(expectation) == f"messages.create {text}"


@pytest.mark.parametrize("given", [{"gt": 1, "lt": 2}, {"gte": 2, "lt": 2}, {"gt": 2, "lte": 2}])
def test_bounds_between_which_nothing_lies_are_refused(given: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="nothing is"):
        AmountRange.read(given, whole=True)


def test_amounts_may_lie_where_no_whole_number_does() -> None:
    assert AmountRange.read({"gt": 1, "lt": 2}, whole=False).holds(1.5)


def test_a_condition_is_that_of_the_journal() -> None:
    (one,) = expected(on=["messages.*"], when={"status": {"gte": 500}, "header.X-Tag": 7}).asked
    assert one.fits(asked("messages.create", status=503, headers=[(b"X-Tag", b"7")]))
    assert not one.fits(asked("messages.create", status=503))
    assert not one.fits(asked("batch.create", status=503, headers=[(b"x-tag", b"7")]))
    assert one.text == "messages.* with status: {gte: 500}, header.X-Tag: 7"


def test_without_an_operation_every_request_is_meant() -> None:
    (one,) = expected(when={"status": 404}).asked
    assert one.fits(asked("", status=404))
    assert one.text == "any request with status: 404"
