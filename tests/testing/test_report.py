"""What a failed test shows of its world."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from emulator import Emulator
from emulator.testing.exchanges import HINT, Recorded
from emulator.testing.report import MAX_EXCHANGES, MAX_WIDTH, lines_of, place, report_lines
from tests import loopback


def test_a_line_for_each_exchange(emulator: Emulator, http: httpx.Client, hello: dict[str, Any]) -> None:
    since = place(emulator)
    emulator.fail("messages.create", status=503, times=1)
    http.post("/messages", json=hello)
    http.get("/nowhere")
    first, refusal, second, reason = report_lines(emulator, since)
    assert first.startswith("  1  POST /v2/messages → 503 in 0.")
    assert first.endswith("(messages.create; faults: status)")
    assert refusal.startswith("     ")
    assert second.endswith("(no operation)")
    assert reason.startswith("     ")


def test_a_world_to_which_nobody_came_says_so(emulator: Emulator) -> None:
    assert list(report_lines(emulator, place(emulator))) == [f"no request came to the world {emulator.name}"]


def test_near_misses_are_told_below_their_exchange() -> None:
    miss = {
        "name": "red",
        "file": "colours.yaml",
        "line": 7,
        "differences": [{"field": "body.size", "wanted": "gt 3", "found": 2}],
    }
    nobody = httpx.Headers()
    texts: dict[str, Any] = dict.fromkeys(
        ("api", "operation", "query", "body", "outcome", "key", "workspace", "rule"), ""
    )
    exchange = Recorded(
        number=1, at=0, method="POST", path="/one", headers=nobody, status=501, reply_headers=nobody, reply_body=None,
        events_sent=0, bytes_sent=0, took=0.0, near_misses=(miss, {**miss, "name": ""}), **texts,
    )  # fmt: skip
    assert list(lines_of(exchange))[1:] == [
        "     near miss: red (colours.yaml:7): body.size: expected gt 3, found 2",
        "     near miss: colours.yaml:7: body.size: expected gt 3, found 2",
    ]


def test_rules_that_were_passed_over_are_told_below_the_last_exchange(
    emulator: Emulator, http: httpx.Client, hello: dict[str, Any]
) -> None:
    rules = "rules: [{on: messages.create, name: mine, when: {body.model: other}, reply: {answer: Mine}}]"
    emulator.put_scenario("mine", f"scenario: mine\nextends: default\n{rules}\n")
    emulator.use("mine")
    for _ in range(2):
        http.post("/messages", json=hello)
    first, second, passed = report_lines(emulator, place(emulator))
    assert (first[:4], second[:4]) == ("  1 ", "  2 ")
    assert passed == "     passed over: mine.yaml:3 'mine': body.model: expected 'other', found 'apex-haiku-4-20250401'"


def test_it_is_bounded(emulator: Emulator, http: httpx.Client) -> None:
    since = place(emulator)
    for _ in range(MAX_EXCHANGES + 5):
        http.get("/" + "x" * 400)
    lines = list(report_lines(emulator, since))
    assert lines[0] == "… 5 earlier ones"
    assert len(lines) == 2 * MAX_EXCHANGES + 1  # each with its error
    assert max(map(len, lines)) == MAX_WIDTH


@pytest.mark.finding("G2")
def test_exchanges_that_the_journal_dropped_are_counted(emulator: Emulator) -> None:
    name = f"{emulator.name}-small"
    emulator.client.make(f"/worlds/{name}", {"journal_entries": 30})
    with Emulator(emulator.url, world=name) as small:
        with loopback.Client(base_url=emulator.url, headers=small.headers) as client:
            for _ in range(33):
                client.get("/nowhere")
        assert next(report_lines(small)) == "… 13 earlier ones, 3 of them dropped from the journal"
        assert "3 older exchanges were not looked at" in small.verdict.text
    emulator.client.delete(f"/worlds/{name}")


def test_a_server_that_is_gone_is_told_and_not_raised(emulator: Emulator) -> None:
    lost = Emulator("http://127.0.0.1:9")
    (line,) = report_lines(lost)
    assert line.startswith("the exchanges can't be read: no emulator answers")
    lost.stop()


@pytest.mark.finding("G6")
def test_requests_with_a_key_of_ones_own_are_told_with_the_cure(emulator: Emulator) -> None:
    url = emulator.base_url("aiexport") + "/models"
    loopback.get(url, headers={"X-API-Key": "axp_before_the_test"})
    since = place(emulator)
    loopback.get(url, headers={"X-API-Key": "axp_my_own_key_1234"})
    assert list(report_lines(emulator, since)) == [
        f"no request came to the world {emulator.name}",
        f"1 came to the world default meanwhile, which no key or header led elsewhere; {HINT}",
        "     GET /v2/models → 200 with the key axp_********1234",
    ]
    with pytest.raises(IndexError, match=r"came to the world default, the last one .* with the key axp_\*+1234; send"):
        _ = emulator.requests().last
    with pytest.raises(AssertionError, match=r"came to the world default, the last one .* with the key axp_\*+1234"):
        emulator.requests("models.list").wait(1, timeout="1ms")


@pytest.mark.finding("G6")
def test_faults_that_never_played_are_told(emulator: Emulator, http: httpx.Client) -> None:
    emulator.arm("cut_after", on="messages.stream", events=3)
    emulator.fail("models.list", times=1)
    http.get("/models")
    lines = list(report_lines(emulator))
    assert [line for line in lines if line.startswith("never played")] == [
        "never played: cut_after (params: {'events': 3}, on: messages.stream)"
    ]


@pytest.mark.finding("G6")
def test_the_message_of_an_error_is_shown(emulator: Emulator, http: httpx.Client) -> None:
    http.post("/messages", json={})
    assert emulator.requests().last.error
    assert f"     {emulator.requests().last.error}" in report_lines(emulator)
