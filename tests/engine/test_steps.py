"""Steps: what a rule changes before it replies, and what it says when it can't."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from emulator.engine.steps import MAX_APPENDED_BYTES
from tests.running import Emulated
from tests.small import KEY, Small

MORE = """
collections:
  tokens: {}
  notes: {records: [{id: first, text: from a fixture, marks: [seed]}]}
  named: {key: name}
jobs:
  work: {timeline: {waiting: 0s, done: 10s + 1s each}, cancel: {stopping: 0s, stopped: 5s}}
"""
OPERATIONS = """
put:
  route: PUT /notes/{id}
  request: {type: object}
  rules:
    - when: {query.ttl: {present: true}}
      do: [{put: notes, id: "{{ path.id }}", record: "{{ body }}", ttl: 60s, as: made}]
      reply: {body: "{{ made }}"}
    - do: [{put: notes, id: "{{ path.id }}", record: "{{ body.record }}", as: made}]
      reply: {body: "{{ made }}"}
get:
  route: GET /notes/{id}
  rules:
    - {when: "{{ notes[path.id] is not defined }}", reply: {error: not_found}}
    - {reply: {body: "{{ notes[path.id] }}"}}
list:
  route: GET /notes
  rules: [{reply: {body: {$each: "{{ notes }}", as: note, value: "{{ note.id | default(none) }}"}}}]
update:
  route: POST /notes/{id}
  request: {type: object}
  rules:
    - do: [{update: notes, id: "{{ path.id }}", set: "{{ body }}", as: changed}]
      reply: {body: "{{ changed }}"}
append:
  route: POST /notes/{id}/marks
  max_body: 64MiB
  request: {type: object}
  rules:
    - do: [{append: notes, id: "{{ path.id }}", field: marks, values: "{{ body.marks }}", as: changed}]
      reply: {body: "{{ changed }}"}
refresh:
  route: POST /notes/{id}/fresh
  rules:
    - do: [{append: notes, id: "{{ path.id }}", field: marks, values: fresh, ttl: 60s}]
      reply: {body: {}}
remove:
  route: DELETE /notes/{id}
  rules:
    - do: [{remove: notes, id: "{{ path.id }}", as: there}]
      reply: {body: "{{ there }}"}
name:
  route: POST /named
  request: {type: object}
  rules:
    - do: [{put: named, record: "{{ body }}"}]
      reply: {body: {$each: "{{ named }}", as: each, value: "{{ each.name }}"}}
maybe:
  route: POST /maybe
  rules:
    - do:
        - {put: notes, id: maybe, record: {id: maybe}, when: "{{ query.really == 'yes' }}", as: made}
      reply: {body: "{{ made is defined }}"}
start:
  route: POST /jobs
  request: {type: object}
  rules:
    - do:
        - {start: work, items: "{{ body.items | default(0) }}", data: "{{ body.data | default(none) }}", as: job}
      reply:
        body: {id: "{{ job.id }}", status: "{{ job.status }}", total: "{{ job.counts.total }}", data: "{{ job.data }}"}
stop:
  route: DELETE /jobs/{id}
  rules:
    - do: [{cancel: "{{ path.id }}", as: job}]
      reply: {body: "{{ job.status }}"}
"""


@pytest.fixture
def emulated(small: Small) -> Emulated:
    return small(OPERATIONS, MORE)


@pytest.fixture
def client(emulated: Emulated) -> httpx.Client:
    return emulated.client("small", headers=KEY)


def missing(answer: httpx.Response, words: str) -> None:
    """A 404 that says what is missing, with a hint at the step."""
    assert (answer.status_code, answer.json()["said"]) == (404, words)
    assert "may have `missing: skip`" in answer.headers["x-emulator-hint"]


def failed(answer: httpx.Response, words: str) -> None:
    assert (answer.status_code, answer.json()["kind"]) == (500, "internal")
    assert words in answer.headers["x-emulator-error"]
    assert "small.yaml:" in answer.headers["x-emulator-error"]


def test_a_record_is_put_over_a_fixtures_and_its_place_stays(client: httpx.Client) -> None:
    assert client.get("/notes/first").json()["text"] == "from a fixture"
    client.put("/notes/second", json={"record": {"id": "second"}})
    assert client.put("/notes/first", json={"record": {"id": "first", "text": "ours"}}).json()["text"] == "ours"
    assert client.get("/notes/first").json() == {"id": "first", "text": "ours"}
    assert client.get("/notes").json() == ["first", "second"]


def test_a_record_without_id_takes_that_of_its_key_field(client: httpx.Client) -> None:
    assert client.post("/named", json={"name": "ann"}).json() == ["ann"]
    failed(client.post("/named", json={"id": "x"}), "no id; give one, or a field 'name'")
    failed(client.put("/notes/x", json={"record": [1]}), "a record is a mapping")


def test_a_record_is_changed_field_by_field_and_the_fixture_stays_as_it_was(small: Small, client: httpx.Client) -> None:
    assert client.post("/notes/first", json={"text": "new", "more": 1}).json() == {
        "id": "first",
        "text": "new",
        "marks": ["seed"],
        "more": 1,
    }
    again = small(OPERATIONS, MORE).client("small", headers=KEY)
    assert again.get("/notes/first").json()["text"] == "from a fixture"


def test_a_list_grows_at_its_end_and_the_oldest_go_first(client: httpx.Client) -> None:
    assert client.post("/notes/first/marks", json={"marks": ["a", "b"]}).json()["marks"] == ["seed", "a", "b"]
    assert client.post("/notes/first/marks", json={"marks": "c"}).json()["marks"] == ["seed", "a", "b", "c"]
    grown = client.post("/notes/first/marks", json={"marks": list(range(1_500))}).json()["marks"]
    assert grown == list(range(500, 1_500))


def test_what_is_changed_lives_as_long_as_it_would_have(emulated: Emulated, client: httpx.Client) -> None:
    """A change that names no `ttl` does not make a record live for ever."""
    client.put("/notes/short?ttl=1", json={"id": "short"})
    emulated.advance(30)
    client.post("/notes/short", json={"text": "changed"})
    client.post("/notes/short/marks", json={"marks": ["a"]})
    assert client.get("/notes/short").json() == {"id": "short", "text": "changed", "marks": ["a"]}
    emulated.advance(30)
    assert client.get("/notes/short").status_code == 404


def test_a_change_that_names_a_ttl_begins_it_anew(emulated: Emulated, client: httpx.Client) -> None:
    client.put("/notes/short?ttl=1", json={"id": "short"})
    emulated.advance(30)
    client.post("/notes/short/fresh")
    emulated.advance(59)
    assert client.get("/notes/short").json() == {"id": "short", "marks": ["fresh"]}
    emulated.advance(1)
    assert client.get("/notes/short").status_code == 404


def test_a_fixtures_record_can_be_removed_and_put_again(client: httpx.Client) -> None:
    assert client.delete("/notes/first").json() is True
    assert client.delete("/notes/first").json() is False
    assert client.get("/notes/first").status_code == 404
    assert client.get("/notes").json() == []
    client.put("/notes/first", json={"record": {"id": "first"}})
    assert client.get("/notes").json() == ["first"]
    assert client.delete("/notes/nobody").json() is False


@pytest.mark.finding("F5")
@pytest.mark.parametrize("path", ["/notes/nobody", "/notes/nobody/marks"])
def test_a_record_that_is_missing_is_a_404_in_the_words_of_the_api(client: httpx.Client, path: str) -> None:
    missing(client.post(path, json={"marks": []}), "no record 'nobody' in 'notes'")
    assert client.get("/notes").json() == ["first"]


@pytest.mark.finding("F5")
def test_a_step_says_what_happens_where_there_is_no_record(small: Small) -> None:
    steps = {
        "skip": "{update: notes, id: x, set: {a: 1}, missing: skip, as: out}",
        "grow": "{append: notes, id: x, field: marks, values: one, missing: create, as: out}",
        "upsert": "{upsert: notes, id: x, set: {b: '{{ query.b }}'}, as: out}",
        "strict": "{remove: notes, id: y, missing: fail, as: out}",
        "cancel": "{cancel: z, missing: skip, as: out}",
    }
    operations = "".join(
        f"{name}: {{route: GET /{name}, rules: [{{do: [{step}], reply: {{body: '{{{{ out | default(none) }}}}'}}}}]}}\n"
        for name, step in steps.items()
    )
    client = small(operations, MORE).client("small", headers=KEY)
    assert client.get("/skip").json() is None
    assert client.get("/grow").json() == {"id": "x", "marks": ["one"]}
    assert client.get("/grow").json() == {"id": "x", "marks": ["one", "one"]}
    assert client.get("/skip").json() == {"id": "x", "marks": ["one", "one"], "a": 1}
    assert client.get("/upsert?b=2").json()["b"] == "2"
    missing(client.get("/strict"), "no record 'y' in 'notes'")
    assert client.get("/cancel").json() is None


@pytest.mark.parametrize(
    ("path", "body", "words"),
    [
        ("/notes/first/marks", {}, "absent"),
        ("/jobs", {"items": "many"}, "items"),
        ("/jobs", {"data": [1]}, "data"),
        ("/jobs", {"items": -1}, "items"),
        ("/jobs", {"items": True}, "items"),
    ],
)
def test_a_step_that_is_given_nonsense_fails_in_its_own_place(
    client: httpx.Client, path: str, body: Any, words: str
) -> None:
    failed(client.post(path, json=body), words)


def test_a_list_field_that_is_no_list_cannot_grow(client: httpx.Client) -> None:
    client.put("/notes/odd", json={"record": {"id": "odd", "marks": "text"}})
    failed(client.post("/notes/odd/marks", json={"marks": ["a"]}), "marks")


def test_a_step_is_done_only_when_its_condition_holds(client: httpx.Client) -> None:
    assert client.post("/maybe").json() is False
    assert client.post("/maybe?really=yes").json() is True


def test_a_job_is_started_with_items_that_are_a_list_a_number_or_none(client: httpx.Client) -> None:
    for items, total in ((["a", "b"], 2), (3, 3), (0, 0)):
        job = client.post("/jobs", json={"items": items, "data": {"a": 1}}).json()
        assert (job["status"], job["total"], job["data"]) == ("waiting", total, {"a": 1})


def test_a_job_is_cancelled_by_its_own_workspace_only(emulated: Emulated, client: httpx.Client) -> None:
    job = client.post("/jobs", json={}).json()
    bob = emulated.client("small", headers={"X-Key": "key-of-bob"})
    missing(bob.delete(f"/jobs/{job['id']}"), f"no job '{job['id']}'")
    assert client.delete(f"/jobs/{job['id']}").json() == "stopping"


@pytest.mark.bound("list in a record that requests add to (the messages of a session)")
@pytest.mark.finding("I6")
def test_a_list_is_bounded_in_bytes_too_and_keeps_its_last_item(
    client: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert MAX_APPENDED_BYTES == 8 * 2**20
    monkeypatch.setattr("emulator.engine.steps.MAX_APPENDED_BYTES", 2**20)
    long = "x" * (2**20 // 4)
    for _ in range(6):
        marks = client.post("/notes/first/marks", json={"marks": long}).json()["marks"]
    assert marks == [long] * 3
    longest = long * 5
    assert client.post("/notes/first/marks", json={"marks": longest}).json()["marks"] == [longest]
