"""What is wrong with a `when` is told with its place, all of it at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from emulator.compile.when import CALLER_FIELDS, REQUEST_NAMES, FieldNames
from emulator.engine.context import CONDITION_MAKERS
from tests.library import STORY, Library, api, operation
from tests.running import Emulated, Running
from tests.small import KEY, play


def test_everything_that_is_wrong_in_one_when_is_told_at_once(library: Library) -> None:
    wrong = """\
        checks:
          - error: invalid
            when:
              body.model: «{matches: a, mathces: b}
              body.n: «{gt: true}
              body.text: «{present: no}
              times: «0
              nth: «true
              expr: «body.stream
              jsonpath:
                $.a[: «1
                $.b: «{lenght: 1}
              body.list: «["{{ body.a }}", b]
              bodi.stream: «true
        rules: [{reply: {body: 1}}]
        """
    assert library.refused(api=operation(wrong)) == [
        "body.model: unknown operator 'mathces'; expected one of: matches, contains, gt, gte, lt, lte, not, present, "
        "length; did you mean 'matches'?",
        "body.n: True has no order; expected a number or a text",
        "body.text: expected present: true or present: false; found 'no'",
        "0 is not a count; expected a whole number from 1",
        "True is not a count; expected a whole number from 1",
        "'body.stream' is not an expression; expected {{ … }}",
        "'$.a[' is not a JSONPath: unexpected end of query",
        "$.b: unknown operator 'lenght'; expected one of: matches, contains, gt, gte, lt, lte, not, present, length; "
        "did you mean 'length'?",
        "body.list: a template can't stand in a list or an operator; use expr: '{{ … }}'",
        "unknown name 'bodi'; expected one of: body, query, header, path, caller, request, now, limits, switches, "
        "prompt, answer, keys; did you mean 'body'?",
    ]


@pytest.mark.parametrize(
    ("when", "message"),
    [
        ("«[body.model]", "`when` is a mapping of fields, or one {{ expression }}"),
        ("«5", "`when` is a mapping of fields, or one {{ expression }}"),
        ("«body.stream", "'body.stream' is not an expression; expected {{ … }}"),
        ("{jsonpath: «$.a}", "jsonpath: expected a mapping of queries, as in {'$.a.b': value}"),
        (
            "{caller.teir: «free}",
            "caller has no 'teir'; expected one of: key, masked, workspace, tier, name, data, plan; "
            "did you mean 'tier'?",
        ),
        ("{switches.mood: «on}", "switches has no 'mood'; there are none"),
        ("{path.id: «5}", "path has no 'id'; expected one of: echo_id"),
        (
            "{body.a: «{}}",
            "body.a: an operator is missing; expected one of: matches, contains, gt, gte, lt, lte, not, "
            "present, length",
        ),
    ],
)
def test_a_when_that_can_not_work_is_refused(library: Library, when: str, message: str) -> None:
    text = operation(f"rules: [{{when: {when}, reply: {{body: 1}}}}]", route="POST /echo/{echo_id}")
    assert library.refused(api=text) == [message]


@pytest.mark.finding("F3")
@pytest.mark.parametrize(
    ("path", "spelling"),
    [
        ("body.messages[2].role", "body.messages.2.role"),
        ("body.messages[-1].content[ 0 ]", "body.messages.last.content.0"),
        ("header['X-Mood']", "header.X-Mood"),
    ],
)
def test_brackets_in_a_path_are_refused_with_the_right_spelling(library: Library, path: str, spelling: str) -> None:
    text = operation(f'rules: [{{when: {{"{path}": «1}}, reply: {{body: 1}}}}]')
    assert library.refused(api=text) == [f"brackets can't stand in a path; write {spelling!r}"]


def test_an_expression_that_can_not_be_read_is_refused_where_it_stands(library: Library) -> None:
    (message,) = library.refused(api=operation('rules: [{when: {expr: «"{{ body. }}"}, reply: {body: 1}}]'))
    assert "expected a name after the '.'" in message


def test_a_when_may_speak_of_the_request_the_collections_and_what_let_defines(library: Library) -> None:
    demo = library.demo(
        api(
            """\
            collections: {models: {}}
            switches: {mood: {default: calm, choices: [calm]}}
            """,
            """\
            echo.create:
              route: GET /echo/{echo_id}
              aliases: [{route: "GET /old/{old_id}"}]
              let: {model: "{{ models[path.echo_id] }}"}
              rules:
                - when: {model.family: a, models.x: b, switches.mood: calm, path.echo_id: "1", path.old_id: "2"}
                  let: {later: "{{ 1 }}"}
                  reply: {body: 1}
            """,
        )
    )
    (only,) = demo.operations["echo.create"].rules.rules
    assert [check.subject for check in only.matcher.checks] == [
        "model.family",
        "models.x",
        "switches.mood",
        "path.echo_id",
        "path.old_id",
    ]


def test_what_the_rule_itself_defines_comes_too_late_for_its_when(library: Library) -> None:
    text = operation("rules: [{let: {later: 1}, when: {later: «1}, reply: {body: 1}}]")
    (message,) = library.refused(api=text)
    assert message.startswith("unknown name 'later'")


def test_the_when_of_a_scenario_is_held_against_the_operations_it_is_for(library: Library) -> None:
    story = STORY + "rules:\n  - {on: echo.create, when: {body.a: 1, bodyy.a: «1}, reply: {body: 1}}\n"
    (message,) = library.refused(api=api(), story=story)
    assert message.startswith("unknown name 'bodyy'")


def test_a_scenario_may_speak_of_what_one_of_the_operations_knows_that_its_rule_is_for(library: Library) -> None:
    text = api(
        operations="""\
        echo.create: {route: "POST /echo/{echo_id}", let: {model: "{{ body.model }}"}, rules: []}
        ping: {route: GET /ping, rules: []}
        """
    )
    story = STORY + "rules:\n  - {when: {model.family: a, path.echo_id: '1', %s}, reply: {body: 1}}\n"
    library.demo(text, story % "body.a: 1")
    assert library.refused(api=text, story=story % "path.echo: «1")[0].startswith("path has no 'echo'")
    only = story.replace("- {when", "- {on: ping, when").replace("family: a", "family: «a").replace("'1'", "«'1'")
    assert len(library.refused(api=text, story=only % "body.a: 1")) == 2


def test_the_names_of_a_request_are_those_that_serving_gives(emulator: Emulated) -> None:
    service = emulator.app.pipeline.services["aixplain"]
    given = set(service.makers) - set(service.api.collections) - set(CONDITION_MAKERS)
    assert set(REQUEST_NAMES) == given | {"body", "query"}


def test_the_fields_of_a_caller_are_those_that_serving_gives(running: Running, tmp_path: Path) -> None:
    emulated = play(running, tmp_path, "echo: {route: GET /echo, rules: [{reply: {body: '{{ caller }}'}}]}\n")
    assert tuple(emulated.client("small").get("/echo", headers=KEY).json()) == CALLER_FIELDS
    emulated.close()


def test_names_of_two_operations_together_are_those_of_either() -> None:
    both = FieldNames(["path", "one"], {"path": ["a"]}) | FieldNames(["path", "two"], {"path": ["b"]})
    assert [both.diagnose(dotted) for dotted in ("one.x", "two.x", "path.a", "path.b")] == [None, None, None, None]
    assert both.diagnose("path.c") == "path has no 'c'; expected one of: a, b"


def test_a_path_may_end_at_a_name_whose_fields_are_known() -> None:
    assert FieldNames(below={"switches": ["mood"]}).diagnose("switches") is None
