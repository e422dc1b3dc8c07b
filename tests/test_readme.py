"""The README is true: its commands do what it says, its examples load, and it is short."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.pages import README, Block, complaints, examples
from tests.reader import follow
from tests.running import Running

TEXT = README.read_text()


@pytest.mark.slow
def test_what_it_says_happens_when_one_follows_it(running: Running, tmp_path: Path) -> None:
    follow(README, running, tmp_path)


@pytest.mark.parametrize("block", examples(README), ids=lambda block: block.place)
def test_each_example_loads(block: Block, tmp_path: Path) -> None:
    assert complaints(block, tmp_path, README) == ""


def test_it_begins_with_what_it_is_a_picture_and_the_two_commands() -> None:
    assert len(TEXT.splitlines()) <= 200
    picture, commands, guesses = (TEXT.index(each) for each in ("<picture>", "scripts/serve ", "## What it guesses"))
    assert picture < commands < guesses
    assert re.findall(r"^## (.*)$", TEXT, re.M)[0] == "Start"
