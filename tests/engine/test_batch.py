"""Working the items of a job: each as its operation would answer it, the wrong ones for themselves."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.small import KEY, Small

MORE = """
jobs:
  lot:
    timeline: {done: 0s}
    rows:
      operation: say
      succeeded:
        at: "{{ index }}"
        name: "{{ item.name | default(none) }}"
        said: "{{ row.body }}"
        cost: "{{ row.usage }}"
      errored: {at: "{{ index }}", failed: "{{ row.body }}", status: "{{ row.status }}"}
      cancelled: {at: "{{ index }}"}
"""
OPERATIONS = """
say:
  route: POST /say
  request: {type: object, required: [text], properties: {text: {type: string}, loud: {type: boolean, default: false}}}
  let:
    usage: {words: "{{ tokens(body.text) }}", who: "{{ caller.workspace }}"}
  checks: [{when: {body.text: forbidden}, error: conflict, message: not that, param: text}]
  cost: {calls: 1}
  rules:
    - {when: {body.text: streamed}, reply: {stream: {events: [{data: 1}]}}}
    - {when: {body.text: refused}, reply: {error: not_found, message: "no {{ body.text }}", param: text}}
    - {when: {body.text: none}, reply: {text: plain}}
    - {when: {body.text: {not: unheard}}, reply: {body: {text: "{{ body.text }}", loud: "{{ body.loud }}"}}}
lot:
  route: POST /lot
  request: {type: object}
  cost: {calls: 1}
  rules:
    - do: [{start: lot, items: "{{ body.items }}", as: job}]
      reply: {body: {rows: "{{ results(job) }}", counts: "{{ job.counts }}", usage: "{{ job.usage }}"}}
"""


def lot(client: httpx.Client, *items: Any) -> dict[str, Any]:
    answer = client.post("/lot", json={"items": items})
    assert answer.status_code == 200, answer.text
    said: dict[str, Any] = answer.json()
    return said


def test_each_item_is_answered_or_refused_for_itself(small: Small) -> None:
    client = small(OPERATIONS, MORE).client("small", headers=KEY)
    said = lot(
        client, {"text": "Hello", "name": "n"}, {"text": 7}, {"text": "forbidden"}, {"text": "refused"}, {"x": 1}
    )
    assert said["rows"][0] == {
        "at": 0,
        "name": "n",
        "said": {"text": "Hello", "loud": False},
        "cost": {"words": 2, "who": "ann"},
    }
    assert [(row["status"], row["failed"]["kind"], row["failed"]["about"]) for row in said["rows"][1:]] == [
        (400, "invalid", "text"),
        (409, "conflict", "text"),
        (404, "not_found", "text"),
        (400, "invalid", "text"),
    ]
    assert said["rows"][3]["failed"]["said"] == "no refused"
    assert said["counts"] == {"total": 5, "processing": 0, "succeeded": 1, "errored": 4, "cancelled": 0}
    assert said["usage"] == {"words": 2}


def test_an_item_is_never_streamed_and_what_no_rule_answers_is_told_so(small: Small) -> None:
    client = small(OPERATIONS, MORE).client("small", headers=KEY)
    said = lot(client, {"text": "streamed"}, {"text": "unheard"})
    assert said["rows"][0]["said"] == {"text": "streamed", "loud": False}
    assert said["rows"][1]["failed"]["kind"] == "no_rule"


def test_a_refused_item_reads_as_the_refused_request_does(small: Small) -> None:
    client = small(OPERATIONS, MORE).client("small", headers=KEY)
    for item in ({"text": 7}, {}, {"text": "forbidden"}, {"text": "refused"}):
        assert lot(client, item)["rows"][0]["failed"] == client.post("/say", json=item).json()


def test_items_are_not_charged_for_themselves(small: Small) -> None:
    emulated = small(OPERATIONS, MORE)
    lot(emulated.client("small", headers=KEY), *[{"text": "Hello"}] * 20)
    window = emulated.app.state.store.windows.peek("small/ann/calls", 60)
    assert window is not None
    assert window.used == 1


def test_a_large_lot_lets_others_in_between(small: Small) -> None:
    client = small(OPERATIONS, MORE).client("small", headers=KEY)
    said = lot(client, *[{"text": str(number)} for number in range(500)])
    assert [row["said"]["text"] for row in said["rows"]] == [str(number) for number in range(500)]


@pytest.mark.finding("A9")
@pytest.mark.in_memory("elsewhere a batch is answered as one unit of work, without a pause; see docs/scale.md")
def test_large_items_let_others_in_the_sooner(small: Small, monkeypatch: pytest.MonkeyPatch) -> None:
    emulated = small(OPERATIONS, MORE)
    client, turns = emulated.client("small", headers=KEY), []
    sleep = emulated.app.state.clock.sleep

    async def counted(seconds: float) -> None:
        turns.append(seconds)
        await sleep(seconds)

    monkeypatch.setattr(emulated.app.state.clock, "sleep", counted)
    lot(client, *[{"text": "x"}] * 40)
    assert len(turns) == 0
    monkeypatch.setattr("emulator.engine.validate.LONG_BODY", 20_000_000)  # bytes: nothing is read in turns
    lot(client, *[{"text": "x" * 300_000}] * 20)
    assert len(turns) == 20


@pytest.mark.bound("what is answered to the rows of one batch")
@pytest.mark.finding("I6")
def test_a_lot_with_more_answers_than_a_job_may_keep_is_refused(small: Small, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("emulator.engine.steps.MAX_ANSWER_BYTES", 1_000_000)
    client = small(OPERATIONS, MORE).client("small", headers=KEY)
    answer = client.post("/lot", json={"items": [{"text": "x" * 300_000}] * 20})
    assert answer.status_code == 413
    assert "the answers to the first 4 of 20 items take more than 1,000,000 bytes" in answer.text
    assert len(lot(client, *[{"text": "x" * 300_000}] * 3)["rows"]) == 3


@pytest.mark.finding("B16")
def test_a_job_begins_when_its_first_item_is_worked_however_long_that_takes(small: Small) -> None:
    at = OPERATIONS.replace('loud: "{{ body.loud }}"', 'at: "{{ now }}"').replace(
        'usage: "{{ job.usage }}"', 'begun: "{{ job.started_at }}"'
    )
    emulated = small(at, MORE)
    emulated.app.state.clock.run(1_000)
    said = lot(emulated.client("small", headers=KEY), *[{"text": "a"}] * 500)
    assert {row["said"]["at"] for row in said["rows"]} == {said["begun"]}


def test_what_a_template_makes_of_one_item_does_not_stay_for_the_next(small: Small) -> None:
    client = small(OPERATIONS, MORE).client("small", headers=KEY)
    said = lot(client, {"text": "a", "loud": True}, {"text": "b"}, {"text": "c" * 9})
    assert [row["said"]["loud"] for row in said["rows"]] == [True, False, False]
    assert [row["cost"]["words"] for row in said["rows"]] == [1, 1, 3]
