"""Every link of a page leads to a file that is there, and to a heading that it has."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest

from tests.pages import ROOT

PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]
LINK = re.compile(r"\]\((?!https?:)([^)\s]+)\)|(?:src|srcset)=\"(?!https?:)([^\"]+)\"")
FENCED = re.compile(r"^```.*?^```", re.M | re.S)


@cache
def anchors(page: Path) -> set[str]:
    """What GitHub makes of a page's headings, and the anchors of headings that have moved to another page."""
    headings = re.findall(r"^#+ (.*)$", FENCED.sub("", page.read_text()), re.M)
    plain = [re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading) for heading in headings]
    moved = re.findall(r"<a id=\"([\w-]+)\">", page.read_text())
    return {re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in plain} | set(moved)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page: Path) -> None:
    for target in ("".join(found) for found in LINK.findall(FENCED.sub("", page.read_text()))):
        path, _, anchor = target.partition("#")
        other = (page.parent / path).resolve() if path else page
        assert other.exists(), target
        assert not anchor or other.suffix != ".md" or anchor in anchors(other), target


def test_the_index_leads_to_every_page() -> None:
    index = ROOT / "docs" / "index.md"
    linked = {(index.parent / "".join(found).partition("#")[0]).resolve() for found in LINK.findall(index.read_text())}
    assert {page for page in PAGES if page.is_relative_to(index.parent)} - {index} <= linked


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_no_page_has_a_mark_of_a_merge(page: Path) -> None:
    assert [line for line in page.read_text().splitlines() if line.startswith(("<<<<<<<", ">>>>>>>"))] == []
