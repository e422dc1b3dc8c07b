"""An API whose parts name each other is compiled; a name that stands for nothing is refused where it stands."""

from __future__ import annotations

import pytest

from emulator.compile.api import ENGINE_ERRORS
from emulator.playbook.limits import Limit
from tests.library import STORY, Library, api, operation

TIERS = "tiers: {free: {limits: {calls: 1/minute}}, pro: {}}\n"


def changed(changes: str) -> str:
    """A scenario that changes the API."""
    return f"scenario: story\nabout: x\napis:\n  demo: {changes}\n"


@pytest.mark.finding("F2")
def test_an_api_need_not_name_the_errors_that_the_engine_raises(library: Library) -> None:
    text = "api: demo\ntitle: Demo\nversion: '1'\noperations: {echo.create: {route: POST /echo, rules: []}}\n"
    errors = library.demo(text).errors
    statuses = [400, 401, 401, 401, 402, 403, 404, 405, 413, 415, 429, 501, 500]
    assert [errors[kind].status for kind in ENGINE_ERRORS] == statuses
    scope = {"error": {"kind": "rate_limited", "message": "Later.", "retry_after": 7}}
    assert errors["rate_limited"].body.value(scope) == {"error": {"type": "rate_limited", "message": "Later."}}
    assert (b"Retry-After", b"7") in errors["rate_limited"].headers.lines(scope)


def test_an_error_that_the_api_names_replaces_the_default(library: Library) -> None:
    errors = library.demo(api("errors: {kinds: {invalid: {status: 422}}}\n")).errors
    assert (errors["invalid"].status, errors["not_found"].status) == (422, 404)


@pytest.mark.parametrize(
    ("more", "messages"),
    [
        (
            TIERS + "keys:\n  k: {workspace: w, tier: «fre}\n",
            ["unknown tier 'fre'; expected one of: free, pro; did you mean 'free'?"],
        ),
        (
            TIERS + "unknown_keys: {tier: «prro, workspace: w}\n",
            ["unknown tier 'prro'; expected one of: free, pro; did you mean 'pro'?"],
        ),
        ("unknown_keys: {tier: «free, workspace: «'{{ nofunction() }}'}\n", ["unknown tier", "unknown function"]),
        (
            "auth: [{header: A}, {header: B, collection: «tokns}]\ncollections: {tokens: {}}\n",
            ["unknown collection 'tokns'; expected one of: keys, tokens; did you mean 'tokens'?"],
        ),
        (
            "collections: {keys: «{}, body: «{}}\n",
            ["the name 'keys' is taken; choose another", "the name 'body' is taken; choose another"],
        ),
        (
            "schemas: {Word: {items: {class: «inventd}, properties: {class: {class: invented}}}}\n",
            ["unknown class 'inventd'; expected one of: documented, inferred, invented; did you mean 'invented'?"],
        ),
        (
            "switches: {mood: {default: «wild, choices: [calm, mild]}}\n",
            ["switch 'mood' can't be 'wild'; expected one of: calm, mild; did you mean 'mild'?"],
        ),
        (
            "serves: [«D-ONE]\nclaims: {D-TWO: {class: invented, says: Two.}}\n",
            ["unknown claim 'D-ONE'; expected one of: D-TWO; did you mean 'D-TWO'?"],
        ),
        (
            "example: {operation: «echo.creat}\n",
            ["unknown operation 'echo.creat'; expected one of: echo.create; did you mean 'echo.create'?"],
        ),
        ("example: {operation: echo.create, path: {id: «x}}\n", ["unknown path parameter 'id'; there are none"]),
        ("limit_headers: {X-Left: «'{{ nofunction() }}'}\n", ["unknown function 'nofunction'"]),
        ("headers: {X-Note: «'a…'}\n", ["the header X-Note can't hold 'a…'; expected printable ASCII"]),
        ("statistics: «usage.yaml\n", ["no fixture 'usage.yaml' below fixtures/ or beside this file; there are none"]),
    ],
)
def test_a_name_that_stands_for_nothing_is_refused(library: Library, more: str, messages: list[str]) -> None:
    found = library.refused(api=api(more))
    assert len(found) == len(messages)
    for message, expected in zip(found, messages, strict=True):
        assert message.startswith(expected)


def test_an_example_needs_every_parameter_of_its_path(library: Library) -> None:
    text = operation("rules: []", route="GET /echo/{a}/{b:path}").replace(
        "operations:", "example: {operation: echo.create, path: «{a: x}}\noperations:"
    )
    assert library.refused(api=text) == ["the path parameter 'b' is missing"]


def test_an_error_may_have_a_body_of_its_own_and_else_has_the_shape(library: Library) -> None:
    errors = "errors:\n  shape: {said: '{{ error.kind }}'}\n  headers: {X-Shape: a}\n  kinds:\n"
    errors += "".join(f"    {kind}: {{status: 400}}\n" for kind in ENGINE_ERRORS)
    errors += (
        "    own: {status: 418, body: {teapot: true}, headers: {x-shape: b}}\n    empty: {status: 400, body: null}\n"
    )
    found = library.demo(api(errors)).errors
    scope = {"error": {"kind": "invalid"}}
    assert found["invalid"].body.value(scope) == {"said": "invalid"}
    assert found["own"].body.value(scope) == {"teapot": True}
    assert found["empty"].body.value(scope) is None
    assert (b"x-shape", b"b") in found["own"].headers.fixed
    assert (b"X-Shape", b"a") in found["invalid"].headers.fixed


def test_a_template_of_an_error_is_refused_where_it_stands(library: Library) -> None:
    errors = "errors:\n  shape: {said: «'{{ nofunction() }}'}\n  kinds:\n"
    errors += "".join(f"    {kind}: {{status: 400}}\n" for kind in ENGINE_ERRORS)
    errors += "    own: {status: 400, message: «'{{ 1 + }}', headers: {X-A: «'{{ b( }}'}}\n"
    assert len(library.refused(api=api(errors))) == 3


@pytest.mark.parametrize(
    ("more", "changes", "message"),
    [
        (TIERS, "{keys: {k: {workspace: w, tier: «fre}}}", "unknown tier 'fre'; expected one of: free, pro; did you"),
        (TIERS, "{unknown_keys: {tier: «fre, workspace: w}}", "unknown tier 'fre'"),
        (TIERS, "{unknown_keys: {tier: free, workspace: «'{{ no() }}'}}", "unknown function 'no'"),
        (TIERS, "{tiers: {fre: «{limits: {calls: 5/minute}}}}", "unknown tier 'fre', and no key is on it"),
        (
            "switches: {mood: {default: calm, choices: [calm, wild]}}\n",
            "{switches: {mod: «calm}}",
            "unknown switch 'mod'; expected one of: mood; did you mean 'mood'?",
        ),
        (
            "switches: {mood: {default: calm, choices: [calm, wild]}}\n",
            "{switches: {mood: «wlid}}",
            "switch 'mood' can't be 'wlid'; expected one of: calm, wild; did you mean 'wild'?",
        ),
        ("switches: {odd: {default: 1, choices: [0, 1]}}\n", "{switches: {odd: «true}}", "switch 'odd' can't be True"),
        (
            "jobs: {batch: {timeline: {queued: 0s, done: 1s}}}\n",
            "{jobs: {btach: «{done: 5s}}}",
            "unknown kind of job 'btach'; expected one of: batch; did you mean 'batch'?",
        ),
        (
            "jobs: {batch: {timeline: {queued: 0s, done: 1s}}}\n",
            "{jobs: {batch: {don: «5s}}}",
            "unknown state of 'batch' 'don'; expected one of: queued, done; did you mean 'done'?",
        ),
        (
            "collections: {models: {}}\n",
            "{collections: {modles: «[{id: a}]}}",
            "unknown collection 'modles'; expected one of: models; did you mean 'models'?",
        ),
        (
            "collections: {models: {}}\n",
            "{collections: {models: [{id: a}, «{name: b}]}}",
            "a record of 'models' has no field 'id': {'name': 'b'}",
        ),
    ],
)
def test_a_wrong_change_is_refused_where_the_scenario_makes_it(
    library: Library, more: str, changes: str, message: str
) -> None:
    (found,) = library.refused(api=api(more), story=changed(changes))
    assert found.startswith(message)


def test_a_change_of_a_scenario_that_is_extended_is_refused_in_that_file(library: Library) -> None:
    text = api("switches: {mood: {default: calm, choices: [calm]}, pace: {default: 1, choices: [1]}}\n")
    base = "scenario: base\nabout: x\napis: {demo: {switches: {mood: «wild, pace: 1}}}\n"
    top = "scenario: top\nabout: x\nextends: base\napis: {demo: {switches: {pace: «2}}}\n"
    assert len(library.refused("top", **{"base.yaml": base, "top.yaml": top}, api=text, story=STORY)) == 2


def test_a_wrong_choice_that_an_upper_scenario_replaces_hurts_nobody(library: Library) -> None:
    text = api("switches: {mood: {default: calm, choices: [calm]}}\n")
    library.write("apis/demo.yaml", text)
    library.write("base.yaml", "scenario: base\nabout: x\napis: {demo: {switches: {mood: wild}}}\n")
    library.write("top.yaml", "scenario: top\nabout: x\nextends: base\napis: {demo: {switches: {mood: calm}}}\n")
    assert library.load("top").apis["demo"].switches == {"mood": "calm"}


def test_limits_of_a_scenario_replace_those_of_the_api_and_are_reported_where_they_stand(library: Library) -> None:
    text = api(TIERS)
    demo = library.demo(text, changed("{tiers: {free: {limits: {calls: 9/minute, words: 1/day}}}}"))
    assert demo.tiers["free"].limits == (Limit("calls", 9, 60.0), Limit("words", 1, 86_400.0))
    invalid = changed("{tiers: {free: {limits: {calls: «9 a minute, words: «often}}}}")
    assert [message.partition(" is not")[0] for message in library.refused(api=text, story=invalid)] == [
        "limit '9 a minute' of 'calls'",
        "limit 'often' of 'words'",
    ]


def test_a_claim_is_cited_with_the_operation_that_it_stands_in(library: Library) -> None:
    text = api(
        "claims: {D-ONE: {class: documented, says: One.}}\n",
        "echo.create:\n  route: POST /echo\n  claims: [D-ONE]\n  rules: []\n",
    )
    (citation,) = library.demo(text).citations
    assert (citation.claim, citation.operation) == ("D-ONE", "echo.create")


def test_a_schema_of_the_apis_own_that_is_none_is_refused_though_nothing_is_wrong_with_what_refers_to_it(
    library: Library,
) -> None:
    operations = "echo.create: {route: POST /echo, request: {$ref: '#/schemas/Pet'}, rules: [{reply: {}}]}\n"
    (message,) = library.refused(api=api("schemas: {Pet: «{type: []}}\n", operations))
    assert message.startswith("not a JSON Schema: ")
