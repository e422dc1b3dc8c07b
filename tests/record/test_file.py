"""The tape: its file is a scenario at every moment."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from emulator.errors import ConfigError
from emulator.language.document.reader import SUFFIXES, read
from emulator.record import writer as script
from emulator.record.file import RecordingFile
from emulator.record.request import RecordedExchange, RecordedRequest, UpstreamReply
from emulator.record.writer import rule_text


def test_an_exchange_that_makes_no_scenario_is_left_out_and_what_was_before_is_kept(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    tape = RecordingFile.create(tmp_path / "x.yaml", "aiexport", "there")
    before = tape.path.read_bytes()
    deep = UpstreamReply(200, (), b"[" * 100 + b"]" * 100)
    assert not tape.add(RecordedExchange(RecordedRequest("models.list", {}, "http://me"), deep))
    assert "models.list is not recorded; the recording is unchanged" in caplog.text
    assert tape.path.read_bytes() == before
    assert tape.add(RecordedExchange(RecordedRequest("models.list", {}, "http://me"), UpstreamReply(200, (), b"{}")))
    assert [file.name for file in tmp_path.iterdir()] == ["x.yaml"]


def exchange(number: int, body: bytes = b'{"a":1}') -> RecordedExchange:
    asked = RecordedRequest("messages.create", {"path": {}, "body": {"model": "m", "n": number}}, "http://me")
    return RecordedExchange(asked, UpstreamReply(200, (("X-A", "1"),), body))


def test_an_exchange_changes_no_rule_but_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Writing all of a long recording again after each exchange would take longer and longer."""
    written: list[int] = []

    def counted(number: int, *rest: Any) -> str:
        written.append(number)
        return rule_text(number, *rest)

    monkeypatch.setattr(script, "rule_text", counted)
    tape = RecordingFile.create(tmp_path / "x.yaml", "aiexport", "there")
    for number in range(50):
        assert tape.add(exchange(number, b'{"a":%d}' % number))
    assert written == [1, *range(1, 51)]  # the second request is what the first has to be told from
    assert tape.add(exchange(7, b'{"again":1}'))
    assert written[51:] == [8]
    rules = read(tape.path).data["rules"]
    assert [rule["when"] for rule in rules[6:9]] == [{"body.n": 6}, {"body.n": 7}, {"body.n": 8}]
    assert [len(rule.get("replies", [])) for rule in rules[6:9]] == [0, 2, 0]
    tape.close()


def test_what_was_recorded_before_a_secret_was_known_is_written_again_without_it(tmp_path: Path) -> None:
    tape = RecordingFile.create(tmp_path / "x.yaml", "aiexport", "there")
    assert tape.add(exchange(1, b'{"said":"later-a-secret"}'))
    assert tape.add(exchange(2, b'{"said":"nothing"}'))
    assert "later-a-secret" in tape.path.read_text()
    tape.masker.learn("later-a-secret")
    assert tape.add(exchange(3))
    assert "later-a-secret" not in tape.path.read_text()
    assert [rule["reply"]["body"]["$literal"] for rule in read(tape.path).data["rules"]] == [
        {"said": "********"},
        {"said": "nothing"},
        {"a": 1},
    ]


def test_what_is_not_recorded_takes_its_secrets_out_of_what_was(tmp_path: Path) -> None:
    tape = RecordingFile.create(tmp_path / "x.yaml", "aiexport", "there")
    assert tape.add(exchange(1, b'{"said":"later-a-secret, a-second-secret"}'))
    tape.masker.learn("later-a-secret")
    tape.mask_again()
    assert "later-a-secret" not in tape.path.read_text()
    tape.masker.learn("a-second-secret")
    assert not tape.add(exchange(2, b"[" * 100 + b"]" * 100))
    tape.mask_again()
    assert "a-second-secret" not in tape.path.read_text()
    tape.masker.learn("said nowhere")
    tape.path.unlink()
    tape.mask_again()
    assert not tape.path.exists(), "nothing was to be written"


def test_a_secret_in_a_recording_that_is_full_is_taken_out_all_the_same(tmp_path: Path) -> None:
    tape = RecordingFile.create(tmp_path / "x.yaml", "aiexport", "there")
    assert tape.add(exchange(1, b'"later-a-secret %s"' % (b"x" * (5 << 20))))
    tape.masker.learn("later-a-secret")
    assert not tape.add(exchange(2, b'"%s"' % (b"y" * (4 << 20))))
    tape.mask_again()
    assert "later-a-secret" not in tape.path.read_text()


def test_a_file_that_cannot_be_written_keeps_a_secret_only_until_it_can(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = tmp_path / "there"
    folder.mkdir()
    tape = RecordingFile.create(folder / "x.yaml", "aiexport", "there")
    assert tape.add(exchange(1, b'{"said":"later-a-secret"}'))
    folder.rename(tmp_path / "away")
    tape.masker.learn("later-a-secret")
    tape.mask_again()
    assert "x.yaml still contains a secret that was learned later: [Errno 2]" in caplog.text
    (tmp_path / "away").rename(folder)
    tape.mask_again()
    assert "later-a-secret" not in tape.path.read_text()


def test_what_a_killed_recorder_leaves_half_written_is_no_scenario_of_its_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tape = RecordingFile.create(tmp_path / "x.yaml", "aiexport", "there")
    beside: list[Path] = []
    monkeypatch.setattr(os, "replace", lambda source, target: beside.append(source))
    assert tape.add(exchange(1))
    assert [file.suffix in SUFFIXES for file in beside] == [False]
    assert beside[0].parent == tmp_path, "a file can take the place only of one on the same disk"


def test_a_recording_that_is_full_keeps_what_it_has_and_takes_what_still_fits(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    tape = RecordingFile.create(tmp_path / "x.yaml", "aiexport", "there")
    assert tape.add(exchange(1, b'"%s"' % (b"x" * (5 << 20))))
    before = tape.path.read_bytes()
    assert not tape.add(exchange(2, b'"%s"' % (b"y" * (4 << 20))))
    assert "it is full: a scenario has at most 8 MiB and 200,000 values" in caplog.text
    assert tape.path.read_bytes() == before
    assert tape.add(exchange(3))
    assert tape.count == 2


def test_a_folder_that_is_gone_loses_nothing_once_it_is_back(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    folder = tmp_path / "there"
    folder.mkdir()
    tape = RecordingFile.create(folder / "x.yaml", "aiexport", "there")
    assert tape.add(exchange(1))
    folder.rename(tmp_path / "away")
    assert not tape.add(exchange(2))
    assert "No such file or directory" in caplog.text
    (tmp_path / "away").rename(folder)
    assert tape.add(exchange(3))
    assert len(read(tape.path).data["rules"]) == 2


def test_a_recording_that_cannot_be_loaded_where_it_lies_is_not_begun(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no API"):
        RecordingFile.create(tmp_path / "x.yaml", "parrot", "there")
    assert list(tmp_path.iterdir()) == []
