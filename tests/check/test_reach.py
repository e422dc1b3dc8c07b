"""A rule that is never reached is found where it stands, with what answers instead."""

from __future__ import annotations

from textwrap import indent

import pytest

from emulator.check.reach import hidden_answers, unreachable
from tests.check.checking import loaded, messages
from tests.library import STORY, Library, api

REQUEST = (
    "  request: {type: object, properties: {model: {enum: [a, b]}, n: {type: integer}, stream: {type: boolean}}}\n"
)
TIERS = "keys: {k: {workspace: w, tier: small}}\ntiers: {small: {}}\n"


def echo(rules: str, more: str = "") -> str:
    operations = "echo.create:\n  route: POST /echo\n" + REQUEST + "  rules:\n" + indent(rules, "    ")
    return api(TIERS + more, operations + "other: {route: GET /other, rules: [{reply: {body: 1}}]}\n")


def found(library: Library, text: str, story: str = STORY) -> list[str]:
    return messages(library, unreachable(loaded(library, text, story)), text, story)


@pytest.mark.finding("F3")
@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        ("- {reply: {body: 1}}\n- «{reply: {body: 2}}\n", "the rule at demo.yaml:27 answers whatever it would match"),
        (
            "- {name: all, reply: {body: 1}}\n- «{when: {body.n: 1}, reply: {body: 2}}\n",
            "the rule 'all' (demo.yaml:27)",
        ),
        (
            "- {when: {body.n: [1, 2]}, reply: {body: 1}}\n- «{when: {body.n: 2}, reply: {body: 2}}\n",
            "answers whatever",
        ),
        ("- {when: {body.n: {gt: 1}}, reply: {body: 1}}\n- «{when: {body.n: [2, 3]}, reply: {body: 2}}\n", "answers"),
        ("- {when: {body.n: 1}, reply: {body: 1}}\n- «{when: {body.n: 1}, fault: reset_peer}\n", "answers whatever"),
        ("- {when: '{{ body.n }}', reply: {body: 1}}\n- «{when: '{{ body.n }}', reply: {body: 2}}\n", "answers"),
        ("- «{when: {nth: 3, times: 2}, reply: {body: 1}}\n", "`nth: 3` and `times: 2` exclude each other"),
        ("- «{when: {every: 3, times: 2}, reply: {body: 1}}\n", "exclude each other"),
        ("- «{when: {body.model: c}, reply: {body: 1}}\n", "the schema of the request refuses 'c' as body.model"),
        ("- «{when: {body.stream: 'true'}, reply: {body: 1}}\n", "refuses 'true' as body.stream"),
        ("- «{when: {query.n: 3}, reply: {body: 1}}\n", "query.n is text, and 3 is not; write it in quotes"),
        ("- «{when: {header.x-n: [1, 2]}, reply: {body: 1}}\n", "header.x-n is text, and 1 or 2 is not"),
        (
            "- «{when: {any: [{body.model: c}, {any: [{body.stream: 'true'}]}]}, reply: {body: 1}}\n",
            "the schema of the request refuses 'c' as body.model; the schema of the request refuses 'true' as body.str",
        ),
        ("- «{when: {caller.tier: smal}, reply: {body: 1}}\n", "no caller.tier is 'smal'; expected one of: small; did"),
    ],
)
def test_a_rule_that_is_never_reached_is_found(library: Library, rules: str, expected: str) -> None:
    (message,) = found(library, echo(rules))
    assert message.startswith("this rule is never reached: ")
    assert expected in message


@pytest.mark.parametrize(
    "rules",
    [
        "- {when: {body.n: 1}, reply: {body: 1}}\n- {reply: {body: 2}}\n",
        "- {when: {times: 2}, reply: {body: 1}}\n- {reply: {body: 2}}\n",
        "- {fault: {latency: 1s}}\n- {reply: {body: 2}}\n",
        "- {when: {body.n: {gt: 1}}, reply: {body: 1}}\n- {when: {body.n: [1, 2]}, reply: {body: 2}}\n",
        "- {when: {body.n: 1, body.model: a}, reply: {body: 1}}\n- {when: {body.n: 1}, reply: {body: 2}}\n",
        "- {when: {probability: 0.5}, reply: {body: 1}}\n- {reply: {body: 2}}\n",
        "- {when: {any: [{body.model: c}, {body.model: a}]}, reply: {body: 1}}\n",
        "- {unchecked: true, when: {body.model: c}, reply: {body: 1}}\n",
    ],
)
def test_a_rule_that_is_reached_is_not(library: Library, rules: str) -> None:
    assert found(library, echo(rules)) == []


def test_a_scenario_may_answer_instead_of_the_api(library: Library) -> None:
    text = echo("- {reply: {body: 1}}\n")
    assert found(library, text, STORY + "rules: [{reply: {body: 2}}]\n") == []
    story = STORY + "rules:\n  - {on: echo.create, reply: {body: 2}}\n  - {reply: {body: 3}}\n"
    assert found(library, text, story) == []  # the second answers the other operation
    found(library, text, story.replace("- {reply", "- «{on: echo.*, reply"))


def test_rows_of_a_job_pass_over_streams_so_what_follows_is_reached(library: Library) -> None:
    stream = "- {when: {body.n: 1}, reply: {stream: {events: []}}}\n- {when: {body.n: 1}, reply: {body: 2}}\n"
    rows = "{operation: echo.create, succeeded: 1, errored: 1, cancelled: 1}"
    assert found(library, echo(stream, f"jobs: {{batch: {{timeline: {{done: 0s}}, rows: {rows}}}}}\n")) == []
    found(library, echo(stream.replace("\n- {", "\n- «{")))


CHAT = api(
    "answers: {chat: {messages: '{{ body.text }}'}}\n",
    "ask: {route: POST /ask, request: {type: object}, answer: chat, rules: [{reply: {body: '{{ answer.text }}'}}]}\n"
    "tell: {route: POST /tell, request: {type: object}, answer: chat, rules: [{reply: {body: '{{ answer.text }}'}}]}\n",
)


@pytest.mark.parametrize(
    ("earlier", "later", "hidden"),
    [
        ("prompt: [a, b]", "prompt: A?", True),
        ("prompt: a", "prompt: [a, b]", False),
        ("contains: refund", "prompt: a refund", True),
        ("contains: [x, refund]", "contains: [refunds, max]", True),
        ("contains: refund", "contains: [refunds, b]", False),
        ("contains: refunds", "contains: refund", False),
        ("matches: 'order \\d+'", "prompt: order 12", True),
        ("matches: 'order \\d+$'", "prompt: order 12", False),
        ("matches: 'order \\d+'", "matches: 'order \\d+'", True),
        ("matches: a", "contains: a", False),
        ("on: [ask, tell]", "contains: a", True),
        ("on: ask", "contains: a", False),
        ("on: ask", "on: ask, prompt: a", True),
        ("prompt: a, on: tell", "prompt: a, on: ask", False),
    ],
)
def test_a_canned_answer_that_is_never_given_is_found(library: Library, earlier: str, later: str, hidden: bool) -> None:
    mark = "«" if hidden else ""
    story = f"{STORY}answers:\n  - {{{earlier}, answer: first}}\n  - {mark}{{{later}, answer: second}}\n"
    diagnostics = messages(library, hidden_answers(loaded(library, CHAT, story)), CHAT, story)
    told = ["this answer is never given: that at story.yaml:5 is given to all it is for"]
    assert diagnostics == (told if hidden else [])


def test_a_rule_behind_one_that_answers_everything_is_never_reached(library: Library) -> None:
    story = f"{STORY}rules:\n  - reply: {{answer: a}}\n  - «reply: {{answer: b}}\n"
    (message,) = found(library, CHAT, story)
    assert "the rule at story.yaml:5 answers whatever it would match" in message
