"""What would bite later is found where it stands: misspelt fields, data that a tier lacks, idle limits."""

from __future__ import annotations

import pytest

from emulator.check.lint import lint
from tests.check.checking import loaded, messages
from tests.library import STORY, Library, api, rule

SCHEMA = """\
schemas:
  Text: {type: string}
  Turn:
    type: object
    properties: {role: {type: string}, content: {$ref: '#/schemas/Text'}}
    additionalProperties: false
"""
TURNS = "{type: array, items: {$ref: '#/schemas/Turn'}}"
REQUEST = f"request: {{type: object, properties: {{model: {{type: string}}, turns: {TURNS}}}}}"
TIERS = """\
keys: {k: {workspace: w, tier: small}}
tiers:
  small: {limits: {calls: 5/minute}, data: {size: 3}}
cost: {calls: 1}
"""


def echo(rules: str, more: str = "") -> str:
    return api(SCHEMA + more, f"echo.create:\n  route: POST /echo/{{id}}\n  {REQUEST}\n  rules:\n    - {rules}\n")


def found(library: Library, text: str, story: str = STORY) -> list[str]:
    return messages(library, lint(loaded(library, text, story)), text, story)


@pytest.mark.finding("F3")
@pytest.mark.parametrize(
    ("rules", "expected"),
    [
        ("{when: {body.modl: «x}, reply: {body: 1}}", "body has no 'modl'; expected one of: model, turns; did you"),
        ("{when: {body.turns.0.rloe: «x}, reply: {body: 1}}", "body.turns.0 has no 'rloe'"),
        ("{when: {body.turns.last.name: «x}, reply: {body: 1}}", "body.turns.last has no 'name'; expected one of"),
        ("{when: {jsonpath: {'$.turns[*].rol': «x}}, reply: {body: 1}}", "body.turns.0 has no 'rol'"),
        ("{when: «'{{ body.modl == 1 }}', reply: {body: 1}}", "body has no 'modl'"),
        ("{when: {expr: «'{{ body.modl == 1 }}'}, reply: {body: 1}}", "body has no 'modl'"),
        ("{reply: {body: {a: «'{{ body.modl }}'}}}", "body has no 'modl'"),
        ("{reply: {body: 1, headers: {X-A: «'{{ body.turns[0].rol }}'}}}", "body.turns.0 has no 'rol'"),
        ("{reply: {body: «'{{ caller.wrkspace }}'}}", "caller has no 'wrkspace'"),
        ("{reply: {body: «'{{ path.idd }}'}}", "path has no 'idd'; expected one of: id; did you mean 'id'?"),
        ("{reply: {body: «'{{ request.url }}'}}", "request has no 'url'"),
        ("{reply: {body: «\"{{ header['X-Mood'] }}\"}}", "names of headers are in lower case here"),
    ],
)
def test_a_field_that_no_request_has_is_found_where_it_is_named(library: Library, rules: str, expected: str) -> None:
    (message,) = found(library, echo(rules))
    assert message.startswith(expected)


@pytest.mark.parametrize(
    "rules",
    [
        "{when: {body.model: x, body.turns.0.role: y, header.X-Mood: z, path.id: q}, reply: {body: 1}}",
        "{when: {body.tools: {present: true}}, reply: {body: 1}}",  # an open schema: a client may send it
        "{unchecked: true, when: {body.modl: x}, reply: {body: 1}}",
        "{let: {request: {url: 1}}, reply: {body: '{{ request.url }}'}}",
    ],
)
def test_a_field_that_a_request_may_have_is_not(library: Library, rules: str) -> None:
    assert found(library, echo(rules)) == []


def test_a_rule_for_several_operations_may_name_what_one_of_them_has(library: Library) -> None:
    operations = "a: {route: 'GET /a/{one}', rules: []}\nb: {route: 'GET /b/{two}', rules: []}\n"
    story = STORY + "rules:\n  - {reply: {body: '{{ path.one }}'}}\n  - {reply: {body: «'{{ path.three }}'}}\n"
    assert len(found(library, api(operations=operations), story)) == 1


@pytest.mark.finding("F1")
@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        ("{on: echo.create, when: {body.modl: «x}}", "body has no 'modl'; expected one of: model, turns; did you"),
        (
            "{on: echo.create, when: {body.turns.length: «{lte: 3}}}",
            "body.turns is a list, which has no 'length'; `body.",
        ),
        ("{on: echo.create, when: «'{{ body.modl == 1 }}'}", "body has no 'modl'"),
        ("{in_order: [echo.create, {on: echo.create, when: {body.modl: «x}}]}", "body has no 'modl'"),
    ],
)
def test_a_field_that_no_request_has_is_found_in_an_expectation(library: Library, entry: str, expected: str) -> None:
    (message,) = found(library, echo("{reply: {body: 1}}"), f"{STORY}expect:\n  - {entry}\n")
    assert message.startswith(expected)


def test_a_field_of_an_exchange_may_be_expected(library: Library) -> None:
    entry = "{on: echo.create, when: {body.model: x, header.X-Mood: y, status: 200, path: /echo/a, reply.body.x: 1}}"
    assert found(library, echo("{reply: {body: 1}}"), f"{STORY}expect:\n  - {entry}\n") == []


def test_a_tier_needs_the_data_that_expressions_use(library: Library) -> None:
    text = rule("reply: {body: '{{ caller.plan.size }}'}", TIERS)
    story = STORY.replace("demo: ", "demo: {keys: {m: {workspace: w, tier: mine}}, tiers: {mine: «{limits: {}}}}")
    (message,) = found(library, text, story)
    assert message.startswith("the tier 'mine' needs 'size' in its data, as 'small' has 3; ")
    assert message.endswith("apis/demo.yaml:28:23 uses it")
    (message,) = found(library, text.replace("'{{ c", "«'{{ c").replace("cost:", "  large: {}\ncost:"))
    assert message.startswith("`caller.plan.size` is missing for the tier 'large': add 'size' to its data, or write")


@pytest.mark.parametrize(
    "text",
    [
        "reply: {body: '{{ caller.plan.size | default(1) }}'}",
        "when: {caller.plan.size: {present: true}}\nreply: {body: '{{ caller.plan.size }}'}",
        "reply: {body: {$if: '{{ caller.plan.size }}', then: '{{ caller.plan.size }}'}}",
    ],
)
def test_a_tier_need_not_have_what_an_expression_asks_for(library: Library, text: str) -> None:
    assert found(library, rule(text, TIERS.replace("cost:", "  large: {}\ncost:"))) == []


def test_data_that_no_tier_has_is_a_misspelling(library: Library) -> None:
    assert found(library, rule("reply: {body: «'{{ caller.plan.sise }}'}", TIERS)) == [
        "caller.plan has no 'sise'; expected one of: size; did you mean 'size'?"
    ]


@pytest.mark.parametrize("limit", ["0/minute", "0/30s sliding", "0 at once"])
def test_a_limit_that_lets_nothing_through_is_found(library: Library, limit: str) -> None:
    text = rule("reply: {body: 1}", TIERS.replace("calls: 5/minute", f"calls: «{limit}"))
    expected = "nothing passes a limit of 0 'calls'; expected a number from 1, or `unlimited` for no limit"
    assert found(library, text) == [expected]


@pytest.mark.finding("L1")
def test_a_limit_that_nothing_charges_is_found(library: Library) -> None:
    text = rule("reply: {body: 1}", TIERS.replace("calls: 5/minute", "calls: 5/minute, concurrent: «3/minute"))
    expected = "nothing charges 'concurrent': no operation's `cost` names it; expected one of: calls"
    expected += "; '3 at once' counts what is under way"
    assert found(library, text) == [expected]
    story = STORY.replace("demo: ", "demo: {tiers: {small: {limits: {call: «3/minute}}}}")
    (message,) = found(library, rule("reply: {body: 1}", TIERS), story)
    assert message.endswith("did you mean 'calls'?")


@pytest.mark.parametrize(
    ("fault", "status"),
    [
        ("«status: {status: 503, error: slow}", "503; leave `status` out"),
        ("«status: {status: 404, error: slow}", "404; leave `status` out, or name the error 'not_found'"),
        ("status: {status: 430, error: slow}", ""),
        ("status: {status: 429, error: slow}", ""),
        ("status: {error: slow}", ""),
        ("status: {status: 503}", ""),
    ],
)
def test_a_fault_whose_error_has_another_status_is_found(library: Library, fault: str, status: str) -> None:
    text = rule("reply: {body: 1}", "errors: {kinds: {slow: {status: 429}}}\n")
    messages = found(library, text, STORY + f"rules:\n  - {{on: echo.create, fault: {{{fault}}}}}\n")
    assert messages == ([f"the error 'slow' has the status 429, and not {status}"] if status else [])


@pytest.mark.finding("F6")
def test_a_variable_that_nothing_expands_is_found_in_keys_and_values(library: Library) -> None:
    more = TIERS.replace("k: {", "«'${TEAM_KEY}': {").replace("workspace: w", "workspace: «'${TEAM}'")
    text = rule("reply: {body: {cost: $5, script: {$literal: '${x}'}}}", more)
    first, second = found(library, text)
    assert first.startswith("${TEAM_KEY} stands here as it is: environment variables are not read")
    assert second.startswith("${TEAM} stands here")


def test_texts_of_a_schema_are_no_variables(library: Library) -> None:
    more = "example: {operation: echo.create, path: {id: '1'}, body: {a: '${C}'}}\n"
    text = echo("{reply: {body: 1}}", more).replace("  request:", "  query: {properties: {'${B}': {}}}\n    request:")
    assert found(library, text.replace("Text: {type: string}", "Text: {enum: ['${A}']}")) == []


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        ("{answer: «'{{ body.modl }}'}", "body has no 'modl'"),
        ("{json: {a: «'{{ caller.wrkspace }}'}}", "caller has no 'wrkspace'"),
        ("{on: echo.create, matches: '(?P<modl>a)', answer: '{{ named.modl }} {{ body.model }} {{ prompt }}'}", ""),
    ],
)
def test_a_field_that_no_request_has_is_found_in_a_canned_answer(library: Library, entry: str, expected: str) -> None:
    answers = "answers: {chat: {messages: '{{ body.turns }}'}}\n"
    text = echo("{reply: {body: '{{ answer.text }}'}}", answers).replace("  request:", "  answer: chat\n    request:")
    diagnostics = found(library, text, f"{STORY}answers:\n  - {entry}\n")
    assert [each.startswith(expected) for each in diagnostics] == [True] * bool(expected)
