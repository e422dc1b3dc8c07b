"""docs/steering.md is true: its commands print what it shows, and its table lists them all."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from emulator.cli.words import COMMANDS
from tests.emulate import emulate
from tests.pages import ROOT, blocks, tables
from tests.running import Emulated

PAGE = ROOT / "docs" / "steering.md"


def test_what_it_says_is_printed(emulator: Emulated, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    shown = blocks(PAGE)
    for block, answer in zip(shown, [*shown[1:], None], strict=True):
        said = ""
        for command in block.text.splitlines() if block.language == "sh" else ():
            program, *words = shlex.split(command)
            if program == "emulator" and words[0] != "serve":
                done = emulate(*words, EMULATOR_URL=emulator.origin)
                assert done.exit_code == 0, done.output
                said = done.stdout
        if said and answer is not None and answer.language == "text":
            assert said == answer.text, block.place


def test_every_command_is_in_its_table() -> None:
    table = next(table for table in tables(PAGE) if table.heading == "Every command")
    wanted = [
        [f"`emulator {each.words}{f' --{each.needs}' if each.needs else ''}`", each.about, f"`{each.route}`"]
        for each in COMMANDS
    ]
    lines = "\n".join(f"| {' | '.join(row)} |" for row in wanted)
    assert table.rows[1:] == wanted, f"the table of commands should be:\n{lines}"
