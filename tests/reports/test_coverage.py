"""Coverage for people, and what makes it fail."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from emulator.errors import ConfigError
from emulator.reports.coverage import (
    check_requirements,
    coverage_lines,
    coverage_markdown,
    unmet_requirements,
    write_coverage,
)

NONE = {"ok": 0, "4xx": 0, "429": 0, "5xx": 0, "cut": 0, "stalled": 0, "late": 0}


def operation(name: str, calls: int, streams: bool = False, never: tuple[str, ...] = (), **seen: Any) -> dict[str, Any]:
    outcomes = {**NONE, **seen.get("outcomes", {})}
    about = {"api": "demo", "operation": name, "calls": calls, "streams": streams, "never": never}
    return {**about, "outcomes": outcomes, "statuses": seen.get("statuses", {}), "faults": seen.get("faults", {})}


def rule(line: int, replies: tuple[int, ...], name: str = "", faults: Any = (), **more: Any) -> dict[str, Any]:
    answered = sum(replies)
    about = {"file": "flaky.yaml", "line": line, "name": name, "kind": "rule", "answered": answered, "nearest": ""}
    return {**about, "replies": replies, "faults": [{"name": each, "played": times} for each, times in faults], **more}


VIEW = {
    "operations": [
        operation("batch.create", 3, outcomes={"ok": 3}, statuses={"202": 3}),
        operation("stream", 14, True, ("429",), outcomes={"ok": 13, "cut": 1}, faults={"cut_after": 1}),
    ],
    "rules": [
        rule(6, (0,), "mine", nearest="nearest is #1"),
        rule(9, (), faults=[("latency", 0), ("split", 2)]),
        rule(12, (1, 0)),
        rule(15, (0,), kind="answer"),
        rule(18, (4,)),
    ],
}
UNUSED = [
    "flaky.yaml:6 'mine' has never answered (nearest is #1)",
    "flaky.yaml:9 fault latency has never played (no request came to its operations)",
    "flaky.yaml:12 has never given reply 2 of 2",
    "flaky.yaml:15 this answer was never given (no request came to its operations)",
]


def test_the_table_has_a_line_for_each_operation_and_each_thing_that_was_never_used() -> None:
    assert list(coverage_lines(VIEW)) == [
        "              calls  ok  4xx  429  5xx  cut  stalled  late",
        "batch.create      3   3    -    -    -    .        .     -  never refused",
        "stream           14  13    -    -    -    1        -     -  never: 429",
        *UNUSED,
    ]
    assert list(coverage_lines({"operations": [], "rules": []})) == ["no operation was called"]


def test_markdown_says_the_same() -> None:
    text = coverage_markdown(VIEW)
    assert "| `stream` | 14 | 13 | - | - | - | 1 | - | - | never: 429 |\n" in text
    assert f"- `{UNUSED[0]}`\n" in text
    assert coverage_markdown({"operations": [], "rules": []}).endswith("Every rule was used.\n")


@pytest.mark.parametrize(
    ("requirement", "why"),
    [
        ("unused-rules", "unused-rules: 4 never used"),
        ("batch.*:429", "batch.*:429: never met by batch.create"),
        ("demo/*:cut", "demo/*:cut: never met by batch.create"),
        ("runs.*:429", "runs.*:429: no such operation was called; expected one of: batch.create, stream"),
        (
            "bacth.*:429",
            "bacth.*:429: no such operation was called; expected one of: batch.create, stream; did you mean 'batch.*'?",
        ),
        (
            "deno/stream:cut",
            "deno/stream:cut: no such operation was called; expected one of: demo/batch.create, demo/stream; "
            "did you mean 'demo/stream'?",
        ),
        ("stream:stall_after", "stream:stall_after: never met by stream"),
        ("stream:cut_after", None),
        ("stream:cut", None),
        ("batch.create:202", None),
        ("*:ok", None),
    ],
)
def test_a_requirement_that_is_not_met_says_why(requirement: str, why: str | None) -> None:
    assert list(unmet_requirements(VIEW, [requirement])) == ([] if why is None else [why])


@pytest.mark.parametrize(
    ("requirement", "wrong"),
    [
        ("unused", "'unused' is no requirement; expected unused-rules, or an operation and what it must have met"),
        (":429", "is no requirement"),
        ("batch.*:stalld", "nothing ends as 'stalld'; .*did you mean 'stalled'"),
    ],
)
def test_what_is_no_requirement_is_refused_before_anything_runs(requirement: str, wrong: str) -> None:
    check_requirements(["unused-rules", "batch.*:429", "batch.*:503", "*:reset_peer"])
    with pytest.raises(ConfigError, match=wrong):
        check_requirements([requirement])


def test_a_file_is_markdown_or_json_by_its_name(tmp_path: Path) -> None:
    write_coverage(tmp_path / "c.md", VIEW)
    write_coverage(tmp_path / "c.json", VIEW)
    assert (tmp_path / "c.md").read_text() == coverage_markdown(VIEW)
    assert (tmp_path / "c.json").read_text().startswith("{")
    with pytest.raises(ConfigError, match="can't be written: Is a directory"):
        write_coverage(tmp_path, VIEW)
