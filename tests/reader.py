"""A reader of a page who does what it says: writes its files, starts what it starts, asks what it asks."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click

from emulator.cli import main
from emulator.settings.listen import Listen
from emulator.settings.parsers import parse_scenarios
from tests.fork_server import command, quiet_environment
from tests.pages import ROOT, Block, blocks
from tests.running import Emulated, Running
from tests.waiting import PATIENCE

ORIGIN = f"http://{Listen()}"
ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|\b(?:axp_oauth|batch|msg|req)_[0-9a-f]{24,40}")
SECONDS = re.compile(r" in [\d.]+s$", re.M)  # how long pytest took
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{3})?Z")
ASKING = ("curl", "for")
OURS = ("cacheprovider", "randomly", "schemathesis", "pact", "hypothesispytest")  # plugins that readers do not have
SOON = 2.0  # seconds from one request to the next, so that what is polled for is ready


def masked(text: str) -> str:
    """What must be the same whenever it is asked."""
    return SECONDS.sub("", TIME.sub("TIME", ID.sub("ID", text))).strip()


def follow(page: Path, running: Running, folder: Path) -> None:
    """Does what a page says, in order, and compares what comes with the JSON or text block behind each command."""
    reader = Reader(running, folder)
    for block in blocks(page):
        reader.write(block)
    try:
        for block, answer in _commands(page):
            said = reader.run(block)
            if answer is None:
                continue
            reader.remember(answer.text, said)
            if answer.language == "json":
                assert json.loads(masked(said)) == json.loads(masked(answer.text)), answer.place
            else:
                assert masked(said) == masked(answer.text), answer.place
    finally:
        reader.close()


def _commands(page: Path) -> Iterator[tuple[Block, Block | None]]:
    """Each shell block, and the block with its answer if one follows."""
    found = blocks(page)
    for block, after in zip(found, [*found[1:], None], strict=True):
        if block.language == "sh":
            yield block, after if after is not None and after.language in ("json", "text") else None


def pytest_command(*arguments: str) -> list[str]:
    """`pytest ARGUMENTS`, as one runs it who has only what a page needs; some of our plugins take long to import."""
    return [sys.executable, "-m", "pytest", *(f"-pno:{name}" for name in OURS), *arguments]


class Reader:
    """Follows the blocks of a page; `folder` is where the reader's files are."""

    def __init__(self, running: Running, folder: Path) -> None:
        self._running = running
        self._folder = folder
        self._emulated: Emulated | None = None
        self._ids: dict[str, str] = {}

    def write(self, block: Block) -> None:
        """Write a file that has a name."""
        if block.file is not None:
            (self._folder / block.file).write_text(block.text)

    def run(self, block: Block) -> str:
        """Do what a shell block says, and give what is printed. Installing and containers are left out."""
        word = block.text.split()[0]
        if word in ASKING:
            return self._ask(block.text)
        printed = ""
        for line in block.text.splitlines():
            command = shlex.split(line, comments=True)
            match command:
                case ["scripts/serve", *arguments]:
                    self._serve(arguments)
                case [".venv/bin/emulator", *arguments]:
                    printed += self._emulator(arguments)
                case ["pytest", *arguments]:
                    printed += self._shell(pytest_command(*arguments))
                case ["scripts/test"]:
                    assert os.access(ROOT / "scripts" / "test", os.X_OK)
                case ["docker", *_] | ["export", *_]:
                    continue
                case _:
                    raise AssertionError(f"{block.place}: nobody knows what to do with {line!r}")
        return printed

    def remember(self, shown: str, seen: str) -> None:
        """Take the ids of a real answer for those that the page shows: later commands mean the real ones."""
        self._ids.update(zip(ID.findall(shown), ID.findall(seen), strict=False))

    def close(self) -> None:
        if self._emulated is not None:
            self._emulated.close()

    def _serve(self, arguments: list[str]) -> None:
        assert os.access(ROOT / "scripts" / "serve", os.X_OK)
        command = main.commands["serve"]
        with command.make_context("serve", arguments) as context:
            names = parse_scenarios(context.params["scenarios"] or ("default",))
        self.close()
        self._emulated = Emulated(
            self._running, tuple(str(self._folder / name) if name.endswith(".yaml") else name for name in names)
        )

    def _emulator(self, arguments: list[str]) -> str:
        assert isinstance(main, click.Group)
        assert arguments[0] in main.commands
        return self._shell([*command(self._environment()), *arguments])

    def _ask(self, script: str) -> str:
        assert self._emulated is not None, "the page asks before it serves"
        for shown, real in self._ids.items():
            script = script.replace(shown, real)
        said = self._shell(["sh", "-c", script.replace(ORIGIN, self._emulated.origin)])
        self._emulated.advance(SOON)
        return said.replace(self._emulated.origin, ORIGIN)

    def _environment(self) -> dict[str, str]:
        return quiet_environment() | {"NO_PROXY": "*", "no_proxy": "*"}

    def _shell(self, words: list[str]) -> str:
        env = self._environment()
        done = subprocess.run(
            words, cwd=self._folder, env=env, capture_output=True, text=True, timeout=PATIENCE, check=False
        )
        assert done.returncode == 0, f"{words}: {done.stdout}{done.stderr}"
        return done.stdout
