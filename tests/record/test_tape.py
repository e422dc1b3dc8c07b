"""The tape: its file is a scenario at every moment."""

from __future__ import annotations

from pathlib import Path

import pytest

from emulator.errors import ConfigError
from emulator.record.recorded import Answered, Asked, Recorded
from emulator.record.tape import Tape


def test_an_exchange_that_makes_no_scenario_is_left_out_and_what_was_before_is_kept(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    tape = Tape.begin(tmp_path / "x.yaml", "aiexport", "there")
    before = tape.path.read_bytes()
    deep = Answered(200, (), b"[" * 100 + b"]" * 100)
    assert not tape.add(Recorded(Asked("models.list", {}, "http://me"), deep))
    assert "models.list is not recorded, what was before is kept" in caplog.text
    assert tape.path.read_bytes() == before
    assert tape.add(Recorded(Asked("models.list", {}, "http://me"), Answered(200, (), b"{}")))
    assert [file.name for file in tmp_path.iterdir()] == ["x.yaml"]


def test_a_recording_that_can_not_be_loaded_where_it_lies_is_not_begun(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no API"):
        Tape.begin(tmp_path / "x.yaml", "parrot", "there")
    assert list(tmp_path.iterdir()) == []
