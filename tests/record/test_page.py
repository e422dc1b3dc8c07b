"""docs/record.md is true: its commands do what it shows, and its tables name what there is."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from emulator import Emulator
from emulator.cli import main
from emulator.record.upstream import UNRECORDED
from tests.pages import README, ROOT, Block, Table, blocks, tables
from tests.process import environment
from tests.record.test_command import recording
from tests.studio import Studio

pytestmark = pytest.mark.slow

PAGE = ROOT / "docs" / "record.md"
SERVICE, LISTEN = "https://api.aiexport.io", "http://127.0.0.1:8485"


def command(name: str) -> tuple[Block, Block]:
    """The block that begins with this command, and the one after it."""
    page = blocks(PAGE)
    at = next(at for at, block in enumerate(page) if block.text.startswith(name))
    return page[at], page[at + 1]


def table(heading: str, first: str) -> Table:
    return next(each for each in tables(PAGE) if (each.heading, each.first) == (heading, first))


def options(name: str) -> list[str]:
    return [f"--{each.name}" for each in main.commands[name].params if isinstance(each, click.Option)]


def test_what_is_typed_is_answered_as_the_page_shows(studio: Studio, tmp_path: Path) -> None:
    """Its commands, but for where they go: another emulator stands in for the service."""
    start, shown = command("emulator record")
    assert start.text.split()[2:6] == ["--api", "aiexport", "--upstream", SERVICE]
    variables = environment(AIEXPORT_KEY="axp_test_pro", NO_PROXY="*", no_proxy="*")
    with recording(studio, tmp_path) as (_, banner, base):
        origin = base.removesuffix("/v2")
        assert banner.replace(origin, LISTEN).replace(studio.upstream.url, SERVICE) == shown.text
        for name in ("curl", "emulator check"):
            typed, shown = command(name)
            script = typed.text.replace(LISTEN, origin).replace("emulator ", f"{sys.executable} -m emulator ", 1)
            done = subprocess.run(
                ["sh", "-c", script], cwd=tmp_path, env=variables, capture_output=True, text=True, check=False
            )
            assert (done.stderr, done.stdout) == ("", shown.text)


def test_verify_prints_what_the_page_shows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AIEXPORT_KEY", "axp_test_pro")
    Path("odd.yaml").write_text(
        "scenario: odd\nabout: One status is another.\nextends: default\n"
        "rules: [{on: models.list, when: {times: 1}, reply: {status: 206, body: {}}}]\n"
    )
    typed, _ = command("emulator verify")
    with Emulator(scenarios=["odd.yaml"]) as emulator:
        url = emulator.url
        words = typed.text.replace(SERVICE, url).replace('"$AIEXPORT_KEY"', "axp_test_pro").split()
        result = CliRunner().invoke(main, words[1:])
    assert result.exit_code == 1, result.output
    shown = next(block for block in blocks(PAGE) if block.text.startswith("holds"))
    said = result.output.replace(url, SERVICE).splitlines()
    assert [line for line in shown.text.splitlines() if line not in said] == []
    assert Path("report.xml").exists()


@pytest.mark.parametrize(("heading", "name"), [("Record", "record"), ("Verify", "verify")])
def test_every_option_is_documented(heading: str, name: str) -> None:
    assert sorted(table(heading, "option").keys) == sorted(options(name))


def test_every_header_that_is_not_recorded_is_documented() -> None:
    first = " ".join(row[0] for row in table("What is written", "not kept").rows[1:])
    assert sorted(re.findall(r"`([^`]+)`", first)) == sorted(UNRECORDED)


def test_the_readme_leads_to_the_page() -> None:
    assert "(docs/record.md)" in README.read_text()
