"""docs/why/architecture.md names files that are there."""

from __future__ import annotations

import re

from tests.pages import ROOT, blocks

BLOCKS = blocks(ROOT / "docs" / "why" / "architecture.md")


def test_each_step_of_a_request_is_a_file() -> None:
    chain = next(block.text for block in BLOCKS if "→ engine/deliver" in block.text)
    steps = [name for step in chain.split("→") for name in re.findall(r"[\w/]+", step)]
    assert (steps[0], steps[-1]) == ("bytes", "store/journal")
    for step in steps[1:]:
        assert (ROOT / "emulator" / f"{step}.py").is_file(), step
