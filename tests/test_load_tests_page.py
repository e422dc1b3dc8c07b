"""docs/how-to/load-tests.md: its commands do what it says."""

from __future__ import annotations

import shlex
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.pages import ROOT, Block, blocks, complaints, examples
from tests.process import Serving, environment, run

PAGE = ROOT / "docs" / "how-to" / "load-tests.md"
COMMANDS = [line for block in blocks(PAGE) if block.language == "sh" for line in block.text.splitlines()]


@pytest.mark.parametrize("block", examples(PAGE), ids=lambda block: block.place)
def test_its_scenario_loads(block: Block, tmp_path: Path) -> None:
    assert complaints(block, tmp_path, PAGE) == ""


@pytest.mark.slow
def test_its_commands_make_load_and_failures_and_show_both(tmp_path: Path) -> None:
    if shutil.which("wrk") is None:
        pytest.skip("wrk is not installed")
    serve, wrk, *arms, summary = (shlex.split(command) for command in COMMANDS)
    for block in blocks(PAGE):
        if block.language in ("lua", "yaml"):
            (tmp_path / block.text.splitlines()[0].split()[1]).write_text(block.text)
    assert serve[:2] == ["emulator", "serve"]
    with Serving(tmp_path, *serve[2:]) as server:
        first = load(wrk, server, tmp_path)
        assert "Non-2xx" not in first
        server.client.post("/_emulator/coverage")
        for _, *arm in arms:
            assert run(*arm, "--url", server.origin, cwd=tmp_path).returncode == 0
        messages = dict[str, Any]()
        for _ in range(20):  # both faults are drawn or counted, so a slow machine needs more than one load
            load(wrk, server, tmp_path)
            (messages,) = server.client.get("/_emulator/coverage").json()["operations"]
            if messages["faults"].keys() == {"status", "latency"}:
                break
        assert messages["faults"].keys() == {"status", "latency"}
        assert messages["statuses"]["503"] > 0
        assert summary[-1].startswith("http://127.0.0.1:8484/")
        (called,) = server.client.get(summary[-1].removeprefix("http://127.0.0.1:8484")).json()["called"]
        assert called["calls"] <= 1000
        assert run("use", "./crowded.yaml", "--url", server.origin, cwd=tmp_path).returncode == 0
        limits = server.client.get("/_emulator/limits?key=axp_nobody&api=aiexport").json()["limits"]
        assert limits["requests"]["limit"] == 100


def load(wrk: list[str], server: Serving, folder: Path) -> str:
    """Runs wrk as the page does, for a second and against this server."""
    command = [word.replace("http://127.0.0.1:8484", server.origin).replace("-d5s", "-d1s") for word in wrk]
    done = subprocess.run(command, cwd=folder, env=environment(), capture_output=True, text=True, check=True)
    return done.stdout
