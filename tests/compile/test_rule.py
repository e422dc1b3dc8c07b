"""A rule that can't work is refused, each mistake at its own place."""

from __future__ import annotations

import pytest

from emulator.faults.response import Latency
from emulator.playbook.model import StepPlan
from tests.library import STORY, Library, api, rule

COLLECTIONS = "collections: {things: {}}\njobs: {batch: {timeline: {queued: 0s, done: 1s}}}\n"


def step(library: Library, text: str) -> StepPlan:
    (compiled,) = library.echo(rule(f"do: [{text}]\nreply: {{body: 1}}", COLLECTIONS)).rules.rules[0].steps
    return compiled


@pytest.mark.parametrize(
    ("text", "messages"),
    [
        ("«when: {body.a: 1}", ["a rule needs a reply or a fault"]),
        ("on: «echo.create\nreply: {body: 1}", ["`on` is for a scenario's rules"]),
        (
            "do: [{remove: keys, id: a, missing: «create}]\nreply: {body: 1}",
            ["unknown outcome of `remove` 'create'; expected one of: skip, fail"],
        ),
        (
            "do: [{put: keys, id: a, missing: «skip}]\nreply: {body: 1}",
            ["`put` takes no `missing`; it takes id, record, ttl"],
        ),
        ("reply: {error: invalid, status: «700}", ["700 is not a status; expected 200 to 599"]),
        ("reply: «{body: 1, text: x}", ["a reply has one of body, text, lines, stream and error, not body and text"]),
        ("reply: {error: «invaild}", ["unknown error 'invaild'"]),
        ("reply: {status: «600, body: 1}", ["600 is not a status; expected 200 to 599"]),
        ("reply: {status: «'200', body: 1}", ["'200' is not a status; expected 200 to 599"]),
        ("reply: {status: «true, body: 1}", ["True is not a status; expected 200 to 599"]),
        (
            "reply: {body: 1, message: «x, param: «y}",
            ["`message` goes with `error`, which is missing", "`param` goes with `error`, which is missing"],
        ),
        (
            "reply: {body: {a: «'{{ 1 +  }}', b: [«'{{ nofunction() }}']}}",
            ["a value is missing at the end", "unknown function 'nofunction'"],
        ),
        ("reply: {body: 1, headers: {«X Bad: 1}}", ["'X Bad' can't be the name of a header"]),
        ("reply: {body: 1, headers: {«Content-Length: 3}}", ["the server itself writes Content-Length"]),
        ("reply: {body: 1, headers: {«Connection: close}}", ["the server itself writes Connection"]),
        ("reply: {body: 1, headers: {X-Note: «a…}}", ["the header X-Note can't hold 'a…'; expected printable ASCII"]),
        ('reply: {body: 1, headers: {X-Note: «"a\\nb"}}', ["the header X-Note can't hold 'a\\nb'"]),
        ("reply: {stream: {events: [«{event: x}]}}", ["an event has either data (JSON) or text"]),
        ("reply: {stream: {events: [«{data: 1, text: x}]}}", ["an event has either data (JSON) or text"]),
        ("reply: {stream: {events: [{data: 1, $if: «body.a}]}}", ["'body.a' is not an expression; expected {{ … }}"]),
        (
            "reply: {stream: {events: [{event: «'{{ body.a }}', data: 1}]}}",
            ["the name of an event is one line of plain"],
        ),
        (
            "reply: {stream: {events: [], pace: {first: «soon, each: «{uniform: 1}}}}",
            ["expected a duration such as", "expected two durations, as in {uniform: [100ms, 300ms]}"],
        ),
        ("let: {a: «'{{ nofunction() }}'}\nreply: {body: 1}", ["unknown function 'nofunction'"]),
        ("fault: «latencie", ["unknown fault 'latencie'"]),
        ("fault: {«latencie: 1s}", ["unknown fault 'latencie'"]),
        ("fault: [latency: 1s, «latencie: 1s, «cut]", ["unknown fault 'latencie'", "unknown fault 'cut'"]),
        ("fault: «5", ["a fault is a name, or {name: parameters}"]),
        ("fault: {«latency: soon}", ["fault latency: delay: expected a duration"]),
        ("fault: {«latency: {fixed: 1s}}", ["fault latency: unknown parameter 'fixed'"]),
        ("claims: [«D-NONE]\nreply: {body: 1}", ["unknown claim 'D-NONE'"]),
    ],
)
def test_a_wrong_rule_is_refused(library: Library, text: str, messages: list[str]) -> None:
    found = library.refused(api=rule(text))
    assert len(found) == len(messages)
    for message, expected in zip(found, messages, strict=True):
        assert expected in message


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "«{id: a}",
            "a step has exactly one verb; expected one of: put, update, append, upsert, remove, start, cancel",
        ),
        ("«{put: things, remove: things, id: a}", "a step has exactly one verb"),
        (
            "{put: «thigns, record: {}}",
            "unknown collection 'thigns'; expected one of: things, keys; did you mean 'things'?",
        ),
        ("{start: «batsch}", "unknown kind of job 'batsch'; expected one of: batch; did you mean 'batch'?"),
        ("«{update: things, set: {}}", "`update` needs `id`"),
        ("«{update: things, id: a}", "`update` needs `set`"),
        ("«{append: things, id: a}", "`append` needs `values`"),
        ("«{remove: things}", "`remove` needs `id`"),
        ("{put: things, record: {}, set: «{}}", "`put` takes no `set`; it takes id, record, ttl"),
        ("{remove: things, id: a, ttl: «1s}", "`remove` takes no `ttl`; it takes id"),
        ("{cancel: a, id: «a}", "`cancel` takes no `id`; it takes missing"),
        ("{cancel: «'{{ nofunction() }}'}", "unknown function 'nofunction'"),
        ("{put: things, record: {a: «'{{ nofunction() }}'}}", "unknown function 'nofunction'"),
        ("{put: things, record: {}, when: «body.a}", "'body.a' is not an expression; expected {{ … }}"),
        ("{put: things, record: {}, ttl: «40000d}", "expected at most 36500d"),
    ],
)
def test_a_wrong_step_is_refused(library: Library, text: str, message: str) -> None:
    (found,) = library.refused(api=rule(f"do: [{text}]\nreply: {{body: 1}}", COLLECTIONS))
    assert message in found


def test_a_step_keeps_its_verb_its_target_and_its_arguments(library: Library) -> None:
    put = step(library, "{put: things, id: a, record: {b: '{{ body.b }}'}, ttl: 2m, as: thing, when: '{{ body.b }}'}")
    assert (put.verb, put.target, put.bind, put.ttl) == ("put", "things", "thing", 120.0)
    assert put.arguments["record"].value({"body": {"b": 5}}) == {"b": 5}
    assert put.when is not None
    assert not put.when.true({"body": {}})


@pytest.mark.parametrize(
    ("text", "target", "arguments"),
    [
        ("{append: things, id: a, field: list, values: [1]}", "things.list", {"id": "a", "values": [1]}),
        ("{append: things, id: a, values: 1}", "things.items", {"id": "a", "values": 1}),
        ("{cancel: '{{ 5 }}'}", "", {"id": 5}),
        (
            "{start: batch, items: [1], data: {a: 1}, result: ok}",
            "batch",
            {"items": [1], "data": {"a": 1}, "result": "ok"},
        ),
        ("{remove: keys, id: k}", "keys", {"id": "k"}),
    ],
)
def test_each_verb_has_its_own_arguments(
    library: Library, text: str, target: str, arguments: dict[str, object]
) -> None:
    compiled = step(library, text)
    assert compiled.target == target
    assert {name: template.value({}) for name, template in compiled.arguments.items()} == arguments


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        ("{body: {a: 1}}", "application/json"),
        ("{text: hello}", "text/plain; charset=utf-8"),
        ("{stream: {events: [{data: 1}]}}", "text/event-stream"),
        ("{status: 204}", None),
        ("{status: 204, body: {}}", None),
        ("{status: 304, body: {}}", None),
        ("{status: 304, text: hello}", None),
        ("{status: 303, body: {}}", "application/json"),
        ("{}", None),
        ("{text: hello, headers: {content-type: text/html}}", "text/html"),
    ],
)
def test_a_reply_has_the_content_type_of_what_it_holds(library: Library, reply: str, kind: str | None) -> None:
    plan = library.echo(rule(f"reply: {reply}")).rules.rules[0].reply
    assert plan is not None
    lines = {name.lower().decode(): value.decode() for name, value in plan.headers.fixed}
    assert lines.get("content-type") == kind


@pytest.mark.parametrize("text", ["latency: 2s", "{latency: {delay: 2s}}", "[latency: 2s]"])
def test_a_fault_is_made_with_its_parameters(library: Library, text: str) -> None:
    (fault,) = library.echo(rule(f"fault: {text if text[0] in '[{' else '{' + text + '}'}")).rules.rules[0].faults
    assert fault.name == "latency"
    assert isinstance(fault.fault, Latency)


def test_a_rule_stands_under_its_place_and_sees_the_names_of_its_operation(library: Library) -> None:
    story = STORY + "rules:\n  - name: mine\n    let: {more: '{{ now + 1 }}'}\n    reply: {body: '{{ more }}'}\n"
    found = library.echo(rule("reply: {body: 1}"), story).rules.rules[0]
    assert found.id == f"{library.folder}/story.yaml:5:5"
    assert found.name == "mine"
    assert found.lets["more"].maybe({"now": 2}) == 3


def test_many_rules_of_which_one_is_wrong_are_refused_and_not_a_crash(library: Library) -> None:
    story = STORY + "rules:\n" + "  - {when: {body.a: 1}, reply: {body: 1}}\n" * 12
    story += "  - {when: {body.a: «{gtt: 1}}, reply: {body: 1}}\n"
    (message,) = library.refused(api=rule("reply: {body: 1}"), story=story)
    assert "unknown operator 'gtt'" in message


def counted(library: Library, rules: str, story: str = STORY) -> list[str]:
    text = api(operations=f"echo.create:\n  route: POST /echo\n  rules: [{rules}]\n")
    return [each.counted_as for each in library.echo(text, story).rules.rules]


def test_a_rule_is_counted_by_its_name_or_by_what_it_says_wherever_it_stands(library: Library) -> None:
    named, bare = "{name: mine, when: {times: 1}, reply: {body: 1}}", "{when: {times: 1}, reply: {body: 1}}"
    first = counted(library, f"{named}, {bare}")
    assert len(set(first)) == 2
    assert counted(library, f"{bare}, {{when: {{nth: 1}}, reply: {{body: 2}}}}, {named}")[::2] == first[::-1]
    assert counted(library, named.replace("times: 1", "times: 2"))[0] == first[0]
    assert counted(library, bare.replace("times: 1", "times: 2"))[0] != first[1]


@pytest.mark.parametrize("text", ["{name: same, when: {times: 1}, reply: {body: 1}}", "{when: {nth: 2}, reply: {}}"])
def test_rules_that_are_alike_are_counted_apart(library: Library, text: str) -> None:
    assert len(set(counted(library, f"{text}, {text}, {text}"))) == 3


def test_a_scenarios_rule_is_one_rule_for_all_operations_and_another_than_the_apis_own(library: Library) -> None:
    text = "{name: mine, when: {times: 1}, reply: {body: 1}}"
    operations = f"a: {{route: GET /a, rules: [{text}]}}\nb: {{route: GET /b, rules: [{text}]}}\n"
    demo = library.demo(api(operations=operations), STORY + f"rules: [{text}]\n")
    one, two = ([rule.counted_as for rule in demo.operations[name].rules.rules] for name in "ab")
    assert one[0] == two[0]
    assert len({one[0], one[1], two[1]}) == 3


def test_a_rule_without_counters_has_no_such_name_and_each_says_where_it_stands(library: Library) -> None:
    (plain,) = library.echo(rule("reply: {body: 1}")).rules.rules
    assert plain.counted_as == ""
    assert plain.id == str(plain.place)


# -------------------------------------------------------------------------------------------------- several replies


@pytest.mark.parametrize(
    ("text", "messages"),
    [
        ("reply: {body: 1}\n«replies: [{body: 2}]", ["a rule has `reply` or `replies`, not both"]),
        ("reply: {body: 1}\n«then: stay", ["`then` goes with `replies`, which are missing"]),
        (
            "replies: [{share: 1, body: 1}, «{body: 2}]",
            ["this reply has no `share`, and others have; give all of them one, or none"],
        ),
        (
            "replies: [{share: 1, body: 1}, {share: 2, body: 2}]\n«then: repeat",
            ["`then` is for replies in order; these are drawn by `share`"],
        ),
        ("reply: {body: 1, «share: 1}", ["`share` is for one of several `replies`"]),
        ("reply: {body: 1, «times: 2}", ["`times` is for one of several `replies`"]),
        ("replies: [{times: «0, body: 1}]", ["expected 1 or more; found the number 0"]),
        ("replies: [{share: 1, body: 1, «times: 2}]", ["`times` is for replies in order; these are drawn by `share`"]),
        ("replies: [{body: 1}, {error: «invaild}]", ["unknown error 'invaild'"]),
        ("replies: [{body: 1}, {body: «'{{ nobody }}'}]", ["unknown name 'nobody'"]),
        ("replies: [{share: «0, body: 1}]", ["expected more than 0; found the number 0"]),
        ("replies: [{body: 1}]\nthen: «leave", ["expected 'stay', 'repeat' or 'next'; found the text 'leave'"]),
        ("reply: {body: {$from: «nothing.json}}", ["'nothing.json' can't be read: No such file or directory"]),
        ("reply: {body: {$from: «../story.yaml}}", ["'../story.yaml' lies outside the folder of this file"]),
        ("reply: {body: {$from: «demo.yaml}}", ["'demo.yaml' is not JSON: "]),
        ("reply: {body: {$from: «demo.yaml, more: 1}}", ["`$from` names a file and stands alone"]),
        ("reply: {text: {$from: «[a]}}", ["`$from` names a file and stands alone"]),
        ("when: {any: «{}}\nreply: {body: 1}", ["any: expected a list of 1 to 100 mappings of fields"]),
        ("when: {any: «[]}\nreply: {body: 1}", ["any: expected a list of 1 to 100 mappings of fields"]),
        ("when: {any: [«{}]}\nreply: {body: 1}", ["an empty mapping holds for every request; name a field"]),
        (
            "when: {any: [{times: «1}]}\nreply: {body: 1}",
            ["`times` counts what the rule answers; write it beside `any`, not in it"],
        ),
        ("when: {any: [{bdy.a: «1}]}\nreply: {body: 1}", ["unknown name 'bdy'"]),
    ],
)
def test_wrong_replies_are_refused(library: Library, text: str, messages: list[str]) -> None:
    found = library.refused(api=rule(text))
    assert [message for message, wanted in zip(found, messages, strict=True) if not message.startswith(wanted)] == []


@pytest.mark.bound("replies of a rule")
def test_too_many_replies_are_refused(library: Library) -> None:
    many = f"replies: «[{', '.join(['{body: 1}'] * 1_001)}]"
    assert library.refused(api=rule(many)) == ["1001 replies; at most 1000"]


def test_the_replies_of_a_rule_are_rules_with_their_own_places_and_its_name(library: Library) -> None:
    (compiled,) = library.echo(rule("name: mine\nreplies: [{body: 1}, {error: invalid}]")).rules.rules
    assert [each.name for each in compiled.each] == ["mine", "mine"]
    assert len({each.id for each in compiled.each}) == 2
    assert [each.reply and each.reply.error for each in compiled.each] == [None, "invalid"]


@pytest.mark.bound("mappings of an `any`")
def test_too_many_mappings_of_an_any_are_refused(library: Library) -> None:
    many = f"when: {{any: «[{', '.join(['{body.a: 1}'] * 101)}]}}\nreply: {{body: 1}}"
    assert library.refused(api=rule(many)) == ["any: expected a list of 1 to 100 mappings of fields"]
