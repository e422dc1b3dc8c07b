"""Accounting: what is charged, settled and given back, and that the headers tell it."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from tests.running import Emulated
from tests.small import KEY, Small

MORE = """
tiers:
  basic: {limits: {calls: 3/minute, words: 10/hour}}
  free: {limits: {}}
keys:
  key-of-ann: {workspace: ann, tier: basic}
  key-of-ann-2: {workspace: ann, tier: basic}
  key-of-eve: {workspace: eve, tier: free}
limit_headers:
  X-Left: "{{ limits.words.remaining }}"
  X-Calls: "{{ limits.calls.used }}"
  X-None: "{{ limits.none.used }}"
"""
OPERATIONS = """
say:
  route: POST /say
  request: {type: object, required: [words]}
  cost: {calls: 1, words: "{{ body.words }}"}
  settle: {words: "{{ body.really | default(body.words) }}"}
  rules:
    - {when: {body.fails: true}, reply: {error: conflict}}
    - {when: {body.breaks: true}, reply: {body: "{{ 1 // (body.zero | default(0)) }}"}}
    - {reply: {body: {left: "{{ limits.words.remaining }}"}}}
free:
  route: GET /free
  cost: {}
  rules: [{reply: {body: {}}}]
usual:
  route: GET /usual
  rules: [{reply: {body: {}}}]
"""


def say(emulated: Emulated, words: float, key: str = "key-of-ann", **more: object) -> httpx.Response:
    return emulated.client("small").post("/say", json={"words": words, **more}, headers={"X-Key": key})


def told(answer: httpx.Response) -> tuple[str | None, str | None]:
    return answer.headers.get("x-left"), answer.headers.get("x-calls")


def test_a_request_is_charged_by_its_estimate_and_settled_by_what_it_took(small: Small) -> None:
    emulated = small(OPERATIONS, MORE)
    assert told(say(emulated, 4)) == ("6", "1")
    assert told(say(emulated, 6, really=1)) == ("5", "2")
    assert told(say(emulated, 1, really=9)) == ("0", "3")  # more than was left, because nobody knew


def test_headers_tell_what_is_left_after_settling_though_a_template_looked_before(small: Small) -> None:
    answer = say(small(OPERATIONS, MORE), 2, really=5)
    assert answer.json() == {"left": 8}
    assert told(answer)[0] == "5"


def test_a_refused_request_costs_nothing_whichever_step_refuses_it(small: Small) -> None:
    emulated = small(OPERATIONS, MORE)
    say(emulated, 4)
    for answer, status in refusals(emulated):
        assert answer.status_code == status
        assert told(answer) == ("6", "1"), "every answer to a known caller tells how its counters stand"
    assert told(say(emulated, 6)) == ("0", "2")


def refusals(emulated: Emulated) -> Iterator[tuple[httpx.Response, int]]:
    """A refusal by a limit, a rule, a mistake of the emulator's, a schema and a fault, and the status of each."""
    yield say(emulated, 7), 429
    yield say(emulated, 4, fails=True), 409
    yield say(emulated, 4, breaks=True), 500
    client = emulated.client("small", headers=KEY)
    yield client.post("/say", json={}), 400
    yield client.post("/say", json={"words": 1}, headers={"X-Emulator-Fault": "status=418"}), 418


@pytest.mark.finding("B10")
def test_a_request_that_is_refused_for_what_it_says_costs_what_the_api_says_of_those(small: Small) -> None:
    emulated = small(OPERATIONS, MORE + 'refused: {calls: "{{ 1 }}", others: 7}\n')
    say(emulated, 4)
    charged = [int(str(told(answer)[1])) for answer, _ in refusals(emulated)]
    assert charged == [1, 2, 2, 3, 3], "429, 409, 500, 400, and a fault's 418"
    late = emulated.client("small", headers=KEY).post("/say", json={})
    assert (late.status_code, late.headers["retry-after"], told(late)) == (429, "60", ("6", "3"))
    assert "calls" in late.json()["said"]


@pytest.mark.finding("B10")
def test_what_a_refusal_costs_may_fail_like_any_other_template(small: Small) -> None:
    emulated = small(OPERATIONS, MORE + 'refused: {calls: "{{ 1 // (query.zero | default(0)) }}"}\n')
    answer = emulated.client("small", headers=KEY).post("/say", json={})
    assert (answer.status_code, answer.json()["kind"]) == (500, "internal")
    assert "small.yaml" in answer.headers["x-emulator-error"]


def test_keys_of_one_workspace_share_its_counters_unless_the_api_counts_by_key(small: Small) -> None:
    emulated = small(OPERATIONS, MORE)
    say(emulated, 4)
    assert told(say(emulated, 1, key="key-of-ann-2")) == ("5", "2")
    emulated = small(OPERATIONS, MORE + "limits_per: key\n")
    say(emulated, 4)
    assert told(say(emulated, 1, key="key-of-ann-2")) == ("9", "1")


def test_an_operation_costs_what_it_says_or_what_the_api_says(small: Small) -> None:
    emulated = small(OPERATIONS, MORE)
    client = emulated.client("small", headers=KEY)
    assert told(client.get("/free")) == ("10", "0")
    assert told(client.get("/usual")) == ("10", "1")


def test_a_tier_without_limits_has_no_limit_headers(small: Small) -> None:
    emulated = small(OPERATIONS, MORE)
    for _ in range(9):
        answer = emulated.client("small", headers={"X-Key": "key-of-eve"}).get("/usual")
    assert (answer.status_code, told(answer)) == (200, (None, None))


def test_a_refusal_tells_its_counter_and_when_to_come_back(small: Small) -> None:
    emulated = small(OPERATIONS, MORE)
    say(emulated, 8)
    emulated.advance(100)
    answer = say(emulated, 8)
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "3500")
    assert "words" in answer.json()["said"]
    emulated.advance(3_500)
    assert told(say(emulated, 8)) == ("2", "1")


def test_part_of_a_word_is_no_word(small: Small) -> None:
    assert told(say(small(OPERATIONS, MORE), 4.9)) == ("6", "1")


@pytest.mark.parametrize("words", ["1e300", "1e308", "9007199254740993"])
def test_a_cost_that_no_counter_can_hold_is_a_mistake_with_a_place(small: Small, words: str) -> None:
    emulated = small(OPERATIONS, MORE + 'refused: {words: "{{ body.more }}"}\n')
    client = emulated.client("small", headers=KEY | {"Content-Type": "application/json"})
    for body in (f'{{"words": {words}}}', f'{{"more": {words}}}'):
        answer = client.post("/say", content=body)
        assert (answer.status_code, answer.json()["kind"]) == (500, "internal"), body
        assert "small.yaml" in answer.headers["x-emulator-error"]
        assert "the cost in words is too high; expected a number up to 9,007,199," in answer.headers["x-emulator-error"]


def test_a_budget_holds_less_of_what_it_counts_in_parts(small: Small) -> None:
    emulated = small(OPERATIONS, MORE.replace(", words: 10/hour}", "}, budget: {words: 5}"))
    answer = emulated.client("small", headers=KEY).post("/say", json={"words": 1e300})
    assert (answer.status_code, answer.json()["kind"]) == (500, "internal")
    assert "expected a number up to 9,007,199" in answer.headers["x-emulator-error"]


def test_what_a_refusal_has_at_once_is_given_back_when_its_response_has_ended(small: Small) -> None:
    more = MORE.replace("calls: 3/minute", "calls: 1 at once") + "refused: {calls: 1}\n"
    emulated = small(OPERATIONS, more)
    client = emulated.client("small", headers=KEY)
    assert [client.post("/say", json={}).status_code for _ in range(3)] == [400, 400, 400]
    assert told(say(emulated, 1)) == ("9", "1")
