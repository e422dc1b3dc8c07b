"""docs/tutorials/your-own-api.md is true: whoever saves its files and types its commands sees what it shows."""

from __future__ import annotations

import re
import shlex
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.fork_server import command
from tests.pages import ROOT, Block, blocks
from tests.process import Serving, environment
from tests.reader import OURS
from tests.test_tour import ORIGIN, Shell, fits
from tests.waiting import until

PAGE = ROOT / "docs" / "tutorials" / "your-own-api.md"
FILE = re.compile(r"# (\S+\.(?:yaml|py))\n")
PART = re.compile(r"# (\S+), operations\n")
PLUGINS = " ".join(f"-p no:{name}" for name in (*OURS, "asyncio", "pytest_httpx", "respx", "xdist"))


def commands() -> str:
    """What a reader's shell finds under these names."""
    emulator, pytest = shlex.join(command(environment())), f"'{sys.executable}' -m pytest {PLUGINS}"
    return f'emulator() {{ {emulator} "$@"; }}\npytest() {{ {pytest} "$@"; }}'


class Reader:
    """Somebody who does what the page says, in one folder."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        self.folder = folder
        self._stack = stack
        self.shell = Shell(folder)
        stack.callback(self.shell.close)
        assert self.shell.type(commands()) == ""
        self.origin = ORIGIN
        self._serving: Serving | None = None

    def read(self, block: Block, after: Block | None) -> None:
        """Does what a block says; `after` may show what is seen then."""
        if block.language in ("yaml", "python"):
            self._save(block)
        elif block.language == "sh" and block.text.startswith("emulator serve"):
            self._serving = self._stack.enter_context(Serving(self.folder, *shlex.split(block.text)[2:]))
            self.origin = self._serving.origin
        elif block.language == "sh":
            said = self.shell.type(block.text.replace(ORIGIN, self.origin)).replace(self.origin, ORIGIN)
            shown = after.text if after is not None and after.language == "text" else ""
            assert fits(shown, said), f"{block.place} shows:\n{shown}\nbut it is:\n{said}"

    def _save(self, block: Block) -> None:
        file, part = FILE.match(block.text), PART.match(block.text)
        if file is not None:
            (self.folder / file[1]).write_text(block.text)
        elif part is not None:
            path = self.folder / part[1]
            before, _, rest = path.read_text().partition("operations:\n")
            after = rest[rest.index("\n# JSON Schemas") :]
            reloads = self._reloads()
            path.write_text(f"{before}operations:\n{block.text.removeprefix(part[0])}{after}")
            until(lambda: self._serving is None or self._reloads() > reloads)  # a reader takes longer to go on
        else:
            assert block.text in (self.folder / "apis" / "shop.yaml").read_text(), block.place

    def _reloads(self) -> int:
        return 0 if self._serving is None else self._serving.log.count("reloaded: ")


@pytest.mark.slow
def test_the_tutorial_is_what_one_sees_who_does_it(tmp_path: Path) -> None:
    page = blocks(PAGE)
    with ExitStack() as stack:
        reader = Reader(tmp_path, stack)
        for block, after in zip(page, [*page[1:], None], strict=True):
            reader.read(block, after)
