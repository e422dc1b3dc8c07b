"""A run for tests of reports: one call that came, one finding, one blocked call."""

from __future__ import annotations

from typing import Any

import msgspec

from emulator.reports.record import RunRecord
from emulator.store.views import ExchangeView


def exchange(**changes: Any) -> dict[str, Any]:
    """An exchange as the control API shows it."""
    view = ExchangeView(
        number=1,
        at=1767225600.25,
        api="demo",
        operation="things.create",
        method="POST",
        path="/things",
        query={"a": ["1", "2"], "b": "c d"},
        headers={"host": "127.0.0.1:8484", "content-type": "application/json"},
        body={"name": "x"},
        status=201,
        reply_headers={"content-type": "application/json"},
        reply_body={"id": "é"},
        events_sent=0,
        bytes_sent=10,
        outcome="complete",
        took=0.5,
        key="axp_****",
        workspace="w",
        rule="r",
    )
    shown: dict[str, Any] = {**msgspec.to_builtins(view), **changes}
    return shown


FINDING = {
    "rule": "no_back_off",
    "severity": "error",
    "message": "3 retries\x00 <at once>",
    "wanted": "a wait | of 1 s",
    "found": "0 s",
    "api": "demo",
    "operation": "things.create",
    "count": 1,
    "exchanges": [1],
}


def record(**changes: Any) -> RunRecord:
    """A run that ended with findings."""
    fields: dict[str, Any] = {
        "command": ["npm", "test"],
        "command_status": 0,
        "status": 4,
        "summary": {
            "called": [{"api": "demo", "operation": "things.create", "calls": 3, "statuses": {"0": 1, "201": 2}}],
            "spent": {"demo": {"USD": 0.0000105}},
            "faults": {"status": 2},
        },
        "verdict": {
            "ok": False,
            "findings": [FINDING, FINDING],
            "checked": {"no_back_off": 2, "retry_storm": 0, "polled_too_fast": 1},
        },
        "departures": [{"host": "vendor.example", "port": 443, "at": 0.0}],
        "untrusted": {"other.example": 1},
        "missing": "FAILED: 3 calls arrived; expected at least 5",
        "url": "http://127.0.0.1:8484",
        "exchanges": [exchange()],
    }
    return RunRecord(**{**fields, **changes})


UNMET = {
    "id": "",
    "file": "mine.yaml",
    "line": 7,
    "kind": "times",
    "expected": "things.create exactly once",
    "ok": False,
    "known": True,
    "found": "found 3 (#1, #2, #3)",
    "instead": ["what came: <all> 3 x"],
}
MET = {**UNMET, "id": "expectation_1", "file": "", "line": 0, "ok": True, "found": "found 1", "instead": []}


def expecting(*judged: dict[str, Any]) -> RunRecord:
    """A run with expectations."""
    return record(expectations={"ok": all(each["ok"] for each in judged), "expectations": judged, "text": ""})
