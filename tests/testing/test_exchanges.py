"""Asking a world's journal: the first, the last, each, all, and waiting for more."""

from __future__ import annotations

import threading
from typing import Any

import httpx
import pytest

from emulator import ControlError, Emulator


def test_what_was_sent_and_what_was_answered(emulator: Emulator, http: httpx.Client, hello: dict[str, Any]) -> None:
    answer = http.post("/messages?a=1", json=hello)
    found = emulator.requests("messages.create")
    assert (len(found), found.first, found[0]) == (1, found.last, found.last)
    last = found.last
    assert (last.method, last.path, last.query, last.body) == ("POST", "/v2/messages", {"a": "1"}, hello)
    assert last.headers["Content-Type"] == "application/json"
    assert http.headers["X-API-Key"] not in last.headers["X-API-Key"]  # masked
    assert (last.status, last.reply.status, last.reply.body) == (200, 200, answer.json())
    assert last.reply.headers["X-Request-Id"] == answer.headers["X-Request-Id"]
    assert last.reply.bytes_sent >= len(answer.content)
    assert str(last) == "#1 POST /v2/messages → 200 (messages.create)"


def test_they_are_chosen_by_status_by_pattern_and_by_what_a_rule_may_ask(
    emulator: Emulator, http: httpx.Client, hello: dict[str, Any]
) -> None:
    emulator.fail("messages.create", status=503, times=1)
    for _ in range(2):
        http.post("/messages", json=hello)
    http.get("/models")
    assert [each.status for each in emulator.requests("messages.*")] == [503, 200]
    assert len(emulator.requests(status=503)) == 1
    assert len(emulator.requests(api="aiexport")) == 3
    assert len(emulator.requests(api="aixplain")) == 0
    assert len(emulator.requests(**{"body.model": hello["model"], "status": {"lt": 500}})) == 1
    assert [each.operation for each in emulator.requests()[1:]] == ["messages.create", "models.list"]
    assert emulator.requests("messages.create").first.faults == ("status",)
    assert repr(emulator.requests(status=503)) == "<1 exchanges status=503>"


def test_an_operation_that_there_is_not_is_refused(emulator: Emulator) -> None:
    with pytest.raises(ControlError, match=r"did you mean 'messages\.create'"):
        len(emulator.requests("mesages.create"))


def test_looking_for_what_did_not_come_says_what_came(emulator: Emulator, http: httpx.Client) -> None:
    with pytest.raises(IndexError, match="journal of this world is empty: does the client use its base URL"):
        _ = emulator.requests("models.list").last
    http.get("/models")
    with pytest.raises(IndexError, match=r"1 requests match; .*\n  #1 GET /v2/models → 200"):
        _ = emulator.requests("models.list")[1]


def test_waiting_ends_when_enough_have_come(emulator: Emulator, http: httpx.Client) -> None:
    late = threading.Thread(target=lambda: [http.get("/models") for _ in range(2)])
    late.start()
    assert len(emulator.requests("models.list").wait(2, timeout="10s")) >= 2
    late.join()


def test_waiting_in_vain_fails_the_test_and_says_what_came(emulator: Emulator, http: httpx.Client) -> None:
    http.get("/models")
    with pytest.raises(AssertionError, match=r"(?s)messages\.create|models"):
        emulator.requests("messages.create").wait(1, timeout="1ms")
    with pytest.raises(ControlError, match="timeout"):
        emulator.requests().wait(1, timeout="soon")


def test_the_journal_can_be_cleared(emulator: Emulator, http: httpx.Client) -> None:
    http.get("/models")
    emulator.requests().clear()
    assert list(emulator.requests()) == []
