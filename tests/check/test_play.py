"""Every operation is played once, in this process; templates that fail are reported where they stand."""

from __future__ import annotations

import pytest

from emulator import app
from emulator.check.play import play
from tests.check.checking import loaded, messages
from tests.library import STORY, Library, api, rule

HEAD = """\
keys: {k: {workspace: w, tier: small}}
tiers: {small: {data: {size: 1}}, large: {}}
auth: [{header: X-Key}]
jobs:
  work:
    timeline: {working: 0s, done: 1h}
    webhook: {url: 'http://127.0.0.1:9/', secret: «'{{ job.data.secret }}', body: 1}
"""


def found(library: Library, text: str, story: str = STORY) -> list[str]:
    return messages(library, play(loaded(library, text, story).playbook), text, story)


@pytest.mark.finding("F2")
def test_a_template_that_fails_when_nothing_optional_is_sent_is_found(library: Library) -> None:
    operations = """\
list:
  route: GET /list
  query: {type: object, required: [limit], properties: {limit: {type: integer, minimum: 3}, after: {type: string}}}
  rules: [{reply: {body: [«'{{ query.after }}', '{{ query.limit }}']}}]
"""
    assert found(library, api(operations=operations)) == [
        "`query.after` is absent; if it may be missing, write `query.after | default(none)` "
        "(playing list with nothing optional)"
    ]


def test_an_example_is_played_with_what_an_earlier_one_answers(library: Library) -> None:
    operations = """\
make:
  route: POST /things
  request: {type: object, required: [size]}
  examples: [{body: {size: big}}]
  rules:
    - {do: [{put: things, record: {id: one, size: '{{ body.size }}'}, as: thing}], reply: {body: '{{ thing }}'}}
show:
  route: GET /things/{id}
  examples: [{path: {id: {from: make, at: id}}}]
  rules:
    - {when: '{{ not things[path.id] }}', reply: {error: not_found}}
    - {reply: {body: «'{{ things[path.id].colour }}'}}
"""
    (message,) = found(library, api("collections: {things: {}}\n", operations))
    assert "is absent" in message
    assert message.endswith("(playing example 1 of show)")


def test_a_rule_is_played_with_what_it_compares(library: Library) -> None:
    when = "when: {header.x-mood: sad, query.n: '3'}"
    story = STORY + f"rules:\n  - {{on: echo.create, {when}, reply: {{body: «'{{{{ 1 // (query.n | int - 3) }}}}'}}}}\n"
    (message,) = found(library, rule("reply: {body: 1}"), story)
    assert message.endswith(f"(playing echo.create as the rule {library.folder}/story.yaml:5:5 wants it)")


@pytest.mark.finding("F1")
def test_every_tier_plays_and_webhooks_are_written_but_not_sent(library: Library) -> None:
    operations = """\
start:
  route: POST /start
  rules: [{do: [{start: work, data: {a: 1}}], reply: {body: 1}}]
size:
  route: GET /size
  rules: [{reply: {body: «'{{ caller.plan.size }}'}}]
"""
    webhook, size = found(library, api(HEAD, operations))
    assert webhook.startswith("`job.data.secret` is absent")
    assert size.endswith("(playing size with nothing optional by a key of the tier 'large')")


def test_what_is_done_at_the_end_of_a_job_is_played_too(library: Library) -> None:
    jobs = "jobs: {work: {timeline: {done: 1h}, do: [{put: things, record: {id: x, a: «'{{ job.data.a }}'}}]}}\n"
    start = "start: {route: POST /start, rules: [{do: [{start: work}], reply: {body: 1}}]}\n"
    (message,) = found(library, api(jobs + "collections: {things: {}}\n", start))
    assert message.startswith("`job.data.a` is absent")


@pytest.mark.finding("F2")
def test_errors_are_played_too(library: Library) -> None:
    errors = "errors: {shape: {who: «'{{ caller.workspace }}', what: '{{ error.message }}'}}\n"
    (message,) = found(library, api(errors + HEAD[: HEAD.index("jobs:")]))
    assert message.startswith("`caller.workspace` is absent")
    assert message.endswith("(playing a request without a key)")


def test_faults_and_delays_are_left_out(library: Library) -> None:
    story = STORY + "latency: {reply: 1h}\nrules: [{fault: {timeout: 1h}}, {fault: reset_peer}]\n"
    assert found(library, rule("reply: {stream: {events: [{data: 1, wait: 1h}]}}"), story) == []


@pytest.mark.slow
def test_what_comes_with_the_emulator_plays() -> None:
    assert play(app.load(("default",))) == []
