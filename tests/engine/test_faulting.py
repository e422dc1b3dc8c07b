"""Faults of rules: by operation, key, count, chance and the age of the world; and which of several play first."""

from __future__ import annotations

import httpx
import pytest

from emulator.errors import DocumentError
from tests.running import Emulated
from tests.small import KEY, Small

OPERATIONS = """
one:
  route: GET /one
  rules: [{reply: {body: {}}}]
other:
  route: GET /other
  rules: [{reply: {body: {}}}]
"""
BOB = {"X-Key": "key-of-bob"}


def statuses(emulated: Emulated, count: int, path: str = "/one", headers: dict[str, str] = KEY) -> list[int]:
    client = emulated.client("small", headers=headers)
    return [client.get(path).status_code for _ in range(count)]


@pytest.mark.parametrize(
    ("when", "failed"),
    [
        ("{times: 2}", [1, 2]),
        ("{nth: 3}", [3]),
        ("{every: 2}", [2, 4, 6]),
        ("{caller.key: key-of-ann, times: 1}", [1]),
        ("{caller.key: key-of-bob}", []),
        ("{probability: 1, times: 2}", [1, 2]),
        ("{probability: 0}", []),
    ],
)
def test_when_a_rule_lets_its_fault_play(small: Small, when: str, failed: list[int]) -> None:
    emulated = small(OPERATIONS, scenario=f"rules: [{{on: one, when: {when}, fault: {{status: 503}}}}]\n")
    assert statuses(emulated, 6) == [503 if number in failed else 200 for number in range(1, 7)]
    assert statuses(emulated, 2, "/other") == [200, 200]


def test_a_window_is_counted_from_when_the_world_began(small: Small) -> None:
    story = "rules: [{when: {after: 10s, for: 20s}, fault: {status: 503}}]\n"
    emulated = small(OPERATIONS, scenario=story)
    got = []
    for _ in range(5):
        got += statuses(emulated, 1)
        emulated.advance(10)
    assert got == [200, 503, 503, 200, 200]
    emulated.app.state.clear()
    emulated.advance(10)
    assert statuses(emulated, 1) == [503]


def test_a_window_without_a_beginning_and_one_without_an_end(small: Small) -> None:
    story = (
        "rules:\n"
        "  - {on: one, when: {for: 10s}, fault: {status: 503}}\n"
        "  - {on: other, when: {after: 10s}, fault: {status: 503}}\n"
    )
    emulated = small(OPERATIONS, scenario=story)
    assert statuses(emulated, 1) + statuses(emulated, 1, "/other") == [503, 200]
    emulated.advance(10)
    assert statuses(emulated, 1) + statuses(emulated, 1, "/other") == [200, 503]


def test_chance_is_drawn_from_the_seed_for_each_rule_by_itself(small: Small) -> None:
    story = (
        "rules:\n"
        "  - {when: {probability: 0.3}, fault: {status: 503}}\n"
        "  - {when: {probability: 0.3}, fault: {status: 500}}\n"
    )
    first = statuses(small(OPERATIONS, scenario=story), 300)
    assert statuses(small(OPERATIONS, scenario=story), 300) == first
    assert 60 < first.count(503) < 120
    assert 35 < first.count(500) < 95  # three in ten of those that the first rule spared


def test_several_faults_play_in_the_order_that_makes_sense(small: Small) -> None:
    story = "rules: [{fault: [truncate_body: 0, latency: 0s]}, {fault: malformed_json}]\n"
    emulated = small(OPERATIONS, scenario=story)
    with pytest.raises(httpx.RemoteProtocolError, match="peer closed connection"):
        statuses(emulated, 1)
    assert emulated.exchanges(1)[0].faults == ("latency", "malformed_json", "truncate_body")


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("{latency: soon}", "fault latency: delay: expected a duration"),
        ("{latency: {unifrom: [1s, 2s]}}", "did you mean 'uniform'?"),
        ("latency", "fault latency: expected a latency"),
        ("{earthquake: 9}", "unknown fault 'earthquake'"),
        ("[latency]", "fault latency"),
        ("{cut_aftr: 3}", "did you mean 'cut_after'?"),
    ],
)
def test_a_wrong_fault_is_refused_at_load(small: Small, fault: str, words: str) -> None:
    with pytest.raises(DocumentError) as caught:
        small(OPERATIONS, scenario=f"rules: [{{fault: {fault}}}]\n")
    assert words in str(caught.value)


def test_an_item_of_a_job_is_refused_as_a_request_would_be(small: Small) -> None:
    operations = """
make:
  route: POST /make
  request: {type: object}
  rules: [{do: [{start: batch, items: "{{ body.items }}", as: job}], reply: {body: {id: "{{ job.id }}"}}}]
look:
  route: GET /look/{id}
  let: {job: "{{ job(path.id) }}"}
  rules: [{reply: {body: "{{ results(job) }}"}}]
say:
  route: POST /say
  request: {type: object}
  rules: [{reply: {body: {said: "{{ body.n }}"}}}]
"""
    more = """
jobs:
  batch:
    timeline: {working: 0s, done: 1s}
    rows:
      operation: say
      succeeded: {said: "{{ row.body }}"}
      errored: {status: "{{ row.status }}"}
      cancelled: {}
"""
    story = "rules: [{on: say, when: {every: 2}, fault: {status: 503}}]\n"
    emulated = small(operations, more, scenario=story)
    client = emulated.client("small", headers=KEY)
    id = client.post("/make", json={"items": [{"n": n} for n in range(4)]}).json()["id"]
    emulated.advance(1)
    assert client.get(f"/look/{id}").json() == [
        {"said": {"said": 0}},
        {"status": 503},
        {"said": {"said": 2}},
        {"status": 503},
    ]


@pytest.mark.finding("B14")
@pytest.mark.parametrize(("key", "wait"), [("key-of-ann", "60"), ("key-without-limits", None)])
def test_a_rate_limit_that_a_fault_plays_says_the_wait_that_a_counter_would_say(
    small: Small, key: str, wait: str | None
) -> None:
    more = """
    tiers:
      basic: {limits: {calls: 1000/minute}, data: {size: 3}}
      free: {limits: {calls: unlimited}}
    keys:
      key-of-ann: {workspace: ann, tier: basic}
      key-without-limits: {workspace: eve, tier: free}
    errors: {shape: {kind: "{{ error.kind }}"}}
    """
    emulated = small(OPERATIONS, more, scenario="rules: [{fault: {status: 429}}]\n")
    response = emulated.client("small", headers={"X-Key": key}).get("/one")
    assert (response.status_code, response.headers.get("retry-after")) == (429, wait)
