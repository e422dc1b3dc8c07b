"""docs/commands.md has every command and option; docs/docker.md runs the container as its file is written."""

from __future__ import annotations

import re

import click

from emulator.cli import main
from emulator.settings.listen import Listen
from emulator.settings.options import PARSERS
from tests.commands_page import MORE, page
from tests.pages import ROOT, blocks, tables

PAGE = ROOT / "docs" / "commands.md"
CONTAINER = ROOT / "docs" / "docker.md"
TEXT = PAGE.read_text()
HIDDEN = {"EMULATOR_CACHE"}  # accepted without an effect


def test_the_page_is_what_the_command_writes() -> None:
    assert page() == TEXT, "python -m tests.commands_page"


def test_every_command_is_listed_once() -> None:
    assert isinstance(main, click.Group)
    rows = [row for table in tables(PAGE) if table.first == "command" for row in table.keys]
    assert sorted(row.split()[1] for row in rows) == sorted(main.commands)


def test_each_option_of_serve_has_the_variable_of_its_name_or_the_page_says_that_it_has_none() -> None:
    (serve,) = (table for table in tables(PAGE) if table.heading == "emulator serve")
    named = {max(re.findall(r"--[a-z-]+", row[0].split(" / ")[0]), key=len): row for row in serve.rows[1:]}
    variables = {"EMULATOR_" + flag[2:].replace("-", "_").upper() for flag, _ in PARSERS.values()}
    without = {option for option, row in named.items() if "No variable." in row[1]}
    assert {f"EMULATOR_{name[2:].replace('-', '_').upper()}" for name in named.keys() - without} == variables - HIDDEN


def test_each_page_that_explains_more_is_for_a_command_or_an_option_that_is_there() -> None:
    assert isinstance(main, click.Group)
    options = {name for option in main.commands["serve"].params for name in option.opts}
    assert MORE.keys() <= main.commands.keys() | options


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
