"""The pictures of docs/inspector.md are made by `python -m tests.screenshots`, and the page shows each of them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests import screenshots
from tests.chromium import CHROMIUM
from tests.pages import ROOT

pytestmark = pytest.mark.slow
PAGE = ROOT / "docs" / "inspector.md"
NAMES = {f"{shot.name}.png" for shot in screenshots.SHOTS}


def test_the_page_shows_every_picture_that_is_made() -> None:
    assert set(re.findall(r"images/([\w-]+\.png)", PAGE.read_text())) == NAMES
    assert {path.name for path in screenshots.FOLDER.glob("inspector-*.png")} == NAMES


def test_every_picture_can_be_made_again(tmp_path: Path) -> None:
    if CHROMIUM is None:
        pytest.skip("Chromium is not installed: scripts/clients installs it")
    assert screenshots.main(tmp_path, settle=0) == 0
    made = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert set(made) == NAMES
    assert all(picture.startswith(b"\x89PNG") and len(picture) > 20_000 for picture in made.values())
