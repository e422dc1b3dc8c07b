"""`answers` in a scenario: what is wrong with an entry is told at its place, at load."""

from __future__ import annotations

import pytest

from tests.library import Library, api

API = api(
    "answers: {chat: {messages: '{{ body.text }}'}}\n",
    "ask: {route: POST /ask, request: {type: object}, answer: chat, rules: [{reply: {body: '{{ answer.text }}'}}]}\n"
    "other: {route: GET /other, rules: [{reply: {body: 1}}]}\n",
)
STORY = "scenario: story\napis: {demo: }\n"


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        ("«{prompt: a}", "nothing is answered; expected `answer`, or `json`, or both"),
        ("«{prompt: a, contains: b, answer: c}", "at most one of prompt, contains, matches; found prompt and contains"),
        ("{prompt: «'?!', answer: c}", "'?!' is in no prompt"),
        ("{contains: [a, «' '], answer: c}", "' ' is in no prompt"),
        ("{contains: «[], answer: c}", "an empty list"),
        ("{matches: «'a(', answer: c}", "not a regular expression"),
        ("{matches: «'a\\nb', answer: c}", "this is never found: a prompt is compared on one line"),
        ("{matches: «'a  b', answer: c}", "this is never found"),
        ("{answer: «'{{ promt }}'}", "unknown name 'promt'; "),
        ("{answer: a, json: {b: «'{{ model }}'}}", "unknown name 'model'; "),
        ("{answer: «'{{ 1 + }}'}", ""),
        ("{answer: a, on: «aks}", "no operation is called 'aks'; expected one of: ask; did you mean 'ask'?"),
        ("{answer: a, on: [ask, «other]}", "other says nothing that is generated; expected one of: ask"),
        ("{answer: a, «promt: a}", "unknown key 'promt'; "),
    ],
)
def test_a_wrong_entry_is_told_at_its_place(library: Library, entry: str, expected: str) -> None:
    (message,) = library.refused(api=API, story=f"{STORY}answers:\n  - {entry}\n")
    assert expected in message


@pytest.mark.parametrize("pattern", ["a\\n?b", "a[\\n ]b", "a\\n|b", "(?x) a  b", "a\\\\nb", "a\\s+b"])
def test_a_pattern_that_can_be_found_is_taken(library: Library, pattern: str) -> None:
    playbook = library.load(api=API, story=f"{STORY}answers: [{{matches: '{pattern}', answer: c}}]\n")
    assert len(playbook.apis["demo"].answers["chat"].canned.answers) == 1


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("{reply: {answer: a, «status: 201}}", "`status` can't stand beside `answer`"),
        ("{reply: {answer: a, «body: {}}}", "`body` can't stand beside `answer`"),
        ("{reply: «{answer: null}}", "nothing is answered"),
        ("{on: other, reply: «{answer: a}}", "`answer` is for: ask"),
        ("{reply: {answer: «'{{ promt }}'}}", "unknown name 'promt'"),
    ],
)
def test_a_wrong_answer_of_a_rule_is_told_at_its_place(library: Library, rule: str, expected: str) -> None:
    messages = library.refused(api=API, story=f"{STORY}rules:\n  - {rule}\n")
    assert expected in messages[0]


def test_an_api_file_has_no_rules_that_answer_for_others(library: Library) -> None:
    text = API.replace("[{reply: {body: '{{ answer.text }}'}}]", "[{reply: «{answer: a}}]")
    (message,) = library.refused(api=text)
    assert "only a scenario's rules leave the reply to others" in message


def test_the_answers_of_the_scenario_named_first_go_first(library: Library) -> None:
    library.write("below.yaml", "scenario: below\napis: {demo: }\nanswers: [{answer: below}]\n")
    playbook = library.load(api=API, story="scenario: story\nextends: below.yaml\nanswers: [{answer: above}]\n")
    answers = playbook.apis["demo"].answers["chat"].canned.answers
    assert [each.fixed.text for each in answers] == ["above", "below"]
