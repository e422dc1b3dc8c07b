"""Asking a world's journal: the first, the last, each, all, and waiting for more."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from emulator import ControlError, Emulator
from emulator.testing.exchanges import Exchanges
from tests import loopback


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
    with pytest.raises(IndexError, match="journal of this world is empty: "):
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


@pytest.fixture
def small(emulator: Emulator) -> Iterator[Emulator]:
    """A world whose journal keeps three exchanges."""
    name = f"{emulator.name}-small"
    emulator.client.make(f"/worlds/{name}", {"journal_entries": 3})
    with Emulator(emulator.url, world=name) as small:
        yield small
    emulator.client.delete(f"/worlds/{name}")


def call(emulator: Emulator, *paths: str) -> None:
    for path in paths:
        loopback.get(f"{emulator.base_url('aiexport')}{path}", headers={"X-API-Key": emulator.key("pro")})


@pytest.mark.finding("G2")
def test_a_test_finds_all_that_it_has_sent(emulator: Emulator) -> None:
    headers = {"X-API-Key": emulator.key("pro")}
    with loopback.Client(base_url=emulator.base_url("aiexport"), headers=headers) as client:
        for number in range(1_001):
            client.get(f"/models/{number}")
    found = emulator.requests()
    assert (len(found), found.first.path, found.last.path) == (1_001, "/v2/models/0", "/v2/models/1000")
    assert [each.number for each in found] == list(range(1, 1_002))
    assert [each.number for each in found[-1_001:]] == list(range(1, 1_002))
    assert len(found.wait(1_001)) == 1_001
    assert repr(found) == "<1001 exchanges>"


@pytest.mark.finding("G2")
def test_what_depends_on_dropped_exchanges_is_refused(small: Emulator) -> None:
    call(small, "/models", "/a", "/models", "/b", "/models")
    for look in (len, list, lambda found: found.first, lambda found: found[2], lambda found: found[:2], Exchanges.all):
        with pytest.raises(ControlError, match=r"has dropped 2 older exchanges.*journal_entries.*clear"):
            look(small.requests())
    with pytest.raises(ControlError, match="has dropped 2"):
        _ = small.requests("models.list")[-3]
    with pytest.raises(ControlError, match="has dropped 2"):
        _ = small.requests("messages.create").last


@pytest.mark.finding("G2")
def test_what_does_not_depend_on_dropped_exchanges_is_told(small: Emulator) -> None:
    call(small, "/models", "/a", "/models", "/b", "/models")
    assert small.requests().last.path == "/v2/models"
    assert small.requests("models.list")[-2].number == 3
    assert [each.number for each in small.requests()[-2:]] == [4, 5]
    assert repr(small.requests()) == "<3 exchanges, 2 older ones dropped>"
    small.requests().clear()
    assert len(small.requests()) == 0


@pytest.mark.finding("G2")
def test_a_wait_says_that_older_exchanges_were_dropped(small: Emulator) -> None:
    call(small, "/models", "/models", "/models", "/models")
    with pytest.warns(UserWarning, match="has dropped 1 older exchanges"):
        assert len(small.requests("models.list").wait(3)) == 3
    with pytest.raises(AssertionError, match="the journal has dropped 1 older ones"):
        small.requests("models.list").wait(4, timeout="1ms")


def test_where_nothing_came_to_any_world_the_base_url_is_asked_for(
    emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(emulator.client, "of", lambda world: emulator.client)
    with pytest.raises(IndexError, match="is empty: does the client use its base URL, and its key or header"):
        _ = emulator.requests("models.list").last
