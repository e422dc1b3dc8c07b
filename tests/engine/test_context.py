"""The names that templates see: made when they are asked for, once, each request for itself."""

from __future__ import annotations

from tests.small import KEY, Small

OPERATIONS = """
names:
  route: GET /names
  let:
    once: "{{ uuid() }}"
    late: "{{ 1 // (query.zero | default(0)) }}"
    outer: operation
  rules:
    - when: {query.rule: {present: true}}
      let: {outer: rule, more: "{{ outer ~ '!' }}"}
      reply: {body: {outer: "{{ outer }}", more: "{{ more }}"}}
    - when: {query.circle: {present: true}}
      let: {a: "{{ b }}", b: "{{ a }}"}
      reply: {body: "{{ a }}"}
    - reply:
        body:
          same: "{{ once == once }}"
          once: "{{ once }}"
          ids: "{{ request.id == request.id }}"
          outer: "{{ outer }}"
          body: "{{ body is defined }}"
          nothing: "{{ query.nothing.at.all is defined }}"
taken:
  route: GET /taken
  let: {switches: ours}
  rules:
    - when: {query.rule: {present: true}}
      let: {tokens: the rule's}
      reply: {body: ["{{ switches }}", "{{ tokens }}"]}
    - reply: {body: ["{{ switches }}", "{{ tokens.nobody is defined }}"]}
open:
  route: GET /open
  auth: false
  rules:
    - reply: {body: {caller: "{{ caller.key is defined }}", limits: "{{ limits }}", answer: "{{ answer is defined }}"}}
"""


def test_a_name_is_worked_out_once_and_only_when_it_is_asked_for(small: Small) -> None:
    client = small(OPERATIONS).client("small", headers=KEY)
    first, second = (client.get("/names").json() for _ in range(2))
    assert first == {
        "same": True,
        "once": first["once"],
        "ids": True,
        "outer": "operation",
        "body": False,
        "nothing": False,
    }
    assert first["once"] != second["once"]


def test_a_rules_names_stand_before_the_operations_and_are_gone_with_it(small: Small) -> None:
    client = small(OPERATIONS).client("small", headers=KEY)
    assert client.get("/names?rule=1").json() == {"outer": "rule", "more": "rule!"}
    assert client.get("/names").json()["outer"] == "operation"


def test_names_that_need_each_other_are_a_mistake_that_is_told(small: Small) -> None:
    client = small(OPERATIONS).client("small", headers=KEY)
    answer = client.get("/names?circle=1")
    assert (answer.status_code, answer.json()["kind"]) == (500, "internal")
    assert "small.yaml:" in answer.headers["x-emulator-error"]
    assert client.get("/names").status_code == 200


def test_an_open_operation_has_no_caller_and_no_limits(small: Small) -> None:
    assert small(OPERATIONS).client("small").get("/open").json() == {"caller": False, "limits": {}, "answer": False}


def test_a_let_may_take_the_name_of_a_collection_or_of_the_switches(small: Small) -> None:
    client = small(OPERATIONS).client("small", headers=KEY)
    assert client.get("/taken").json() == ["ours", False]
    assert client.get("/taken?rule=1").json() == ["ours", "the rule's"]
