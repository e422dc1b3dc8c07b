"""A failed test's exchanges go to files of its own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from emulator import Emulator
from emulator.errors import ConfigError
from emulator.testing.failure_report import all_exchanges, event_times, failure_files, write_failure


def test_each_format_gets_a_file_with_the_name_of_the_world(
    emulator: Emulator, http: httpx.Client, hello: dict[str, Any], tmp_path: Path
) -> None:
    http.post("/messages", json=hello)
    http.post("/messages/stream", json=hello)
    emulator.requests("messages.stream").wait()
    files = failure_files([f"har={tmp_path / 'failed.har'}", f"jsonl={tmp_path / 'lines'}"])
    assert list(tmp_path.iterdir()) == []
    lines = list(write_failure(files, emulator))
    har, jsonl = tmp_path / f"failed-{emulator.name}.har", tmp_path / f"lines-{emulator.name}"
    assert lines == [f"har: {har}", f"jsonl: {jsonl}"]
    message, stream = json.loads(har.read_text())["log"]["entries"]
    assert message["response"]["status"] == 200
    assert len(stream["_events"]) == emulator.requests("messages.stream").last.events_sent
    assert emulator.key("pro") not in har.read_text()
    assert [json.loads(line)["operation"] for line in jsonl.read_text().splitlines()] == [
        "messages.create",
        "messages.stream",
    ]


def test_exchanges_come_page_by_page_and_the_times_of_streams_with_them(
    emulator: Emulator, http: httpx.Client, hello: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(3):
        http.post("/messages", json=hello)
    monkeypatch.setattr("emulator.testing.failure_report.PAGE", 2)
    found = list(all_exchanges(emulator.client))
    assert [each["number"] for each in found] == [1, 2, 3]
    assert event_times(emulator.client, found) == {}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("har=nowhere/a.har", "--emulator-report: nowhere/a.har can't be written: No such file or directory"),
        ("junit=a.xml", "--emulator-report junit=a.xml: unknown format 'junit'; expected one of: har, jsonl"),
        ("har=", "--emulator-report har=: expected a file, as in har=report.har"),
    ],
)
def test_what_can_t_be_written_is_refused(text: str, message: str) -> None:
    with pytest.raises(ConfigError) as error:
        failure_files([text])
    assert str(error.value).startswith(message)


def test_a_file_that_fails_later_is_named_and_not_raised(emulator: Emulator, tmp_path: Path) -> None:
    files = failure_files([f"har={tmp_path / 'a.har'}"])
    tmp_path.rmdir()
    (line,) = write_failure(files, emulator)
    assert line.endswith("can't be written: No such file or directory")
    tmp_path.mkdir()
    (line,) = write_failure(files, Emulator("http://127.0.0.1:9"))
    assert line.startswith("the exchanges can't be read: no emulator answers")
