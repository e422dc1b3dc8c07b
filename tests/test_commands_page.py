"""docs/commands.md tells every command and option; docs/docker.md runs the container as its file is written."""

from __future__ import annotations

import re

import click

from emulator.cli import main
from emulator.settings import PARSERS, Listen
from tests.pages import ROOT, blocks, tables

PAGE = ROOT / "docs" / "commands.md"
CONTAINER = ROOT / "docs" / "docker.md"
TEXT = PAGE.read_text()


def test_every_command_and_every_option_of_serve_is_told() -> None:
    assert isinstance(main, click.Group)
    rows = next(table.keys for table in tables(PAGE) if table.first == "command")
    assert sorted(row.split()[1] for row in rows) == sorted(main.commands)
    for option in main.commands["serve"].params:
        assert option.opts[0] in TEXT or option.secondary_opts[0] in TEXT, option.opts[0]
    variables = {"EMULATOR_" + flag[2:].replace("-", "_").upper() for flag, _ in PARSERS.values()}
    assert set(re.findall(r"EMULATOR_\w+", TEXT)) == variables


def test_the_container_is_run_as_its_file_is_written() -> None:
    (lines,) = [block.text for block in blocks(CONTAINER) if block.text.startswith("docker")]
    recipe = (ROOT / "Dockerfile").read_text()
    tag = re.findall(r"docker build -t (\S+) \.", lines)[0]
    port = Listen().port
    assert lines.count(f" {tag}") == 3
    assert lines.count(f"-p 127.0.0.1:{port}:{port}") == 2
    assert f"EXPOSE {port}\n" in recipe
    folder = re.findall(r":(/\w+):ro", lines)[0]
    assert f"WORKDIR {folder}\n" in recipe
    assert 'ENTRYPOINT ["emulator"]' in recipe
