"""The record of a run counts its calls."""

from __future__ import annotations

from tests.reports.records import record


def test_calls_of_all_operations_count() -> None:
    called = [{"api": "demo", "operation": name, "calls": calls, "statuses": {}} for name, calls in (("a", 2), ("", 3))]
    assert record(summary={"called": called, "spent": {}, "faults": {}}).calls == 5
