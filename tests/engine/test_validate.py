"""Validating: what a body and a query may say, which field is wrong, and that a refusal costs nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.running import Emulated, Running
from tests.small import KEY, Small, play
from tests.wire import Wire

OPERATIONS = """
note:
  route: POST /notes
  max_body: 64MiB
  request:
    type: object
    required: [text]
    additionalProperties: false
    properties:
      text: {type: string, maxLength: 20}
      size: {type: integer, minimum: 1, default: 7}
      tags: {type: array, maxItems: 100, items: {type: string}}
      inner: {type: object, required: [a], properties: {a: {enum: [x, y]}}}
  checks:
    - when: {body.text: forbidden}
      error: conflict
      message: "{{ body.text }} can't be said"
      param: text
    - when: {body.text: {contains: silent}}
      error: conflict
  rules: [{reply: {body: "{{ body }}"}}]
list:
  route: GET /notes
  query:
    type: object
    properties:
      limit: {type: integer, minimum: 1, maximum: 100, default: 20}
      ratio: {type: number}
      deep: {type: boolean}
      word: {type: string}
      tag: {type: array, items: {type: string}, maxItems: 2}
      mark: {type: [integer, array], items: {type: integer}}
  rules: [{reply: {body: "{{ query }}"}}]
free:
  route: GET /free
  rules: [{reply: {body: "{{ query }}"}}]
"""


@pytest.fixture(scope="module")
def notes(running: Running, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulated]:
    emulated = play(running, tmp_path_factory.mktemp("notes"), OPERATIONS)
    yield emulated
    emulated.close()


@pytest.fixture
def wire(notes: Emulated) -> Iterator[Wire]:
    notes.play()
    with Wire(notes.running.port) as connected:
        yield connected


@pytest.mark.parametrize(
    ("body", "about", "words"),
    [
        ({}, "text", "text: this field is required"),
        ([], None, "body: must be an object; found a list"),
        ("x", None, "body: "),
        ({"text": 1}, "text", "text: must be text; found 1"),
        ({"text": "x" * 21}, "text", "21 characters; at most 20"),
        ({"text": "x", "size": 0}, "size", "size: must be at least 1; found 0"),
        ({"text": "x", "size": 1.5}, "size", "size: must be a whole number; found 1.5"),
        ({"text": "x", "size": True}, "size", "size: must be a whole number; found true"),
        ({"text": "x", "other": 1}, "other", "other: this field is not known"),
        ({"text": "x", "tags": ["a", 2]}, "tags.1", "tags.1: must be text; found 2"),
        ({"text": "x", "inner": {}}, "inner.a", "inner.a: this field is required"),
        ({"text": "x", "inner": {"a": "z"}}, "inner.a", "inner.a: must be "),
        ({"text": 1, "inner": {"a": "z"}}, "text", "text: "),  # what is less deep comes first
        ({"size": "x"}, "text", "required"),  # and what is missing before what is wrong
        ({"text": "x" * 10_000}, "text", "10,000 characters; at most 20"),
    ],
)
def test_a_wrong_body_names_its_field(wire: Wire, body: Any, about: str | None, words: str) -> None:
    answer = wire.ask("POST", "/notes", [*KEY.items(), ("content-type", "application/json")], json.dumps(body).encode())
    said = answer.json()
    assert (answer.status, said["kind"], said["about"]) == (400, "invalid", about)
    assert words in said["said"]
    assert len(said["said"]) < 400


def test_defaults_are_filled_in(notes: Emulated) -> None:
    notes.play()
    client = notes.client("small", headers=KEY)
    assert client.post("/notes", json={"text": "x"}).json() == {"text": "x", "size": 7}
    assert client.post("/notes", json={"text": "x", "size": 2}).json() == {"text": "x", "size": 2}
    assert client.get("/notes").json() == {"limit": 20}


def test_a_default_is_not_shared_between_requests(small: Small) -> None:
    client = small(
        """
      keep:
        route: POST /keep
        request: {type: object, properties: {list: {type: array, default: []}}}
        rules:
          - do:
              - {put: kept, id: "1", record: {id: "1", list: "{{ body.list }}"}}
              - {append: kept, id: "1", field: list, values: [x]}
            reply: {body: "{{ body.list }}"}
    """,
        more="collections: {tokens: {}, kept: {}}",
    ).client("small", headers=KEY)
    assert client.post("/keep", json={}).json() == []
    assert client.post("/keep", json={}).json() == []


def test_a_body_that_comes_again_is_read_as_it_was_the_first_time(small: Small) -> None:
    client = small(
        """
      keep:
        route: POST /keep
        accept: [json, form]
        request:
          type: object
          properties: {n: {type: integer, maximum: 9}, list: {type: array, default: []}, x: {default: 1.0}}
        rules:
          - do:
              - {put: kept, id: "1", record: {id: "1", list: "{{ body.list }}"}}
              - {append: kept, id: "1", field: list, values: [y]}
            reply: {body: "{{ body }}"}
    """,
        more="unknown_fields: hint\ncollections: {tokens: {}, kept: {}}",
    ).client("small", headers={**KEY, "content-type": "application/json"})
    for _ in range(4):
        assert client.post("/keep", content=b' {"n": 1} ').text == '{"n":1,"x":1.0,"list":[]}'
        assert client.post("/keep", content=b'{"n": 10}').status_code == 400
        hinted = client.post("/keep", content=b'{"m": 1}')
        assert (hinted.json()["m"], "m" in hinted.headers["x-emulator-hint"]) == (1, True)
        form = {"content-type": "application/x-www-form-urlencoded"}
        assert client.post("/keep", content=b"", headers=form).json() == {"list": [], "x": 1.0}
        assert client.post("/keep", content=b"").status_code == 400  # what a form may be is no JSON
        assert client.post("/keep", content=b'{"n": 1, "n": 2}').status_code == 400


def test_no_request_changes_a_body_that_comes_again(small: Small) -> None:
    client = small(
        """
      keep:
        route: POST /keep
        request: {type: object, properties: {id: {type: string}, list: {type: array}, inner: {type: object}}}
        rules:
          - when: {header.x-way: statement}
            reply: {text: "{% set changed = body.list.append('z') %}{{ changed }}"}
          - do:
              - {put: kept, id: "1", record: "{{ body }}"}
              - {update: kept, id: "1", set: {extra: 1, inner: {$merge: ["{{ body.inner }}", {b: 2}]}}, as: updated}
              - {append: kept, id: "1", field: list, values: [y], as: appended}
            reply: {body: ["{{ body }}", "{{ updated.inner }}", "{{ appended.list }}"]}
    """,
        more="unknown_fields: hint\ncollections: {tokens: {}, kept: {}}",
    ).client("small", headers={**KEY, "content-type": "application/json"})
    body = b'{"id":"1","list":["x"],"inner":{"a":1}}'
    for _ in range(4):
        kept = client.post("/keep", content=body)
        assert kept.json() == [json.loads(body), {"a": 1, "b": 2}, ["x", "y"]]
        assert client.post("/keep", content=body, headers={"x-way": "statement"}).status_code == 500


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("limit=5", {"limit": 5}),
        ("limit=+5", None),
        ("limit=%2B5", None),
        ("limit=1_0", None),
        ("limit=%205", None),
        ("limit=%EF%BC%95", None),
        ("limit=5.0", None),
        ("limit=0x5", None),
        ("limit=", None),
        ("limit=101", None),
        ("limit=99999999999999999999999999", None),
        ("limit=-1", None),
        ("ratio=1.5", {"limit": 20, "ratio": 1.5}),
        ("ratio=-2", {"limit": 20, "ratio": -2}),
        ("ratio=2e3", None),
        ("ratio=nan", None),
        ("ratio=inf", None),
        ("ratio=1e999", None),
        ("ratio=1_0", None),
        ("deep=true", {"limit": 20, "deep": True}),
        ("deep=FALSE", {"limit": 20, "deep": False}),
        ("deep=1", None),
        ("word=7", {"limit": 20, "word": "7"}),
        ("word=%00%ff", {"limit": 20, "word": "\0\ufffd"}),
        ("other=y&=&&", {"limit": 20, "other": "y", "": ""}),
        ("tag=a", {"limit": 20, "tag": ["a"]}),
        ("tag=1&tag=b&mark=1&mark=2", {"limit": 20, "tag": ["1", "b"], "mark": [1, 2]}),
        ("mark=1", {"limit": 20, "mark": 1}),
        ("tag=1&tag=2&tag=3", None),
        ("&".join(f"f{at}=1" for at in range(1_001)), None),
    ],
)
def test_a_query_is_read_as_the_types_that_the_schema_names(
    wire: Wire, query: str, said: dict[str, Any] | None
) -> None:
    answer = wire.ask("GET", f"/notes?{query}", KEY.items())
    if said is None:
        assert (answer.status, answer.json()["kind"]) == (400, "invalid")
    else:
        assert (answer.status, answer.json()) == (200, said)


def test_a_query_that_no_schema_describes_is_texts(wire: Wire) -> None:
    assert wire.ask("GET", "/free?a=1&b&c=%C3%A9+x", KEY.items()).json() == {"a": "1", "b": "", "c": "é x"}
    assert wire.ask("GET", "/free", KEY.items()).json() == {}


@pytest.mark.finding("L2")
@pytest.mark.parametrize("target", ["/notes?limit=1&limit=2", "/notes?limit=1&limit=1", "/free?limit=1&x=&limit=2"])
def test_a_parameter_that_comes_twice_is_refused_by_name_where_no_list_is_wanted(wire: Wire, target: str) -> None:
    answer = wire.ask("GET", target, KEY.items())
    said = answer.json()
    assert (answer.status, said["kind"], said["about"]) == (400, "invalid", "limit")
    assert said["said"] == "limit: given more than once"


def test_a_check_refuses_in_its_own_words_or_in_those_of_the_status(notes: Emulated) -> None:
    notes.play()
    client = notes.client("small", headers=KEY)
    answer = client.post("/notes", json={"text": "forbidden"})
    assert (answer.status_code, answer.json()) == (
        409,
        {"ok": False, "kind": "conflict", "said": "forbidden can't be said", "about": "text"},
    )
    assert client.post("/notes", json={"text": "silent"}).json()["said"] == "Conflict"


def test_what_is_refused_costs_nothing(small: Small) -> None:
    emulator = small(OPERATIONS)
    client = emulator.client("small", headers=KEY)
    for body in ({}, {"text": 1}, {"text": "forbidden"}):
        assert client.post("/notes", json=body).status_code in (400, 409)
    client.get("/notes?limit=0")
    assert emulator.app.state.store.windows.peek("small/ann/calls", 60) is None
    client.get("/notes")
    window = emulator.app.state.store.windows.peek("small/ann/calls", 60)
    assert window is not None
    assert window.used == 1


class Counting:
    """A validator that counts the mistakes that are looked at."""

    def __init__(self, validator: Any) -> None:
        self.validator = validator
        self.mistakes = 0

    def validate(self, value: Any) -> None:
        self.mistakes += 1
        self.validator.validate(value)

    def iter_errors(self, value: Any) -> Iterator[Any]:
        for error in self.validator.iter_errors(value):
            self.mistakes += 1
            yield error


@pytest.mark.parametrize(
    "body",
    [
        {"text": "x", "tags": [1] * 190_000},
        {"text": "x", "tags": ["y"] * 190_000},
        {"tags": [{"a": [None] * 10}] * 15_000},
        {"text": "x" * 8_000_000},
    ],
)
def test_of_a_large_body_that_is_wrong_in_countless_places_few_mistakes_are_looked_at(
    notes: Emulated, wire: Wire, body: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    schema = notes.app.playbook.operation("small", "note").request
    assert schema is not None
    counting = Counting(schema._validator)
    monkeypatch.setattr(schema, "_validator", counting)
    sent = json.dumps(body).encode()
    answer = wire.ask("POST", "/notes", [*KEY.items(), ("content-type", "application/json")], sent)
    assert (answer.status, answer.json()["kind"]) == (400, "invalid")
    assert len(answer.body) < 1_000
    assert 1 <= counting.mistakes <= 2  # to look at all of them takes minutes


UNCHECKED = """
note:
  route: POST /notes
  request: {type: object, required: [text], properties: {text: {type: string}}}
  query: {type: object, properties: {limit: {type: integer, minimum: 1}}}
  cost: {requests: "{{ body.text | length }}"}
  checks: [{when: {body.text: forbidden}, error: conflict}]
  rules:
    - {when: {body.mine: true}, unchecked: true, reply: {status: 418, body: "{{ [body, query] }}"}}
    - {reply: {body: 1}}
"""


@pytest.mark.parametrize(
    ("query", "body"),
    [
        ("", {"mine": True}),
        ("", {"mine": True, "text": 7}),
        ("?limit=x", {"mine": True, "text": "x"}),
        ("", {"mine": True, "text": "forbidden"}),
    ],
)
def test_an_unchecked_rule_answers_what_the_schemas_refuse_and_nothing_is_charged(
    small: Small, query: str, body: dict[str, Any]
) -> None:
    client = small(UNCHECKED).client("small", headers=KEY)
    answer = client.post(f"/notes{query}", json=body)
    assert answer.status_code == 418
    assert answer.json()[0] == body
    assert client.post("/notes", json={**body, "mine": False, "text": 7}).status_code == 400


def test_an_unchecked_rule_answers_no_body_that_can_not_be_read(small: Small) -> None:
    client = small(UNCHECKED).client("small", headers=KEY | {"Content-Type": "application/json"})
    assert client.post("/notes", content=b'{"mine":').status_code == 400
