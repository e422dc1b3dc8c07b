"""`emulator demo` plays its walkthrough to the end, and docs/demo.md shows what it prints."""

from __future__ import annotations

import pytest

from tests.demo_page import PAGE, page, played
from tests.pages import README

pytestmark = pytest.mark.slow


def test_the_page_shows_what_the_demo_prints() -> None:
    assert PAGE.read_text() == page(played()), "write it anew: python -m tests.demo_page"


def test_the_readme_leads_to_the_demo() -> None:
    assert "(docs/demo.md)" in README.read_text()
    assert "emulator demo" in README.read_text()
