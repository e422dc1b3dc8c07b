"""Answers are told, listed and taken back over HTTP; a reset forgets them, and a snapshot keeps them."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from emulator.engine import answers
from tests.apis.aiexport_calls import answered, asking, caller, text_of
from tests.running import Emulated

REFUND = {"contains": ["refund", "money back"], "on": "messages.*", "answer": "Five days.", "json": {"days": 5}}


def said(emulator: Emulated, prompt: str) -> str:
    return text_of(answered(caller(emulator).post("/messages", json=asking(prompt))))


def test_an_answer_is_told_listed_and_taken_back(emulator: Emulated, control: httpx.Client) -> None:
    before = said(emulator, "A refund?")
    told = control.post("/answers", json={**REFUND, "matches": None})
    assert (told.status_code, told.json()) == (201, {**REFUND, "id": "answer_1"})
    assert said(emulator, "A refund?") == "Five days."
    other = control.post("/answers", json={"answer": "Whatever."}).json()
    assert other == {"answer": "Whatever.", "id": "answer_2"}
    assert control.get("/answers").json() == {"answers": [other, told.json()]}
    assert said(emulator, "A refund?") == "Whatever."
    assert control.delete("/answers/answer_2").json() == {"removed": ["answer_2"]}
    assert said(emulator, "A refund?") == "Five days."
    assert control.delete("/answers").json() == {"removed": ["answer_1"]}
    assert control.delete("/answers").json() == {"removed": []}
    assert said(emulator, "A refund?") == before
    assert control.delete("/answers/answer_1").status_code == 404


def test_a_reset_forgets_them_and_a_snapshot_brings_them_back(emulator: Emulated, control: httpx.Client) -> None:
    control.post("/answers", json=REFUND)
    snapshot = control.get("/worlds/default/snapshot").json()
    control.post("/reset")
    assert control.get("/answers").json() == {"answers": []}
    assert said(emulator, "refund") != "Five days."
    control.post("/answers", json={"answer": "Another."})
    assert said(emulator, "refund") == "Another."
    assert control.put("/worlds/default/snapshot", json=snapshot).status_code == 200
    assert said(emulator, "refund") == "Five days."
    assert [each["id"] for each in control.get("/answers").json()["answers"]] == ["answer_1"]


def test_a_snapshot_with_a_wrong_answer_is_refused(control: httpx.Client) -> None:
    control.post("/answers", json=REFUND)
    snapshot = control.get("/worlds/default/snapshot").json()
    text = httpx.Response(200, json=snapshot).text.replace("Five days.", "{{ promt }}")
    refused = control.put("/worlds/default/snapshot", content=text, headers={"Content-Type": "application/json"})
    assert refused.status_code == 400
    assert "unknown name 'promt'" in refused.text


def test_they_are_of_one_world(emulator: Emulated, control: httpx.Client) -> None:
    control.put("/worlds/mine", json={"keys": ["axp_mine"]})
    control.post("/answers", json=REFUND, headers={"X-Emulator-World": "mine"})
    assert said(emulator, "refund") != "Five days."
    mine = caller(emulator, "axp_mine").post("/messages", json=asking("refund"))
    assert text_of(answered(mine)) == "Five days."


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ({}, "body: nothing is answered; expected `answer`, or `json`, or both"),
        (
            {"prompt": "a", "matches": "b", "answer": "c"},
            "body: an answer has at most one of prompt, contains, matches",
        ),
        ({"matches": "a(", "answer": "c"}, "body: matches: not a regular expression: "),
        ({"prompt": "?", "answer": "c"}, "body: prompt: '?' is in no prompt"),
        ({"answer": "{{ promt }}"}, "body: answer: unknown name 'promt'; "),
        ({"answer": "c", "on": "messages.crate"}, "body.on: no operation is called 'messages.crate'; "),
        ({"answer": "c", "on": ["batch.create"]}, "body.on: batch.create says nothing that is generated; "),
        ({"answer": "c", "promt": "a"}, "promt"),
        ({"answer": 5}, "body.answer: expected text or null; found a whole number"),
    ],
)
def test_a_wrong_answer_is_refused_and_nothing_is_told(
    control: httpx.Client, entry: dict[str, Any], message: str
) -> None:
    refused = control.post("/answers", json=entry)
    assert refused.status_code == 400
    assert message in refused.json()["error"]["message"]
    assert control.get("/answers").json() == {"answers": []}


@pytest.mark.bound("answers")
def test_a_world_is_told_so_many_and_no_more(control: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("emulator.control.answers.MAX_ANSWERS", 2)
    assert [control.post("/answers", json=REFUND).status_code for _ in range(3)] == [201, 201, 409]
    assert answers.MAX_ANSWERS == 10_000
