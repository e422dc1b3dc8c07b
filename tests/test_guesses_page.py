"""docs/why/guesses.md lists each promise that no document makes, and turns each guess that can be turned."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.pages import ROOT, Block, complaints, examples
from tests.running import loaded

PAGE = ROOT / "docs" / "why" / "guesses.md"
TEXT = PAGE.read_text()
DEFAULT = loaded("default")


@pytest.mark.parametrize("block", examples(PAGE), ids=lambda block: block.place)
def test_each_example_loads(block: Block, tmp_path: Path) -> None:
    assert complaints(block, tmp_path, PAGE) == ""


def test_every_promise_that_no_document_makes_is_among_the_guesses() -> None:
    guesses = TEXT[TEXT.index("## What it guesses") :]
    claims = {name: claim for api in DEFAULT.apis.values() for name, claim in api.claims.items()}
    assert set(re.findall(r"\bA[XE]-[A-Z0-9-]+\b", guesses)) == {
        name for name, claim in claims.items() if claim.grade != "documented"
    }
    assert f"lists all {len(claims)}" in guesses


def test_every_switch_is_turned_once() -> None:
    turned = {name for api in DEFAULT.apis.values() for name in api.switches}
    assert turned == set(re.findall(r"(\w+): \w+", ", ".join(re.findall(r"switches: \{(.*)\}", TEXT))))
