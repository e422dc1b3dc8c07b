"""Scenarios and APIs become a playbook, or all their complaints and nothing."""

from __future__ import annotations

import pytest

from emulator import paths as resources
from emulator.app import LANGUAGE, load
from emulator.compile.loader import Loader
from emulator.errors import DocumentError
from emulator.language.document.durations import FixedLatency
from emulator.playbook.apis import Operation
from tests.documents import parse_anew
from tests.library import STORY, Library, api, operation

RULES = "rules: [{reply: {body: own}}]\n"


def said(found: Operation) -> list[object]:
    """The bodies of an operation's rules, in order."""
    return [rule.reply.body.value({}) for rule in found.rules.rules if rule.reply and rule.reply.body]


@pytest.mark.parametrize("name", ["default", "demo", "strict", "outage"])
def test_what_was_read_is_not_changed_by_what_is_made_of_it(name: str) -> None:
    loader = Loader(resources.scenarios(), resources.fixtures(), LANGUAGE)
    loader.load((name,))
    read = [*loader.documents, *loader.fixtures._documents.values()]
    assert len(read) > len(loader.changes)
    for document in read:
        assert document.data == parse_anew(document.path.read_bytes(), document.file).data


def test_the_rules_of_a_scenario_stand_before_those_of_the_api(library: Library) -> None:
    story = STORY + "rules: [{on: echo.create, reply: {body: 1}}, {reply: {body: 2}}]\n"
    assert said(library.echo(operation(RULES), story)) == [1, 2, "own"]


def test_the_rules_of_several_scenarios_stand_in_their_order_and_the_common_base_last(library: Library) -> None:
    library.write("apis/demo.yaml", operation(RULES))
    library.write("base.yaml", STORY.replace("story", "base") + "rules: [{reply: {body: base}}]\n")
    for name in ("a", "b"):
        text = f"scenario: {name}\nabout: A test.\nextends: base\nrules: [{{reply: {{body: {name}}}}}]\n"
        library.write(f"{name}.yaml", text)
    playbook = library.load("a", "b")
    assert said(playbook.operation("demo", "echo.create")) == ["a", "b", "base", "own"]
    assert playbook.scenarios == ("a", "b", "base")


@pytest.mark.parametrize(
    ("on", "operations"),
    [
        ("echo.create", ["echo.create"]),
        ("echo.*", ["echo.create", "echo.list"]),
        ("demo/*", ["echo.create", "echo.list", "ping"]),
        ("demo/echo.list", ["echo.list"]),
        ("'*'", ["echo.create", "echo.list", "ping"]),
        ("[ping, '*.list']", ["echo.list", "ping"]),
    ],
)
def test_a_rule_is_for_the_operations_that_on_names(library: Library, on: str, operations: list[str]) -> None:
    text = api(
        operations="".join(
            f"{name}: {{route: GET /{name}, rules: []}}\n" for name in ("echo.create", "echo.list", "ping")
        )
    )
    found = library.demo(text, STORY + f"rules: [{{on: {on}, reply: {{body: 1}}}}]\n").operations
    assert sorted(name for name, each in found.items() if said(each)) == operations


def test_a_name_in_on_that_no_operation_has_is_refused_where_it_stands(library: Library) -> None:
    story = STORY + (
        "rules:\n"
        "  - {on: «ecko.create, reply: {body: 1}}\n"
        "  - {on: [echo.create, «demo/ecko.*, «other/*], reply: {body: 1}}\n"
    )
    assert library.refused(api=api(), story=story) == [
        "no operation is called 'ecko.create'; expected one of: echo.create; did you mean 'echo.create'?",
        "no operation is called 'demo/ecko.*'; expected one of: demo/echo.*; did you mean 'demo/echo.*'?",
        "no operation is called 'other/*'; no API 'other'; expected one of: demo",
    ]


@pytest.mark.finding("F8")
def test_a_slash_between_operations_is_a_dot(library: Library) -> None:
    story = STORY + "rules: [{on: «echo/*, reply: {body: 1}}]\n"
    assert library.refused(api=api(), story=story) == [
        "no operation is called 'echo/*'; did you mean 'echo.*'? A '/' stands after the name of an API, as in demo/*"
    ]


@pytest.mark.finding("F8")
def test_everything_is_reported_in_one_pass(library: Library) -> None:
    operations = """\
echo.create:
  route: POST /echo
  «summry: x
  auth: «5
  checks: [{when: «'{{ 1 + }}', error: «invald}]
  rules:
    - {reply: {«boddy: 1}}
    - {reply: {body: «'{{ nofunction() }}', status: «x}}
    - {reply: {error: «teapt}}
"""
    story = STORY + (
        "«latencie: 1s\n"
        "rules:\n"
        "  - {on: «ecko, reply: {«bdy: 1}}\n"
        "  - {on: echo.create, when: {body.a: «{mathces: x}}, reply: {body: 1}}\n"
    )
    text = api("tiers: {free: {«limit: {}}, pro: {limits: {calls: «many}}}\n", operations)
    assert len(library.refused(api=text, story=story)) == 14


@pytest.mark.finding("F8")
def test_a_rule_for_no_operation_is_checked_all_the_same(library: Library) -> None:
    story = STORY + (
        "rules:\n"
        "  - {on: «ecko, when: {body.a: «{contians: x}}, reply: {body: «'{{ nofunction() }}', status: «999}}\n"
        "  - {on: «ecko.*, reply: {error: «nosuch}, fault: {«nofault: 1}}\n"
        "  - {on: «ecko.*, reply: {body: '{{ itself.let }}', status: 201}}\n"
    )
    assert len(library.refused(api=api(), story=story)) == 8


@pytest.mark.finding("F8")
def test_what_a_scenario_says_is_checked_although_what_it_extends_is_unknown(library: Library) -> None:
    story = "scenario: story\nextends: «bse\nrules:\n  - {on: «ecko, reply: {body: 1}}\n"
    base = STORY.replace("scenario: story", "scenario: base", 1)
    assert len(library.refused(**{"api": api(), "base.yaml": base, "story": story})) == 2


def test_what_is_left_out_of_a_file_does_not_make_other_parts_wrong(library: Library) -> None:
    text = api(
        "tiers: {free: «5}\nkeys: {k: {workspace: w, tier: free}}\n",
        "echo.create: {route: POST /echo, rules: [{do: [{start: work}], reply: «5}]}\n",
    )
    text = text.replace("operations:", "jobs: {work: {timeline: «5}}\noperations:")
    assert len(library.refused(api=text)) == 3


def test_changes_are_laid_over_the_api_the_extending_scenario_uppermost(library: Library) -> None:
    text = api(
        """\
        switches: {mood: {default: calm, choices: [calm, wild, sad]}, pace: {default: slow, choices: [slow, fast]}}
        tiers: {free: {limits: {calls: 1/minute}}, pro: {}}
        keys: {one: {workspace: w, tier: free}}
        """
    )
    library.write("apis/demo.yaml", text)
    library.write("base.yaml", "scenario: base\nabout: x\napis: {demo: {switches: {mood: wild, pace: fast}}}\n")
    changes = "{switches: {mood: sad}, keys: {two: {workspace: w, tier: pro}}, unknown_keys: {tier: pro, workspace: u}}"
    library.write("top.yaml", f"scenario: top\nabout: x\nextends: base\napis: {{demo: {changes}}}\n")
    demo = library.load("top").apis["demo"]
    assert demo.switches == {"mood": "sad", "pace": "fast"}
    assert {name: key.tier for name, key in demo.keys.items()} == {"one": "free", "two": "pro"}
    assert demo.unknown is not None
    assert list(demo.collections["keys"].records) == ["one", "two"]
    assert library.load("base").apis["demo"].switches == {"mood": "wild", "pace": "fast"}


def test_of_several_scenarios_the_first_has_the_last_word(library: Library) -> None:
    library.write("apis/demo.yaml", api("switches: {mood: {default: calm, choices: [calm, wild, sad]}}\n"))
    for name in ("wild", "sad"):
        library.write(f"{name}.yaml", f"scenario: x\nabout: x\napis: {{demo: {{switches: {{mood: {name}}}}}}}\n")
    assert library.load("wild", "sad").apis["demo"].switches == {"mood": "wild"}
    assert library.load("sad", "wild").apis["demo"].switches == {"mood": "sad"}


def test_latencies_are_taken_from_the_first_scenario_that_has_them(library: Library) -> None:
    library.write("apis/demo.yaml", api())
    library.write("base.yaml", STORY + "latency: {reply: 1s, token: 2s}\n")
    library.write("top.yaml", "scenario: top\nabout: x\nextends: base\nlatency: {token: 5ms}\n")
    latency = library.load("top").latency
    assert (latency.reply, latency.first_token, latency.token) == (FixedLatency(1.0), None, FixedLatency(0.005))


def test_an_api_of_ones_own_may_lie_beside_the_scenario_or_in_apis_beside_it(library: Library) -> None:
    library.write("mine/near.yaml", api(name="near"))
    library.write("mine/apis/nearer.yml", api("base: /n\n", name="nearer"))
    library.write("mine/story.yaml", "scenario: mine\nabout: x\napis: {near: , nearer: }\n")
    playbook = library.load(str(library.folder / "mine/story.yaml"))
    assert list(playbook.apis) == ["near", "nearer"]
    assert [path.name for path in playbook.files] == ["story.yaml", "near.yaml", "nearer.yml"]


def test_fixtures_are_among_the_files_of_a_playbook(library: Library) -> None:
    library.write("fixtures/demo/models.yaml", "- {id: a}\n")
    playbook = library.load(api=api("collections: {models: {from: demo/models.yaml}}\n"))
    assert [path.name for path in playbook.files] == ["story.yaml", "demo.yaml", "models.yaml"]


def test_an_unknown_api_is_refused_where_it_is_named(library: Library) -> None:
    library.write("apis/demo.yaml", api())
    story = "scenario: story\nabout: x\napis:\n  «dmeo:\n  demo:\n"
    assert library.refused(story=story) == ["no API 'dmeo'; expected one of: demo; did you mean 'demo'?"]


def test_a_scenario_that_serves_no_api_is_refused(library: Library) -> None:
    assert library.refused(story="«scenario: story\nabout: x\n") == [
        "this scenario serves no API; add `extends: default` or `apis:`"
    ]


def test_an_api_has_the_name_of_its_file(library: Library) -> None:
    text = api("api: «other\n")
    assert library.refused(api=text) == ["this file is demo.yaml, but the API is called 'other'; expected 'demo'"]


def test_a_scenario_may_only_cite_claims_of_the_apis_that_it_serves(library: Library) -> None:
    story = STORY + "rules: [{claims: [D-ONE, «D-TWO], reply: {body: 1}}]\n"
    text = api("claims: {D-ONE: {class: documented, says: One.}}\nserves: [D-ONE]\n")
    assert library.refused(api=text, story=story) == [
        "unknown claim 'D-TWO'; expected one of: D-ONE; did you mean 'D-ONE'?"
    ]


def test_a_rule_for_several_apis_holds_for_each_only_the_claims_of_that_api(library: Library) -> None:
    library.write("apis/demo.yaml", api("claims: {D-ONE: {class: documented, says: One.}}\n"))
    library.write("apis/more.yaml", api("base: /m\nclaims: {M-ONE: {class: inferred, says: One.}}\n", name="more"))
    story = "scenario: s\nabout: x\napis: {demo: , more: }\nrules: [{claims: [D-ONE, M-ONE], reply: {body: 1}}]\n"
    library.write("story.yaml", story)
    playbook = library.load()
    assert [playbook.operation(name, "echo.create").rules.rules[0].claims for name in ("demo", "more")] == [
        ("D-ONE",),
        ("M-ONE",),
    ]


def test_everything_that_is_wrong_in_all_files_is_told_at_once(library: Library) -> None:
    messages = library.refused(
        api=api(
            """\
            hosts: [demo.test]
            tiers: {free: {limits: {calls: 1/minute}}}
            keys: {one: {workspace: w, tier: «fre}}
            statistics: «nowhere.yaml
            """,
            """\
            echo.create:
              route: POST /echo/{id}
              host: «dmeo.test
              answer: «nobody
              rules:
                - {when: {body.a: «{gtt: 1}}, reply: {error: «invalidd}}
                - {reply: {body: «"{{ nofunction() }}"}, do: [{put: «things, record: {}}]}
            """,
        ),
        story=STORY.replace("{demo: }", "{demo: {switches: {mood: «wild}}}")
        + "latency: {reply: «soon}\nrules: [{on: «nothing, reply: {body: 1}}]\n",
    )
    assert [message.partition(";")[0] for message in messages] == [
        "unknown tier 'fre'",
        "no fixture 'nowhere.yaml' below fixtures/ or beside this file",
        "unknown host 'dmeo.test'",
        "unknown answer 'nobody'",
        "body.a: unknown operator 'gtt'",
        "unknown error 'invalidd'",
        "unknown function 'nofunction'",
        "unknown collection 'things'",
        "unknown switch 'mood'",
        "expected a duration such as '340ms', '15d' or '1s + 10ms each' (units: ms, s, m, h, d)",
        "no operation is called 'nothing'",
    ]


def test_what_serving_finds_wrong_is_told_together_with_what_loading_finds(library: Library) -> None:
    text = api("tiers: {free: {limits: {calls: «sixty}}}\nkeys: {one: {workspace: w, tier: «fre}}\n")
    path = library.write("mine/demo.yaml", text)
    story = library.write("mine/story.yaml", STORY)
    with pytest.raises(DocumentError) as caught:
        load((str(story),))
    places = [str(complaint.place) for complaint in caught.value.diagnostics]
    rows = {row: line for row, line in enumerate(text.splitlines(), 1) if "«" in line}
    assert places == [f"{path}:{row}:{line.index('«') + 1}" for row, line in rows.items()]


def test_complaints_of_a_scenario_do_not_hide_those_of_the_api_that_another_one_names(library: Library) -> None:
    messages = library.refused(
        "wrong",
        "story",
        **{"wrong.yaml": "scenario: wrong\nabout: x\n«rulez: []\n"},
        api=operation("answer: «nobody\nrules: []"),
    )
    assert len(messages) == 2


def test_a_yaml_error_is_told_with_its_place(library: Library) -> None:
    (message,) = library.refused(api=api() + "about: A line«: with a colon\n")
    assert message.startswith("a ':' can't stand here")
