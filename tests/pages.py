"""Reading the project's Markdown pages: code blocks, tables, and YAML examples put where they can be loaded."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path
from typing import Any

from emulator import app
from emulator.errors import DocumentError
from emulator.language.document.reader import parse
from emulator.language.schema.scenario import ApiFile, ScenarioFile
from emulator.language.schema.validate import keys_of

ROOT = Path(__file__).resolve().parents[1]
README = ROOT / "README.md"
LANGUAGE_PAGE = ROOT / "docs" / "scenarios.md"
LANGUAGE_PAGES = (LANGUAGE_PAGE, *(ROOT / "docs" / name for name in ("api-files.md", "templates.md")))
FENCE = "```"


@dataclass(frozen=True)
class Block:
    """One fenced block: its language, its text, and where it begins."""

    language: str
    text: str
    place: str

    @property
    def file(self) -> str | None:
        """The name in its first line, `# name.yaml`."""
        found = re.match(r"# (\S+\.(?:yaml|py))\n", self.text)
        return found[1] if found else None


@dataclass(frozen=True)
class Table:
    """One table: the heading it stands under, and its cells, the header's first."""

    heading: str
    rows: list[list[str]]

    @property
    def first(self) -> str:
        """What its first column is called."""
        return self.rows[0][0]

    @property
    def keys(self) -> list[str]:
        """The first column of its rows, without the backticks."""
        return [row[0].strip("`") for row in self.rows[1:]]


def blocks(page: Path) -> list[Block]:
    """The fenced blocks of a page, in order."""
    found = []
    lines = enumerate(page.read_text().splitlines(keepends=True), start=1)
    for number, line in lines:
        if line.startswith(FENCE):
            text = "".join(inner for _, inner in takewhile(lambda each: not each[1].startswith(FENCE), lines))
            found.append(Block(line.strip().removeprefix(FENCE), text, f"{page.name}:{number}"))
    return found


def tables(*pages: Path) -> list[Table]:
    """The tables of pages, in order."""
    found: list[Table] = []
    heading, inside = "", False
    for line in (line for page in pages for line in ["", *page.read_text().splitlines()]):
        if line.startswith("#"):
            heading = line.lstrip("# ")
        if not line.startswith("|"):
            inside = False
            continue
        if not inside:
            found.append(Table(heading, []))
            inside = True
        cells = [cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
        if not set("".join(cells)) <= set("-: "):
            found[-1].rows.append(cells)
    return found


def merged(below: Any, above: Any) -> Any:
    """One tree laid over another; lists are replaced."""
    if isinstance(below, dict) and isinstance(above, dict):
        return {**below, **{key: merged(below.get(key), value) for key, value in above.items()}}
    return above


def examples(*pages: Path) -> list[Block]:
    """The YAML blocks of pages."""
    return [block for page in pages for block in blocks(page) if block.language == "yaml"]


def complaints(block: Block, folder: Path, *pages: Path) -> str:
    """What is wrong with an example, loaded as a user would beside the pages' named files; "" when nothing is."""
    named = {each.file: each.text for each in examples(*pages) if each.file}
    for name, text in named.items():
        (folder / name).write_text(text)
    data = parse(block.text, block.place).data
    scenario = "example.yaml"
    if isinstance(data, list):
        return ""  # a fixture: the examples that name it read it
    if block.file is not None and "scenario" in data:
        scenario = block.file
    elif block.file is not None:
        scenario = next(name for name, text in named.items() if f"apis: {{{data['api']}: }}" in text)
    else:
        for name, tree in _files(data, named, block.place):
            (folder / name).write_text(json.dumps(tree))
    try:
        app.load((str(folder / scenario),))
    except DocumentError as error:
        return str(error)
    return ""


def _files(data: Mapping[str, Any], named: Mapping[str, str], place: str) -> Iterator[tuple[str, Any]]:
    """The files that a part of a file stands for."""
    if set(data) <= set(keys_of(ScenarioFile)):
        yield "example.yaml", {"scenario": "example", "about": "An example.", "extends": "default", **data}
        return
    assert set(data) <= set(keys_of(ApiFile)), f"{place} is part of no file: {', '.join(data)}"
    whole = next(tree for text in named.values() for tree in [parse(text, place).data] if "api" in tree)
    yield f"{whole['api']}.yaml", merged(whole, data)
    yield "example.yaml", {"scenario": "example", "about": "An example.", "apis": {whole["api"]: None}}
