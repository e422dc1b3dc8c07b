"""How a request compares with what a rule wants, and what is said when it differs."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.app import LANGUAGE
from emulator.compile.when import WhenCompiler
from emulator.language.document.reader import parse
from emulator.language.expressions.runtime import MISSING
from emulator.playbook.matching import Difference, Matcher
from emulator.playbook.paths import finder

SCOPE: dict[str, Any] = {
    "body": {
        "model": "haiku",
        "stream": True,
        "n": 3,
        "messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Ho"}],
        "odd.key": 1,
    },
    "header": {"x-session-id": "s1"},
    "wanted": "haiku",
}


def matcher(when: str) -> Matcher:
    document = parse(when, "when.yaml")
    return WhenCompiler(LANGUAGE, document.place).compile(document.data, ())


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("body.model", "haiku"),
        ("wanted", "haiku"),
        ("body.messages.0.role", "user"),
        ("body.messages.1.content", "Ho"),
        ("body.messages.last.role", "assistant"),
        ("header.X-Session-Id", "s1"),
        ("body.messages.2", MISSING),
        ("body.messages.-1", MISSING),
        ("body.messages.99999999999999999999", MISSING),
        ("body.messages.first", MISSING),
        ("body.model.0", MISSING),
        ("body.model.upper", MISSING),
        ("body.nothing.at.all", MISSING),
        ("body.n.real", MISSING),
        ("nobody", MISSING),
        ("nobody.at.home", MISSING),
    ],
)
def test_a_dotted_path_finds_a_field_or_nothing(path: str, found: Any) -> None:
    assert finder(path)(SCOPE) == found


def test_the_last_of_an_empty_list_is_nothing() -> None:
    assert finder("body.last")({"body": []}) is MISSING


@pytest.mark.parametrize(
    ("when", "matches"),
    [
        ("{body.model: haiku}", True),
        ("{body.model: opus}", False),
        ("{body.model: [opus, haiku]}", True),
        ("{body.stream: true, body.n: {gt: 2}}", True),
        ("{body.stream: true, body.n: {gt: 3}}", False),
        ("{body.model: '{{ wanted }}'}", True),
        ("{body.n: '{{ 1 + 2 }}'}", True),
        ("{body.n: '{{ 1 + 1 }}'}", False),
        ("{body.stream: '{{ 1 }}'}", False),
        ("{body.none: '{{ body.neither }}'}", True),
        ("{expr: '{{ body.messages | length == 2 }}'}", True),
        ("{expr: '{{ body.nothing }}'}", False),
        ("'{{ body.stream }}'", True),
        ("'{% if body.stream %}yes{% endif %}'", True),
        ("{jsonpath: {'$.messages[0].role': user}}", True),
        ("{jsonpath: {'$.messages[*].role': {contains: assistant}}}", True),
        ("{jsonpath: {'$.messages[?@.role == ''tool'']': {present: true}}}", False),
        ("{jsonpath: {'$.messages[?@.role == ''user'']': {present: true}}}", True),
        ("", True),
        ("{}", True),
        ("{query.z: {present: false}}", True),
        ("{query.z: 1}", False),
        ("{header.X-SESSION-ID: s1}", True),
        ("{wanted: haiku, body.messages.0.role: user}", True),
    ],
)
def test_a_request_matches_when_every_check_holds(when: str, matches: bool) -> None:
    assert matcher(when).matches(SCOPE) is matches


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=4),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["model", "a"]), inner, max_size=2),
        max_leaves=5,
    )
)
def test_matching_and_explaining_agree_whatever_the_body(body: Any) -> None:
    found = matcher("{body.model: {matches: '^h', not: ho}, jsonpath: {'$..a': [1, null]}, body.a.0: 1}")
    scope = {"body": body}
    assert found.matches(scope) == (found.differences(scope) == [])


@pytest.mark.parametrize("body", ['{"a":', "text", 5, None, [], {}])
def test_a_json_path_finds_nothing_in_a_body_that_is_no_tree(body: Any) -> None:
    assert not matcher("{jsonpath: {'$.a': {present: true}}}").matches({"body": body})
    assert not matcher("{jsonpath: {'$.a': {present: true}}}").matches({})


def test_a_json_path_gives_up_on_a_body_that_is_too_deep() -> None:
    deep: dict[str, Any] = {}
    for _ in range(500):
        deep = {"a": deep}
    assert not matcher("{jsonpath: {'$..b': {present: true}}}").matches({"body": deep})


def test_every_difference_is_told_with_what_was_wanted_and_what_was_found() -> None:
    found = matcher(
        "{body.model: [opus, sonnet], body.n: {gt: 3, lt: 5}, body.user: ann, body.stream: true,"
        " body.kind: '{{ wanted }}', expr: '{{ body.n > 5 }}', jsonpath: {'$.n': 4}}"
    ).differences(SCOPE)
    assert list(map(str, found)) == [
        "body.model: expected one of 'opus', 'sonnet', found 'haiku'",
        "body.n: expected gt 3 and lt 5, found 3",
        "body.user: expected 'ann', found nothing",
        "body.kind: expected 'haiku', found nothing",
        "{{ body.n > 5 }}: expected true, found False",
        "jsonpath $.n: expected 4, found 3",
    ]
    assert found[2] == Difference("body.user", "'ann'", MISSING)


@pytest.mark.parametrize(
    ("counters", "admitted"),
    [
        ("{times: 2}", [1, 2]),
        ("{nth: 3}", [3]),
        ("{every: 3}", [3, 6, 9]),
        ("{every: 2, times: 5}", [2, 4]),
        ("{}", [1, 2, 3, 4, 5, 6, 7, 8, 9]),
    ],
)
def test_counters_let_some_matches_through(counters: str, admitted: list[int]) -> None:
    found = matcher(counters)
    assert [number for number in range(1, 10) if found.admits(number)] == admitted
    assert found.matches({})
