"""docs/tutorials/first-test.md is true: who does what it says in an empty folder sees what it shows."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from tests.pages import ROOT, blocks
from tests.process import environment
from tests.reader import pytest_command

pytestmark = pytest.mark.slow

PAGE = ROOT / "docs" / "tutorials" / "first-test.md"
SECONDS = re.compile(r" in [\d.]+s$")


def test_who_follows_the_page_sees_what_it_shows(tmp_path: Path) -> None:
    said: list[str] = []
    for block in blocks(PAGE):
        if block.language == "python":
            name = block.text.splitlines()[0].removeprefix("# ")
            (tmp_path / name).write_text(block.text)
        elif block.language == "sh":
            command, *arguments = block.text.split()
            assert command == "pytest", block.place
            said = run(arguments, tmp_path)
        elif block.language == "text":
            for line in block.text.splitlines():
                shown = re.compile(re.escape(SECONDS.sub("", line)).replace("…", ".*"))
                assert any(shown.fullmatch(SECONDS.sub("", each)) for each in said), (block.place, line, said)


def run(arguments: list[str], folder: Path) -> list[str]:
    """The lines that pytest prints in a folder where nothing is set up."""
    done = subprocess.run(
        pytest_command(*arguments), cwd=folder, env=environment(), capture_output=True, text=True, check=False
    )
    return done.stdout.splitlines()
