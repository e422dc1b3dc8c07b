"""The lines that a run ends with."""

from __future__ import annotations

from typing import Any

import pytest

from emulator.run.summary import missing_calls, summary_lines
from emulator.testing.verdict import Finding, Verdict

NOTHING: dict[str, Any] = {
    "called": [],
    "spent": {},
    "faults": {},
    "exchanges": 0,
    "dropped": 0,
    "elsewhere": 0,
    "hints": {},
}
FINE = Verdict(ok=True, text="fine")


def test_a_run_without_calls_says_what_that_may_mean() -> None:
    assert list(summary_lines(NOTHING, FINE, [], {}, False)) == [
        "emulator: 0 calls; a program that ignores the proxy variables is not redirected"
    ]
    assert list(summary_lines({**NOTHING, "elsewhere": 2}, FINE, [], {}, False)) == [
        "emulator: 0 calls, and 2 in other worlds"
    ]
    left = [{"host": "a.example", "port": 443}]
    assert next(summary_lines(NOTHING, FINE, left, {}, False)) == "emulator: 0 calls", "it heeds them"


@pytest.mark.finding("H1")
def test_a_client_that_refuses_the_certificate_is_reported_for_what_it_is() -> None:
    assert list(summary_lines(NOTHING, FINE, [], {}, False, {"a.example": 2})) == [
        "emulator: 0 calls",
        "  2 connections to a.example ended before a request: the certificate was not trusted?",
        "          (the client may read none of the variables that name it; docs/run.md says what it needs)",
    ]


@pytest.mark.finding("H2")
def test_calls_that_are_missing_are_counted_over_all_worlds() -> None:
    came = {**NOTHING, "exchanges": 1, "dropped": 2, "elsewhere": 3}
    assert missing_calls(came, 6) == missing_calls(NOTHING, 0) == ""
    assert missing_calls(came, 7) == "  FAILED: 6 calls arrived; expected at least 7"


def test_blocked_calls_are_reported_with_a_hint() -> None:
    left = [{"host": host, "port": 81} for host in ("b.example", "2001:db8::1", "2001:db8::1")]
    assert list(summary_lines(NOTHING, FINE, left, {"b.example"}, False))[1:] == [
        "  FAILED: 1 call to b.example:81 blocked, which is not emulated",
        "          (the host is emulated at ports 80 and 443 only)",
        "  FAILED: 2 calls to [2001:db8::1]:81 blocked, which is not emulated",
        "          (--allow-host 2001:db8::1 lets it through to the real host)",
    ]


def test_all_that_happened_is_reported() -> None:
    called = [
        {"api": "parrot", "operation": "say", "calls": 3, "statuses": {"0": 1, "200": 2}},
        {"api": "", "operation": "", "calls": 1, "statuses": {"404": 1}},
    ]
    summary = {
        **NOTHING,
        "called": called,
        "spent": {"parrot": {"letters": 12_000.0, "USD": 0.0000105}},
        "faults": {"status": 2, "timeout": 1},
        "dropped": 9,
    }
    assert list(summary_lines(summary, FINE, [{"host": "a.example", "port": 443}] * 2, {}, False)) == [
        "emulator: 4 calls in the journal, which had dropped 9 earlier ones",
        "  parrot  say             1 x no response, 2 x 200",
        "  -       (no operation)  1 x 404",
        "  parrot would have charged 12,000 letters, 0.0000105 USD",
        "  faults played: status x 2, timeout x 1",
        "  verdict: no findings",
        "  FAILED: 2 calls to a.example:443 blocked, which is not emulated",
        "          (--allow-host a.example lets it through to the real host)",
    ]


def test_a_verdict_is_reported_in_short_or_in_whole() -> None:
    finding = Finding("no_back_off", "hardly a pause")
    verdict = Verdict(ok=False, findings=(finding, finding), text="two findings\none and the other")
    summary = {**NOTHING, "called": [{"api": "a", "operation": "b", "calls": 1, "statuses": {"200": 1}}]}
    assert "  verdict: no_back_off x 2 (--verdict shows details)" in list(
        summary_lines(summary, verdict, [], {}, False)
    )
    assert list(summary_lines(summary, verdict, [], {}, True))[2:] == ["  two findings", "  one and the other"]


@pytest.mark.finding("G8")
def test_hints_are_reported_below_the_calls() -> None:
    called = [{"api": "", "operation": "", "calls": 2, "statuses": {"404": 2}}]
    hints = {"POST /v2/mesages: unknown path; did you mean /v2/messages?": 2, "GET /x: unknown path": 1}
    lines = list(summary_lines({**NOTHING, "called": called, "hints": hints}, FINE, [], {}, False))
    assert lines[1:4] == [
        "  -  (no operation)  2 x 404",
        "  hint: POST /v2/mesages: unknown path; did you mean /v2/messages? (2 times)",
        "  hint: GET /x: unknown path",
    ]
