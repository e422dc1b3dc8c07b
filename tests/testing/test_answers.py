"""Answers as a test adds them."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from emulator import ControlError, Emulator


def said(http: httpx.Client, prompt: str, **more: Any) -> str:
    body = {"model": "apex-sonnet-4-20250501", "messages": [{"role": "user", "content": prompt}], **more}
    return str(http.post("/messages", json=body).raise_for_status().json()["content"][0]["text"])


def test_a_prompt_and_its_answer_are_all_that_it_takes(emulator: Emulator, http: httpx.Client) -> None:
    emulator.answer("refund", "Refunds take five days.")
    assert said(http, "Refund?") == "Refunds take five days."


def test_every_word_that_says_when_is_sent(emulator: Emulator, http: httpx.Client) -> None:
    added = emulator.answer(matches="order (?P<id>\\d+)", on=("messages.*",), answer="{{ named.id }}", json={"id": 1})
    emulator.answer(contains=("money", "back"), answer="Soon.")
    assert emulator.answers[1] == {**added.entry, "id": added.id}
    assert added.entry["on"] == ["messages.*"]
    assert [said(http, each) for each in ("Order 12?", "my money")] == ["12", "Soon."]
    assert said(http, "Order 12?", response_format={"type": "json_object"}) == '{"id":1}'
    assert added.id in repr(added)


def test_an_answer_is_removed_at_the_end_of_its_block(emulator: Emulator, http: httpx.Client) -> None:
    before = said(http, "refund")
    with emulator.answer("refund", "Never.") as answer:
        assert said(http, "refund") == "Never."
    assert said(http, "refund") == before
    answer.remove()  # as good as nothing
    emulator.answer(answer="Anything.")
    emulator.clear_answers()
    assert emulator.answers == []
    assert said(http, "refund") == before


def test_a_reset_removes_them_and_a_snapshot_keeps_them(emulator: Emulator) -> None:
    emulator.answer("refund", "Never.")
    snapshot = emulator.snapshot()
    emulator.reset()
    assert emulator.answers == []
    emulator.restore(snapshot)
    assert [each["answer"] for each in emulator.answers] == ["Never."]


def test_a_wrong_answer_says_what_is_wrong(emulator: Emulator) -> None:
    with pytest.raises(ControlError, match="nothing is answered"):
        emulator.answer("refund")
    with pytest.raises(ControlError, match=r"did you mean 'messages\.create'"):
        emulator.answer("refund", "Never.", on="messages.crate")
