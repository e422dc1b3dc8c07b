"""action.yml and compose.yaml: what a CI job gets, and that the pages say the same."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import Any

import pytest
import yaml

from emulator.settings.listen import Listen
from emulator.settings.parsers import parse_token
from tests import loopback
from tests.pages import ROOT, blocks, tables
from tests.process import environment

ACTION: dict[str, Any] = yaml.safe_load((ROOT / "action.yml").read_text())
INSTALL, START = ACTION["runs"]["steps"]
PAGE = ROOT / "docs" / "ci.md"


def step(run: str, folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """Runs the command of a step as a runner does."""
    files = {name: str(folder / name) for name in ("GITHUB_OUTPUT", "GITHUB_ENV", "GITHUB_PATH")}
    return subprocess.run(
        ["bash", "-e", "-o", "pipefail", "-c", run],
        cwd=folder,
        env=environment(**variables, **files, RUNNER_TEMP=str(folder)),
        capture_output=True,
        text=True,
        check=False,
        start_new_session=True,
    )


def start(folder: Path, **inputs: str) -> subprocess.CompletedProcess[str]:
    """Runs the step as a runner does, with the emulator that is installed here; ends with what it has started."""
    tools = folder / "ai-api-emulator" / "bin"
    tools.mkdir(parents=True)
    for tool in ("emulator", "python"):
        (tools / tool).write_text(f'#!/bin/sh\nexec "{Path(sys.executable).parent / tool}" "$@"\n')
        (tools / tool).chmod(0o755)
    given = {"SCENARIOS": ACTION["inputs"]["scenarios"]["default"], "LISTEN": ACTION["inputs"]["listen"]["default"]}
    return step(START["run"], folder, **given | inputs)


def outputs(folder: Path) -> dict[str, str]:
    """What the step has put out."""
    lines = (folder / "GITHUB_OUTPUT").read_text().splitlines()
    return {name: value for name, _, value in (line.partition("=") for line in lines)}


def stop(folder: Path) -> None:
    """Ends the server that the step has left running, as a runner does at the end of a job."""
    for process in Path("/proc").glob("[0-9]*/environ"):
        try:
            if f"RUNNER_TEMP={folder}\0" in process.read_text(errors="replace"):
                os.kill(int(process.parent.name), signal.SIGTERM)
        except OSError:
            continue


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc").is_dir(), reason="finds the server to end in /proc")
def test_later_steps_find_a_ready_server_with_the_scenarios_that_were_given(tmp_path: Path) -> None:
    story = "scenario: mine\nextends: default\nrules: [{on: status.get, reply: {status: 418}}]\n"
    (tmp_path / "mine.yaml").write_text(story)
    try:
        done = start(tmp_path, SCENARIOS="./mine.yaml\ndefault\n")
        assert done.returncode == 0, done.stdout + done.stderr
        found = outputs(tmp_path)
        assert set(found) == set(ACTION["outputs"])
        assert (tmp_path / "GITHUB_ENV").read_text() == f"EMULATOR_URL={found['url']}\n"
        base_urls = json.loads(found["base-urls"])
        assert base_urls == {"aixplain": found["url"], "aiexport": f"{found['url']}/v2"}
        with loopback.Client() as client:
            assert client.get(f"{base_urls['aiexport']}/status").status_code == 418
            assert client.get(f"{found['url']}/_emulator").json()["scenarios"] == ["mine", "default"]
    finally:
        stop(tmp_path)


def python_with_packages(folder: Path) -> Path:
    """A python whose virtual environments see the packages that are installed here, so that pip needs to fetch none."""
    found, here = folder / "python", Path(sys.executable)
    packages = sysconfig.get_path("purelib")
    below = Path(packages).relative_to(sys.prefix)
    found.write_text(f"""#!/bin/sh
"{here}" "$@" && echo "{packages}" >"$RUNNER_TEMP/ai-api-emulator/{below}/packages.pth"
""")
    found.chmod(0o755)
    return found


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc").is_dir(), reason="finds the server to end in /proc")
def test_both_steps_install_the_checkout_and_start_what_was_installed(tmp_path: Path) -> None:
    """Nothing is fetched: what the package needs is here, in the versions that constraints.txt pins."""
    offline = {"PIP_NO_INDEX": "1", "PIP_NO_BUILD_ISOLATION": "0", "PYTHONPATH": ""}  # 0 is how pip writes it
    given = {"PYTHON": str(python_with_packages(tmp_path)), "GITHUB_ACTION_PATH": str(ROOT)}
    try:
        done = step(INSTALL["run"], tmp_path, **given, **offline)
        assert done.returncode == 0, done.stdout + done.stderr
        commands = Path((tmp_path / "GITHUB_PATH").read_text().strip())
        assert [each.name for each in commands.iterdir()] == ["emulator"]  # later steps keep their python and pip
        place = [str(tmp_path / "ai-api-emulator/bin/python"), "-c", "import emulator; print(emulator.__file__)"]
        installed = subprocess.run(
            place, env=environment(PYTHONPATH=""), cwd=tmp_path, capture_output=True, text=True, check=True
        ).stdout
        assert Path(installed.strip()).is_relative_to(tmp_path)
        inputs = {"SCENARIOS": "default\n", "LISTEN": "127.0.0.1:0"}
        done = step(START["run"], tmp_path, **inputs, PYTHONPATH="")
        assert done.returncode == 0, done.stdout + done.stderr
        ready = subprocess.run(
            [str(commands / "emulator"), "wait", "--url", outputs(tmp_path)["url"]],
            env=environment(PYTHONPATH=""),
            capture_output=True,
            text=True,
            check=False,
        )
        assert ready.stdout == f"{outputs(tmp_path)['url']} is ready\n", ready.stderr
    finally:
        stop(tmp_path)


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc").is_dir(), reason="finds the server to end in /proc")
def test_a_server_that_others_can_reach_has_a_token_that_later_steps_know(tmp_path: Path) -> None:
    try:
        done = start(tmp_path, LISTEN="0.0.0.0:0")  # as a job would that has services in containers
        assert done.returncode == 0, done.stdout + done.stderr
        token, _ = (tmp_path / "GITHUB_ENV").read_text().splitlines()
        name, _, value = token.partition("=")
        assert name == "EMULATOR_CONTROL_TOKEN"
        assert f"::add-mask::{value}" in done.stdout
        assert set(json.loads(outputs(tmp_path)["base-urls"])) == {"aixplain", "aiexport"}
    finally:
        stop(tmp_path)


@pytest.mark.slow
def test_a_server_that_does_not_start_fails_the_step_and_says_why(tmp_path: Path) -> None:
    done = start(tmp_path, SCENARIOS="missing")
    assert done.returncode == 1
    assert "missing" in done.stdout


def test_the_steps_read_their_inputs_from_variables_only() -> None:
    assert "${{" not in INSTALL["run"] + START["run"], "an input with a quote in it would be run"
    read = [value for step in (INSTALL, START) for value in step["env"].values()]
    assert sorted(read) == sorted(f"${{{{ inputs.{name} }}}}" for name in ACTION["inputs"])


def test_the_page_lists_the_inputs_and_outputs_and_its_workflow_uses_them() -> None:
    inputs, put_out = (table.keys for table in tables(PAGE))
    assert (inputs, put_out) == (list(ACTION["inputs"]), list(ACTION["outputs"]))
    (workflow,) = (yaml.safe_load(block.text) for block in blocks(PAGE) if block.language == "yaml")
    (step,) = (each for each in workflow["jobs"]["test"]["steps"] if each.get("id") == "emulator")
    assert set(step["with"]) <= set(inputs)


def test_the_compose_file_serves_where_the_pages_say_on_this_computer_only() -> None:
    service = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]["emulator"]
    assert service["ports"] == [f"127.0.0.1:{Listen().port}:8484"]
    assert service["healthcheck"]["test"] == ["CMD", "emulator", "health"]
    assert service["read_only"] is True
    token = re.sub(r"\$\{\w+:-(.*)\}", r"\1", service["environment"]["EMULATOR_CONTROL_TOKEN"])
    assert parse_token(token) == token
