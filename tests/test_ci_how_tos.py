"""The how-tos for GitHub Actions and Docker Compose: their files do, as processes, what the pages say."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.pages import ROOT, blocks, complaints, examples
from tests.process import Serving, environment, run
from tests.test_action import outputs, start, stop

PAGES = ROOT / "docs" / "how-to"
ACTIONS, COMPOSE = PAGES / "github-actions.md", PAGES / "docker-compose.md"
IN_PROC = pytest.mark.skipif(not Path("/proc").is_dir(), reason="finds the server to end in /proc")


def files(page: Path) -> dict[str, str]:
    """The files of a page, by the name in their first line."""
    named = [block for block in blocks(page) if block.text.startswith("# ")]
    return {block.text.splitlines()[0].removeprefix("# "): block.text for block in named}


def follow(folder: Path) -> tuple[list[str], str]:
    """Runs the steps of the workflow in order, as a runner does; the names of those that ran, and what they printed."""
    (job,) = yaml.safe_load(files(ACTIONS)[".github/workflows/test.yml"])["jobs"].values()
    ran, printed, failed, known = [], "", False, environment(NO_PROXY="*", no_proxy="*")
    for step in job["steps"]:
        if step.get("if") != ("failure()" if failed else None):
            continue
        if step.get("uses") == "./ai-api-emulator":
            started = start(folder, SCENARIOS=step["with"]["scenarios"])
            assert started.returncode == 0, started.stdout + started.stderr
            known |= dict(line.split("=", 1) for line in (folder / "GITHUB_ENV").read_text().splitlines())
            known["PATH"] = f"{folder / 'ai-api-emulator' / 'bin'}{os.pathsep}{known['PATH']}"
        if "run" in step:
            variables = {name: value_of(text, folder) for name, text in step.get("env", {}).items()}
            done = subprocess.run(
                ["bash", "-e", "-o", "pipefail", "-c", step["run"]],
                cwd=folder,
                env=known | variables,
                capture_output=True,
                text=True,
                check=False,
            )
            ran.append(step["name"])
            printed += done.stdout + done.stderr
            failed = failed or done.returncode != 0
    return ran, printed


def value_of(text: str, folder: Path) -> str:
    """The value of a variable; one expression is an entry of the action's output."""
    found = re.fullmatch(r"\$\{\{ fromJSON\(steps\.emulator\.outputs\.base-urls\)\.(\w+) \}\}", text)
    return str(yaml.safe_load(outputs(folder)["base-urls"])[found[1]]) if found else text


@pytest.mark.slow
@IN_PROC
def test_the_steps_of_the_workflow_pass(tmp_path: Path) -> None:
    for name in ("flaky.yaml", "ask.py"):
        (tmp_path / name).write_text(files(ACTIONS)[name])
    try:
        ran, printed = follow(tmp_path)
    finally:
        stop(tmp_path)
    assert ran == ["The program gets its answer although two requests fail", "It waited as long as it was asked to"]
    assert "2 + 2 = 4.\n" in printed
    assert "no findings" in printed


@pytest.mark.slow
@IN_PROC
def test_a_program_that_does_not_wait_fails_the_job_which_keeps_what_was_sent(tmp_path: Path) -> None:
    hasty = re.sub(r"time\.sleep\(.*\)\n", "pass\n", files(ACTIONS)["ask.py"])
    for name, text in {"flaky.yaml": files(ACTIONS)["flaky.yaml"], "ask.py": hasty}.items():
        (tmp_path / name).write_text(text)
    try:
        ran, printed = follow(tmp_path)
    finally:
        stop(tmp_path)
    assert ran[-1] == "Keep what was sent"
    assert "retried_too_early" in printed
    assert len((tmp_path / "exchanges.jsonl").read_text().splitlines()) == 3


def test_the_scenario_loads(tmp_path: Path) -> None:
    (block,) = (each for each in examples(ACTIONS) if each.file is not None)
    assert complaints(block, tmp_path, ACTIONS) == ""


def services() -> Mapping[str, Any]:
    found: dict[str, Any] = yaml.safe_load(files(COMPOSE)["compose.yaml"])["services"]
    return found


@pytest.mark.slow
def test_the_services_of_the_compose_file_work_together(tmp_path: Path) -> None:
    emulator, orders = services()["emulator"], services()["orders"]
    assert orders["depends_on"] == {"emulator": {"condition": "service_healthy"}}
    for name in ("flaky.yaml", "ask.py"):
        (tmp_path / name).write_text(files(ACTIONS)[name])
    serve, *arguments = emulator["command"]
    assert serve == "serve"
    with Serving(tmp_path, *arguments, **emulator["environment"]) as server:
        way, word, *check = emulator["healthcheck"]["test"]
        assert (way, word) == ("CMD", "emulator")
        healthy = run(*(part.replace("http://127.0.0.1:8484", server.origin) for part in check), cwd=tmp_path)
        assert healthy.returncode == 0, healthy.stderr
        python, script = orders["command"]
        told = {
            name: text.replace("http://emulator:8484", server.origin) for name, text in orders["environment"].items()
        }
        done = subprocess.run(
            [python.replace("python", sys.executable), script.replace("/app", ".")],
            cwd=tmp_path,
            env=environment(**told, NO_PROXY="*", no_proxy="*"),
            capture_output=True,
            text=True,
            check=False,
        )
        assert (done.stdout, done.returncode) == ("2 + 2 = 4.\n", 0), done.stderr
        refused = server.client.get("/_emulator/faults")
        token = emulator["environment"]["EMULATOR_CONTROL_TOKEN"]
        assert refused.status_code == 403
        assert server.client.get("/_emulator/faults", headers={"Authorization": f"Bearer {token}"}).status_code == 200


def test_the_compose_file_publishes_to_this_computer_only_and_mounts_read_only() -> None:
    emulator = services()["emulator"]
    assert emulator["ports"] == ["127.0.0.1:8484:8484"]
    assert all(each.endswith(":ro") for each in emulator["volumes"])
    assert emulator["read_only"] is True
