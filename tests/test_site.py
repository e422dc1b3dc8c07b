"""The documentation site: strict, whole, and nothing on its pages comes from elsewhere."""

from __future__ import annotations

import re
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.llms import FILE, text
from tests.pages import ROOT, Block, complaints, examples

DOCS = ROOT / "docs"
FROM_ELSEWHERE = re.compile(r"<(?:script|img|link|iframe)\b[^>]*\b(?:src|href)=\"(?:https?:)?//[^\"]+\"")


def pages(entries: Any) -> Iterator[str]:
    """The pages of a menu, in order."""
    for entry in entries:
        if isinstance(entry, str):
            yield entry
        else:
            yield from (page for (below,) in [entry.values()] for page in pages(below))


def test_the_menu_has_each_page_once() -> None:
    with (ROOT / "zensical.toml").open("rb") as file:
        menu = list(pages(tomllib.load(file)["project"]["nav"]))
    assert sorted(menu) == sorted(page.relative_to(DOCS).as_posix() for page in DOCS.rglob("*.md"))


def test_programs_find_each_page_of_the_index() -> None:
    assert FILE.read_text() == text(), "python -m tests.llms"
    assert all((DOCS / page).exists() for page in re.findall(r"\]\(([^)]+)\)", FILE.read_text()))


EXAMPLES = [(page, block) for page in sorted((DOCS / "coming-from").glob("*.md")) for block in examples(page)]


@pytest.mark.parametrize(("page", "block"), EXAMPLES, ids=lambda given: getattr(given, "place", ""))
def test_the_examples_for_users_of_other_tools_load(page: Path, block: Block, tmp_path: Path) -> None:
    assert complaints(block, tmp_path, page) == ""


@pytest.mark.slow
def test_the_site_is_built_without_a_warning_and_fetches_nothing() -> None:
    built = subprocess.run([ROOT / "scripts" / "docs"], capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stdout + built.stderr
    site = Path(ROOT / "build" / "site")
    htmls = list(site.rglob("*.html"))
    assert len(htmls) > len(list(DOCS.rglob("*.md")))
    assert [(html.name, found) for html in htmls for found in FROM_ELSEWHERE.findall(html.read_text())] == []
    assert (site / "testing.md").read_text() == (DOCS / "testing.md").read_text()
