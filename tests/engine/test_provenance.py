"""Provenance: on request, a response says which promises it rests on, each with its own class."""

from __future__ import annotations

import pytest

from tests.apis.aiexport_calls import asking, caller
from tests.running import Emulated
from tests.small import KEY, Small

HEADER = "X-Emulator-Provenance"
ASKED = {**KEY, HEADER: "1"}
MORE = """
keys:
  key-of-ann: {workspace: ann, tier: basic}
  key-of-bob: {workspace: bob, tier: tight}
  key-that-was-revoked: {workspace: bob, tier: basic, status: revoked}
claims:
  S-A: {class: documented, says: "a"}
  S-B: {class: invented, says: "b"}
  S-C: {class: documented, says: "c"}
  S-SEEN: {class: inferred, says: "s"}
  S-KEY: {class: documented, says: "A key."}
  S-TOKEN: {class: inferred, says: "A token."}
  S-BASIC: {class: documented, says: "Basic."}
  S-TIGHT: {class: documented, says: "Tight."}
  S-LIMITS: {class: invented, says: "Limit headers."}
  S-SHAPE: {class: invented, says: "The shape of errors."}
  S-GONE: {class: inferred, says: "Revoked keys are refused."}
  S-OWN: {class: documented, says: "An error of its own shape."}
  S-NAME: {class: documented, says: "name."}
  S-LONG: {class: inferred, says: "Names are not long."}
  S-WORDS: {class: inferred, says: "What is generated."}
  S-THINGS: {class: documented, says: "The things."}
  S-JOB: {class: inferred, says: "A job."}
tiers:
  basic: {limits: {calls: 1000/minute}, claims: [S-BASIC]}
  tight: {limits: {calls: 2/minute}, claims: [S-TIGHT]}
unknown_keys: {tier: basic, workspace: w}
auth:
  - {header: X-Key, claims: [S-KEY]}
  - {header: Authorization, scheme: Bearer, claims: [S-TOKEN], class: invented}
limit_headers: {Left: "{{ limits.calls.remaining }}"}
provenance:
  headers: {class: inferred}
  limit_headers: {claims: [S-LIMITS]}
  unknown_keys: {class: invented}
errors:
  claims: [S-SHAPE]
  shape: {kind: "{{ error.kind }}"}
  kinds:
    invalid: {status: 400}
    unauthenticated: {status: 401}
    unknown_key: {status: 401}
    revoked: {status: 403, claims: [S-GONE]}
    not_found: {status: 404}
    method_not_allowed: {status: 405}
    conflict: {status: 409, body: {own: true}, claims: [S-OWN]}
    too_large: {status: 413}
    media_type: {status: 415}
    rate_limited: {status: 429}
    no_rule: {status: 501}
    internal: {status: 500}
collections:
  tokens: {}
  things:
    claims: [S-THINGS]
    records: [{id: anvil}, {id: broom, provenance: invented}, {id: "crow bar", claims: [S-SEEN], provenance: inferred}]
answers:
  words: {messages: "{{ body.name }}", claims: [S-WORDS]}
jobs:
  work: {timeline: {busy: 0s, done: 1s}, claims: [S-JOB]}
"""
OPERATIONS = """
one:
  route: GET /one
  aliases: [{route: "GET /uno/{id}", claims: [S-SEEN]}]
  claims: [S-A]
  rules:
    - {when: {query.more: {present: true}}, claims: [S-B, S-C, S-A], reply: {body: {}}}
    - {when: {query.kind: own}, claims: [S-C], reply: {error: conflict}}
    - {when: {query.kind: other}, claims: [S-C], reply: {error: not_found}}
    - {when: {query.kind: guess}, class: invented, reply: {body: {}}}
    - {when: {query.kind: shape}, reply: {class: invented, body: {}}}
    - {reply: {body: {}}}
none:
  route: GET /none
  rules: [{reply: {body: {}}}]
ours:
  route: GET /ours
  class: invented
  claims: [S-A]
  rules: [{claims: [S-B], reply: {body: {}}}]
open:
  route: GET /open
  auth: false
  rules: [{reply: {body: {}}}]
named:
  route: POST /named
  claims: [S-A]
  request:
    required: [name]
    properties:
      name: {type: string, maxLength: 20, claims: [S-NAME]}
      top: {type: integer, class: invented}
  checks:
    - {when: {body.name: long}, error: invalid, claims: [S-LONG]}
    - {when: {body.name: guess}, error: invalid, class: invented}
  answer: words
  rules:
    - {when: {body.name: work}, do: [{start: work, id: w1}], reply: {body: {}}}
    - {when: {body.name: things}, reply: {body: {$each: "{{ things }}", as: each, value: "{{ each.id }}"}}}
    - {when: {body.name: words}, reply: {body: {text: "{{ answer.text }}"}}}
    - {reply: {body: {}}}
work.get:
  route: GET /work/{id}
  claims: [S-A]
  let: {work: "{{ job(path.id) }}"}
  rules: [{reply: {body: {state: "{{ work.status }}"}}}]
"""
OK = "S-KEY S-BASIC"  # what every answered request of the key rests on, beside S-LIMITS


@pytest.fixture
def emulated(small: Small) -> Emulated:
    return small(OPERATIONS, MORE)


def line(
    emulated: Emulated, method: str, target: str, headers: dict[str, str] | None = None, body: object = None
) -> str:
    """The header of a response, its segments sorted."""
    sent = {HEADER: "1", **(KEY if headers is None else headers)}
    return emulated.client("small").request(method, target, headers=sent, json=body).headers[HEADER]


def parts(line: str) -> dict[str, set[str]]:
    return {kind: set(names) for kind, *names in (part.split(" ") for part in line.split("; "))}


@pytest.mark.finding("E1")
@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("/one", f"route documented; documented S-A {OK}; inferred headers; invented S-LIMITS"),
        ("/one?more=1", f"route documented; documented S-A S-C {OK}; inferred headers; invented S-B S-LIMITS"),
        ("/none", f"route invented; documented {OK}; inferred headers; invented S-LIMITS"),
        (
            "/one?kind=own",
            "route documented; documented S-A S-C S-KEY S-BASIC S-OWN; inferred headers; invented S-LIMITS",
        ),
        ("/one?kind=other", f"route documented; documented S-A S-C {OK}; inferred headers; invented S-SHAPE S-LIMITS"),
        ("/uno/1", f"route inferred; documented S-A {OK}; inferred S-SEEN headers; invented S-LIMITS"),
        ("/open", "route invented; inferred headers"),
    ],
)
def test_the_route_its_claims_and_those_of_the_rule_of_the_key_and_of_the_headers_are_named(
    emulated: Emulated, target: str, expected: str
) -> None:
    assert parts(line(emulated, "GET", target)) == parts(expected)


@pytest.mark.finding("E2")
@pytest.mark.parametrize("target", ["/one", "/ours", "/one?more=1"])
def test_a_claim_is_of_one_class_wherever_it_is_served(emulated: Emulated, target: str) -> None:
    found = parts(line(emulated, "GET", target))
    assert "S-A" in found["documented"]
    assert "S-A" not in found["invented"]
    assert found["route"] == {"invented" if target == "/ours" else "documented"}


@pytest.mark.finding("E1")
@pytest.mark.parametrize(
    ("method", "target", "headers", "body", "expected", "absent"),
    [
        ("GET", "/one", {}, None, "invented S-SHAPE", "S-KEY S-TOKEN S-BASIC"),
        (
            "GET",
            "/one",
            {"X-Key": "key-that-was-revoked"},
            None,
            "documented S-KEY; inferred S-GONE; invented S-SHAPE",
            "",
        ),
        (
            "GET",
            "/one",
            {"Authorization": "Bearer k"},
            None,
            "inferred S-TOKEN; invented Authorization unknown_keys",
            "S-KEY",
        ),
        ("GET", "/one", {"X-Key": "new"}, None, "documented S-KEY S-BASIC; invented unknown_keys", "S-SHAPE"),
        ("POST", "/named", None, {}, "documented S-NAME; invented S-SHAPE", "S-LONG S-WORDS body.top"),
        ("POST", "/named", None, {"name": 5}, "documented S-NAME; invented S-SHAPE", "S-LONG"),
        ("POST", "/named", None, {"name": "long", "top": 1}, "inferred S-LONG; invented S-SHAPE", "S-NAME body.top"),
        ("POST", "/named", None, {"name": "guess"}, "invented S-SHAPE", "S-LONG S-NAME"),
        ("POST", "/named", None, {"name": "fine", "top": 1}, "documented S-NAME; invented body.top", "S-SHAPE S-WORDS"),
        ("POST", "/named", None, {"name": "words"}, "documented S-NAME; inferred S-WORDS", "S-SHAPE"),
        ("POST", "/named", None, {"name": "work"}, "inferred S-JOB", "S-WORDS"),
        ("POST", "/named", None, {"name": "anvil"}, "documented S-THINGS", "things/broom"),
        ("POST", "/named", None, {"name": "broom"}, "documented S-THINGS; invented things/broom", "S-SEEN"),
        ("POST", "/named", None, {"name": "crow bar"}, "inferred S-SEEN things/crow%20bar", "S-THINGS"),
        ("POST", "/named", None, {"name": "things"}, "documented S-THINGS; invented things/broom", "tokens"),
        ("GET", "/nowhere", None, None, "inferred headers; invented S-SHAPE", "S-KEY route"),
        ("DELETE", "/one", None, None, "invented S-SHAPE", "S-KEY route"),
    ],
)
def test_a_response_names_the_part_that_decided_it_and_none_that_it_did_not_come_to(
    emulated: Emulated,
    method: str,
    target: str,
    headers: dict[str, str] | None,
    body: object,
    expected: str,
    absent: str,
) -> None:
    found = parts(line(emulated, method, target, headers, body))
    for grade, names in parts(expected).items():
        assert names <= found.get(grade, set())
    everything = {name for names in found.values() for name in names} | set(found)
    assert not set(absent.split()) & everything


def test_a_limit_that_refuses_is_named_by_its_tier(emulated: Emulated) -> None:
    key = {"X-Key": "key-of-bob"}
    for _ in range(2):
        assert "S-TIGHT" in line(emulated, "GET", "/one", key)
    found = parts(line(emulated, "GET", "/one", key))
    assert {"S-A", "S-TIGHT", "S-KEY"} <= found["documented"]
    assert "S-SHAPE" in found["invented"]


def test_a_job_is_named_where_it_is_shown(emulated: Emulated) -> None:
    assert "S-JOB" not in line(emulated, "GET", "/work/w1")
    line(emulated, "POST", "/named", body={"name": "work"})
    assert "S-JOB" in parts(line(emulated, "GET", "/work/w1"))["inferred"]


@pytest.mark.parametrize(("target", "kind"), [("/one?kind=guess", "rule"), ("/one?kind=shape", "reply")])
def test_a_guess_without_a_claim_is_named_by_its_place(emulated: Emulated, target: str, kind: str) -> None:
    (place,) = parts(line(emulated, "GET", target))["invented"] - {"S-LIMITS"}
    file, _, number = place.partition(":")
    assert file == "small.yaml"
    assert int(number) > 0


def test_what_a_scenario_makes_up_is_invented_unless_it_cites(small: Small) -> None:
    scenario = """
rules:
  - {on: one, when: {query.cites: "yes"}, claims: [S-A], reply: {body: {}}}
  - {on: one, reply: {body: {}}}
"""
    emulated = small(OPERATIONS, MORE, scenario)
    assert "story.yaml:" in line(emulated, "GET", "/one")
    assert "story.yaml:" not in line(emulated, "GET", "/one?cites=yes")


def test_a_plan_whose_limits_a_scenario_changes_is_not_what_the_document_says(small: Small) -> None:
    emulated = small(OPERATIONS, MORE, "# fewer\n    tiers: {basic: {limits: {calls: 5/minute}}}\n")
    found = parts(line(emulated, "GET", "/one"))
    assert "S-BASIC" not in found["documented"]
    assert "tiers/basic" in found["invented"]


def test_nobody_is_told_who_does_not_ask(emulated: Emulated) -> None:
    assert HEADER not in emulated.client("small").get("/one", headers=KEY).headers


def test_many_records_of_a_collection_are_named_together(small: Small) -> None:
    records = ", ".join(f"{{id: thing-{number}, provenance: invented}}" for number in range(51))
    more = MORE.replace("records: [", f"records: [{records}, ")
    assert "things/*" in parts(line(small(OPERATIONS, more), "POST", "/named", body={"name": "things"}))["invented"]


def test_a_real_response_tells_documented_and_invented_apart(emulator: Emulated) -> None:
    found = parts(caller(emulator).post("/messages", json=asking(), headers={HEADER: "1"}).headers[HEADER])
    assert "AE-MSG-ROUTE" in found["documented"]
    assert "AE-MSG-SHAPE" in found["invented"]
