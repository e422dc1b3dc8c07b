"""The name that an expression begins with is one that its place can have, or the scenario is refused at load."""

from __future__ import annotations

import pytest

from tests.library import STORY, Library, api, rule

PARTS = """
collections: {notes: {}}
unknown_keys: {tier: free, workspace: "ws-{{ key }}"}
tiers: {free: {}}
headers: {X-Id: "{{ request.id }}", X-Sort: "{{ sort | default('') }}", X-Kind: "{{ error.kind | default('') }}"}
limit_headers: {X-Left: "{{ limits.calls | default(0) }}"}
cost: {calls: "{{ size }}"}
errors:
  shape: {error: "{{ error.kind }}", of: "{{ request.id }}"}
  kinds:
    KINDS
answers: {chat: {messages: "{{ body.text }}", max_tokens: "{{ size }}"}}
jobs:
  work:
    timeline: {waiting: 0s, done: 1s}
    rows:
      operation: all
      succeeded: {it: "{{ item }}", at: "{{ index }}", said: "{{ row.body }}"}
      errored: {}
      cancelled: {}
    webhook: {url: "{{ job.data.url }}", secret: whsec_YQ==, body: {id: "{{ job.id }}", at: "{{ now }}"}}
"""
KINDS = (
    "invalid unauthenticated unknown_key revoked not_found method_not_allowed too_large media_type rate_limited no_rule"
)
OPERATIONS = """
all:
  route: POST /all/{id}
  let: {sort: "{{ made.id | default(own) }}", size: "{{ 1 }}"}
  checks: [{when: {expr: "{{ sort }}"}, error: invalid, message: "{{ path.id }}"}]
  settle: {calls: "{{ own }}"}
  headers: {X-Own: "{{ own | default('') }}"}
  rules:
    - when: {expr: "{{ body.x in notes and switches and caller.tier }}"}
      let: {own: "{{ answer.text }}"}
      do: [{put: notes, id: a, record: {by: "{{ own }}"}, as: made}]
      reply:
        headers: {X-Made: "{{ made.id }}"}
        body:
          list: {$each: "{{ body.list }}", as: one, $if: "{{ one.ok }}", value: ["{{ one }}", "{{ index }}"]}
          items: {$each: "{{ range(3) }}", value: {$each: "{{ item }}", as: two, value: "{{ item }}{{ two }}"}}
          literal: {$literal: "{{ nothing.at.all }}"}
          "{{ query.name }}": "{{ job('a').status }}{{ keys | length }}"
          text: |
            {% set n = namespace(total=0) %}{% macro m(a) %}{{ a }}{{ varargs }}{% endmacro %}
            {% for each in body.list %}{{ loop.index }}{{ each }}{% set n.total = 1 %}{% endfor %}{{ m(header.x) }}
            {% filter upper %}{{ now }}{% endfilter %}
    - reply:
        stream:
          events: [{$each: "{{ [1] }}", data: "{{ item }}"}, {$each: "{{ [1] }}", as: x, text: "{{ x }}"}]
"""


def whole() -> str:
    """An API that uses every name where it can be had."""
    kinds = "\n    ".join(f"{kind}: {{status: 400}}" for kind in KINDS.split())
    internal = "internal: {status: '{{ error.code }}', message: '{{ error.detail }}', data: {raw: '{{ raw }}'}}"
    return api(PARTS.replace("KINDS", f"{kinds}\n    {internal}"), OPERATIONS)


def test_every_name_may_be_used_where_it_can_be_had(library: Library) -> None:
    scenario = """
rules:
  - on: all
    let: {mine: "{{ sort }}"}
    do: [{start: work, id: a, as: begun}]
    reply: {body: "{{ mine }}{{ begun.id }}"}
  - {reply: {body: ["{{ notes.a }}", {$merge: [{a: "{{ size }}"}]}]}}
"""
    demo = library.load(api=whole(), story=STORY + scenario).apis["demo"]
    assert len(demo.operations["all"].rules.rules) == 4  # its own two, and those of the scenario


@pytest.mark.parametrize(
    "text",
    [
        "reply: {body: «'{{ boddy.x }}'}",
        "reply: {body: [1, {a: «'{{ request.id }} {{ boddy }}'}]}",
        "reply: {body: {$if: «'{{ boddy }}', then: 1}}",
        "reply: {body: {$each: «'{{ boddy }}', as: boddy, value: '{{ boddy }}'}}",
        "reply: {body: [{$each: [1], as: boddy, value: 1}, «'{{ boddy }}']}",
        "reply: {body: «'{% for each in boddy %}{{ each }}{% endfor %}'}",
        "reply: {body: «'{{ 1 if body else (boddy | default(2)) }}'}",
        "reply: {status: «'{{ boddy.status }}', headers: {X: «'{{ boddy }}'}}",
        "reply: {error: invalid, message: «'{{ boddy }}', data: {x: «'{{ boddy }}'}}",
        "reply: {stream: {events: [{$each: '{{ [1] }}', as: one, data: {a: «'{{ boddy }}'}}]}}",
        "{when: {expr: «'{{ boddy.x }}'}, reply: {}}",
        "{when: {body.x: «'{{ boddy.x }}'}, reply: {}}",
        "{when: «'{{ boddy.x }}', reply: {}}",
        "{let: {a: «'{{ boddy }}'}, do: [{put: keys, id: «'{{ boddy }}', when: «'{{ boddy }}'}], reply: {}}",
    ],
)
def test_a_name_that_nothing_has_is_refused_where_it_stands(library: Library, text: str) -> None:
    said = library.refused(api=rule(text))
    assert {each.partition(";")[0] for each in said} == {"unknown name 'boddy'"}
    assert all(each.endswith("did you mean 'body'?") for each in said)
    text = text if text.startswith("{") else f"{{{text}}}"
    assert library.refused(api=api(), story=f"{STORY}rules:\n  - {text}\n") == said


def test_what_a_rule_names_itself_is_not_there_for_its_when_nor_for_another_rule(library: Library) -> None:
    text = """
      echo.create:
        route: POST /echo
        rules:
          - {when: {expr: «"{{ own }}"}, let: {own: 1}, reply: {}}
          - {reply: {body: «"{{ own }}"}}
    """
    assert len(library.refused(api=api(operations=text))) == 2


@pytest.mark.parametrize(
    "more",
    [
        'headers: {X: «"{{ key }}"}',
        'cost: {calls: «"{{ error.kind }}"}',
        'answers: {chat: {messages: «"{{ bdoy }}"}}',
        'unknown_keys: {tier: t, workspace: «"{{ kye }}"}\ntiers: {t: {}}',
        'jobs: {work: {timeline: {done: 0s}, webhook: {url: «"{{ jbo.url }}", secret: a, body: {}}}}',
    ],
)
def test_parts_of_an_api_have_names_of_their_own(library: Library, more: str) -> None:
    (said,) = library.refused(api=api(f"{more}\n"))
    assert said.startswith("unknown name ")


def test_a_scenario_may_use_what_one_of_the_operations_has_that_its_rule_is_for(library: Library) -> None:
    text = """
      one: {route: GET /one, let: {sort: 1}, rules: []}
      two: {route: GET /two, rules: []}
    """
    story = STORY + 'rules:\n  - {on: [one, two], reply: {body: "{{ sort }}"}}\n'
    library.load(api=api(operations=text), story=story)
    (said,) = library.refused(api=api(operations=text), story=story.replace("[one, two]", "two").replace('"{{', '«"{{'))
    assert said.startswith("unknown name 'sort'; ")
