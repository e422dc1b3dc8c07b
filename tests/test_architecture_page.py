"""docs/why/architecture.md: its picture is that of the tree, and it names files that are there."""

from __future__ import annotations

import re
from xml.etree import ElementTree

from emulator.engine.pipeline import Pipeline
from tests.architecture_picture import FILE, ROWS, STEPS, picture, rows
from tests.pages import ROOT, blocks, tables
from tests.test_layers import LAYERS

PAGE = ROOT / "docs" / "why" / "architecture.md"
BLOCKS = blocks(PAGE)
PACKAGE = ROOT / "emulator"


def test_each_step_of_a_request_is_a_file() -> None:
    chain = next(block.text for block in BLOCKS if "→ engine/deliver" in block.text)
    steps = [name for step in chain.split("→") for name in re.findall(r"[\w/]+", step)]
    assert (steps[0], steps[-1]) == ("bytes", "store/journal")
    for step in steps[1:]:
        assert (ROOT / "emulator" / f"{step}.py").is_file(), step


def test_each_file_of_the_chain_is_explained() -> None:
    chain = next(block.text for block in BLOCKS if "→ engine/deliver" in block.text)
    explained = [name for row in tables(PAGE)[0].rows[1:] for name in re.findall(r"[\w/]+", row[0])]
    assert explained == re.findall(r"\w+/\w+", chain)


def test_the_picture_is_drawn_from_the_layers() -> None:
    assert FILE.read_text() == picture(), "python -m tests.architecture_picture"
    ElementTree.fromstring(picture())


def test_the_picture_has_every_folder_and_file_of_the_package_in_the_order_of_its_layers() -> None:
    shown = [name for layers in rows().values() for name in layers]
    assert ["__main__", *shown] == list(LAYERS)
    assert list(rows()) == list(ROWS)
    tree = {path.name for path in PACKAGE.iterdir() if (path / "__init__.py").is_file()}
    tree |= {path.stem for path in PACKAGE.glob("*.py")} - {"__init__", "__main__"}
    assert set(shown) == tree


def test_the_steps_of_the_picture_are_those_of_the_pipeline() -> None:
    assert all(hasattr(Pipeline, f"_{step}") for step in STEPS[1:-1])
