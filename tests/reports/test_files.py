"""Report files: bad ones are refused before anything runs, and each format holds what its readers need."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from emulator.errors import ConfigError
from emulator.reports.files import FORMATS, report_files, write_reports
from tests.reports.records import exchange, record


def test_each_format_is_written_to_its_file(tmp_path: Path) -> None:
    files = report_files([f"{name}={tmp_path / name}" for name in FORMATS])
    assert list(tmp_path.iterdir()) == [], "looking whether a file can be written leaves none"
    write_reports(files, record(exchanges=[exchange(), exchange(number=2)]), {})
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(FORMATS)
    assert [json.loads(line)["number"] for line in (tmp_path / "jsonl").read_text().splitlines()] == [1, 2]
    whole = json.loads((tmp_path / "json").read_text())
    assert (whole["command_status"], whole["status"], whole["verdict"]["ok"]) == (0, 4, False)
    assert "exchanges" not in whole


def test_a_folder_that_is_missing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"nowhere/a\.xml can't be written: No such file or directory"):
        report_files([f"junit={tmp_path / 'nowhere' / 'a.xml'}"])
    with pytest.raises(ConfigError, match="Is a directory"):
        report_files([f"har={tmp_path}"])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("junitt=a", "unknown format 'junitt'; expected one of: junit, md, json, har, jsonl; did you mean 'junit'?"),
        ("a.xml", "unknown format 'a.xml'; expected one of"),
        ("har=", "expected a file, as in har=report.har"),
        ("har", "expected a file, as in har=report.har"),
    ],
)
def test_what_is_no_report_is_refused(text: str, message: str) -> None:
    with pytest.raises(ConfigError) as error:
        report_files([text])
    assert message in str(error.value)


def test_two_reports_for_one_file_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="the same file"):
        report_files([f"md={tmp_path / 'a'}", f"json={tmp_path / 'a'}"])


def test_a_file_that_was_there_is_replaced_and_the_step_summary_is_added_to(tmp_path: Path) -> None:
    old, summary = tmp_path / "old.md", tmp_path / "summary.md"
    for path in (old, summary):
        path.write_text("before\n")
    files = report_files([f"md={old}", f"md={summary}"])
    assert old.read_text() == "before\n"
    write_reports(files, record(), {"GITHUB_STEP_SUMMARY": str(summary)})
    assert old.read_text().startswith("## emulator")
    assert summary.read_text().startswith("before\n## emulator")


def test_a_file_that_can_no_longer_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    files = report_files([f"md={tmp_path / 'there' / 'a.md'}"])
    (tmp_path / "there").rmdir()
    with pytest.raises(ConfigError, match=r"--report md=.*a\.md: can't be written"):
        write_reports(files, record(), {})
