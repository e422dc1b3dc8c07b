"""A fault on answers, jobs, webhooks or tokens in a scenario is refused where none is ever set off."""

from __future__ import annotations

import pytest

from emulator.playbook.apis import Playbook
from tests.library import STORY, Library, api

API = api(
    """
    auth: [{header: X-Key}, {header: Authorization, scheme: Bearer, collection: tokens}]
    collections: {tokens: {}, notes: {}}
    answers: {chat: {messages: "{{ body.messages }}"}}
    jobs:
      silent: {timeline: {waiting: 0s, done: 1s}, cancel: {dropping: 0s, dropped: 1s}, failed: broken}
      told: {timeline: {waiting: 0s, done: 1s}, webhook: {url: "http://localhost/", secret: whsec_YQ==, body: {}}}
    """,
    operations="""
    quiet: {route: GET /quiet, rules: [{do: [{start: silent}], reply: {}}]}
    loud: {route: GET /loud, rules: [{do: [{start: told}], reply: {}}]}
    open: {route: GET /open, auth: false, rules: [{do: [{put: notes, id: a}], reply: {}}]}
    say: {route: POST /say, auth: false, answer: chat, rules: [{reply: {text: "{{ answer.text }}"}}]}
    talk: {route: GET /talk, auth: false, rules: [{reply: {stream: {events: [{data: a}]}}}]}
    sign_in: {route: POST /token, auth: false, rules: [{do: [{put: tokens, id: a}], reply: {}}]}
    """,
)


def story(rule: str) -> str:
    return STORY + f"rules:\n  - {rule}\n"


def faults(playbook: Playbook) -> set[str]:
    """The names of the faults that its rules have."""
    operations = playbook.apis["demo"].operations.values()
    rules = [rule for operation in operations for rule in operation.rules.rules]
    return {each.fault.name for rule in rules for each in rule.faults}


@pytest.mark.parametrize(
    ("rule", "complaint"),
    [
        ("{on: open, fault: «stuck}", "the fault stuck would never apply: no operation here starts a job; quiet, loud"),
        ("{on: [open, sign_in], fault: [latency: 1s, «fail: lost]}", "no operation here starts a job; quiet, loud"),
        ("{on: [quiet, open], fault: {«answer: empty}}", "no operation here generates an answer; say"),
        ("{on: quiet, fault: {«drop: {tries: 1}}}", "no operation here starts a job that sends a webhook; loud"),
        (
            "{on: quiet, fault: {«cut_after: 3}}",
            "the fault cut_after would never apply: no operation here streams; talk",
        ),
        ("{on: open, fault: «expire_token}", "takes a credential or issues a token; quiet, loud, sign_in"),
    ],
)
def test_a_fault_that_can_never_apply_is_refused_with_its_position(library: Library, rule: str, complaint: str) -> None:
    (told,) = library.refused(api=API, story=story(rule))
    assert complaint.replace("; ", "; expected one of: ") in told


@pytest.mark.parametrize(
    "rule",
    [
        "{on: quiet, fault: stuck}",
        "{on: '*', fault: drop}",
        "{on: [say, open], fault: {answer: empty}}",
        "{on: [open, loud], fault: [stuck, drop]}",
        "{on: quiet, fault: expire_token}",
        "{on: sign_in, fault: expire_token}",
        "{on: [open, talk], fault: {cut_after: 3}}",
        "{on: 'open', when: {times: 1}, reply: {stream: {events: [{data: a}]}}, fault: {cut_after: 0}}",
        "{on: quiet, fault: {fail: {state: broken}}}",
        "{on: quiet, fault: {fail: {state: dropped}}}",
        "{on: quiet, fault: {fail: {state: done}}}",
        "{on: open, fault: {status: 503}}",
        "{on: open, do: [{start: silent}], reply: {}, fault: stuck}",
        "{fault: stuck}",
    ],
)
def test_a_fault_is_accepted_where_it_can_apply(library: Library, rule: str) -> None:
    assert faults(library.load(api=API, story=story(rule)))


@pytest.mark.parametrize(
    ("rule", "complaint"),
    [
        (
            "{on: open, fault: {«status: {error: overlaoded}}}",
            "fault status: error: unknown error 'overlaoded'",
        ),
        ("{fault: {«error_event: {error: teapot}}}", "fault error_event: error: unknown error 'teapot'"),
        (
            "{on: quiet, fault: {«stuck: wating}}",
            "fault stuck: state: unknown state 'wating'; expected one of: waiting, done; did you mean 'waiting'?",
        ),
        (
            "{on: quiet, fault: {«fail: {state: broke}}}",
            "fault fail: state: unknown final state 'broke'; expected one of: broken, dropped, done; did",
        ),
        ("{fault: {«flap: {state: gone}}}", "fault flap: state: unknown state 'gone'"),
    ],
)
def test_a_fault_with_an_unknown_name_is_refused_with_its_position(library: Library, rule: str, complaint: str) -> None:
    (told,) = library.refused(api=API, story=story(rule))
    assert complaint in told


@pytest.mark.parametrize(
    "rule",
    [
        "{on: open, fault: {status: {error: internal}}}",
        "{fault: error_event}",
        "{on: quiet, fault: {stuck: waiting}}",
    ],
)
def test_a_fault_may_name_what_there_is(library: Library, rule: str) -> None:
    assert faults(library.load(api=API, story=story(rule)))


def test_the_error_says_so_where_no_operation_could_have_the_fault(library: Library) -> None:
    (told,) = library.refused(api=api(), story=story("{on: echo.create, fault: «stuck}"))
    assert told == "the fault stuck would never apply: no operation here starts a job; there are none"
