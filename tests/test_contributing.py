"""CONTRIBUTING.md leads to files that are there, and names every folder of the package."""

from __future__ import annotations

import re

from tests.pages import ROOT

PAGE = (ROOT / "CONTRIBUTING.md").read_text()
MAP = PAGE[PAGE.index("## Find your way") : PAGE.index("### Add a fault")]


def test_each_file_and_folder_that_it_names_is_there() -> None:
    named = re.findall(r"`((?:emulator|tests|docs|scenarios|fixtures|scripts)/[\w./-]*)`", PAGE)
    assert len(named) > 40
    missing = [name for name in named if not (ROOT / name).exists() and "NAME" not in name]
    assert missing == []


def test_the_first_file_of_each_question_is_in_its_folder() -> None:
    rows = [row.split("|")[1:-1] for row in MAP.splitlines() if row.startswith("| ") and "`emulator/" in row]
    for _, folder, files in rows:
        home = ROOT / folder.strip().strip("`")
        first = re.findall(r"`([\w.]+\.py)`", files)
        assert first, files
        for name in first:
            assert (home / name).is_file(), f"{home}/{name}"


def test_every_folder_of_the_package_answers_a_question_or_is_explained_elsewhere() -> None:
    folders = {path.name for path in (ROOT / "emulator").iterdir() if (path / "__init__.py").is_file()}
    documented = {"record": "docs/record.md", "run": "docs/run.md", "verify": "docs/record.md"}
    assert {name for name in folders if f"emulator/{name}/" not in MAP} == set(documented)
    assert all((ROOT / page).is_file() for page in documented.values())
