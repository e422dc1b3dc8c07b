"""The command line, as a table of what is asked and what is said."""

from __future__ import annotations

import importlib
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from emulator import __version__
from emulator.cli import main
from tests.emulate import emulate
from tests.library import api
from tests.process import environment, run

pytestmark = pytest.mark.slow

COMMANDS = ("serve", "run", "env", "record", "verify", "check", "routes", "coverage", "schema", "new")
CLAIMS = "claims:\n  D-ONE: {class: documented, says: One.}\n  D-TWO: {class: invented, says: Two.}\n"


@pytest.mark.parametrize("flag", ["--help", "-h"])
def test_help_says_what_it_is_and_lists_the_commands(flag: str) -> None:
    result = emulate(flag)
    assert result.exit_code == 0
    assert "A local server that stands in for hosted AI APIs." in result.output
    for command in COMMANDS:
        assert re.search(rf"^  {command}  +\S.*[.…]$", result.output, re.MULTILINE), result.output


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_a_help_of_its_own(command: str) -> None:
    result = emulate(command, "--help")
    assert result.exit_code == 0
    assert result.output.startswith(f"Usage: main {command} ")
    assert all(len(line) <= 80 for line in result.output.splitlines())


@pytest.mark.parametrize("name", sorted({command.callback.__module__ for command in main.commands.values()}))
def test_a_module_of_a_command_is_not_hidden_by_the_command(name: str) -> None:
    package, _, module = name.rpartition(".")
    assert getattr(importlib.import_module(package), module) is importlib.import_module(name)


def test_the_command_line_is_known_before_the_server_is_loaded() -> None:
    heavy = ("asyncio", "emulator.app", "emulator.server", "jinja2", "pydantic", "uvicorn", "yaml")
    code = f"import sys, emulator.cli; print(*[each for each in {heavy} if each in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], env=environment(), capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


def test_the_version_is_reported() -> None:
    assert emulate("--version").output == f"emulator, version {__version__}\n"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["sevre"], "No such command 'sevre'"),
        (["serve", "--prot", "80"], "No such option '--prot'"),
        (["schema", "everything"], "'everything' is not one of"),
        (["schema"], "Missing argument"),
        (["new", "playbook", "mine"], "'playbook' is not one of 'scenario', 'api'"),
        (["new", "scenario"], "Missing argument 'NAME'"),
        (["new", "api", "../mine"], "'../mine' can't be a name; expected up to 50 letters"),
        (["serve", "--listen", "here"], "--listen is 'here'; expected HOST:PORT such as 127.0.0.1:8484"),
        (["serve", "--seed", "x"], "--seed is 'x'; expected a whole number such as 42"),
        (["serve", "--max-body", "big"], "--max-body is 'big'; expected a size such as"),
        (["serve", "--scenario", "strikt"], "no scenario 'strikt'; expected one of: async-everything"),
        (["routes", "--scenario", "strikt"], "did you mean 'strict'?"),
        (["coverage", "--scenario", "nowhere.yaml"], "nowhere.yaml: no such file"),
    ],
)
def test_an_error_with_the_arguments_is_reported_and_the_status_is_2(arguments: list[str], said: str) -> None:
    result = emulate(*arguments)
    assert result.exit_code == 2
    assert said in result.stderr
    assert result.stdout == ""


def test_routes_lists_method_path_operation_api_host_class_and_claims() -> None:
    result = emulate("routes")
    assert result.exit_code == 0
    rows = [re.split(r"  +", line) for line in result.stdout.splitlines()]
    assert ["POST", "/v2/messages/stream", "messages.stream", "aiexport", "any host"] in [row[:5] for row in rows]
    poll = next(row for row in rows if row[1] == "/api/v2/data/{request_id}")
    assert (poll[0], poll[3], poll[4]) == ("GET", "aixplain", "models.aixplain.com")
    assert poll[5] == "documented"
    assert "AX-POLL-MODEL (documented)" in poll[6]
    assert rows == sorted(rows, key=lambda row: (row[3], row[1], row[0]))


def test_routes_reports_the_claims_of_rules_and_checks_too() -> None:
    line = next(line for line in emulate("routes").stdout.splitlines() if " messages.create " in line)
    assert "AE-MSG-STREAM (documented)" in line
    assert "AE-MSG-SHAPE (invented)" in line


def test_routes_and_coverage_play_what_serve_would_play(story: Path) -> None:
    for result in (emulate("routes", "--scenario", "story.yaml"), emulate("routes", EMULATOR_SCENARIO="story.yaml")):
        assert result.stdout.split() == ["POST", "/echo", "echo.create", "demo", "any", "host", "invented"]


def test_coverage_of_what_comes_along_is_whole() -> None:
    result = emulate("coverage")
    assert result.exit_code == 0
    assert result.stdout.splitlines()[-1] == "92 of 92 claims served"
    assert "NOT SERVED" not in result.stdout
    assert re.search(
        r"^  AE-BATCH-CANCEL +documented +batch.cancel .*scenarios/apis/aiexport.yaml:\d+", result.stdout, re.MULTILINE
    )


def test_coverage_with_a_claim_that_nothing_serves_has_the_status_1(story: Path) -> None:
    text = api(CLAIMS + "serves: [D-ONE]\n")
    Path("demo.yaml").write_text(text)
    line = next(at for at, line in enumerate(text.splitlines(), 1) if line.startswith("serves:"))
    result = emulate("coverage", "--scenario", "story.yaml")
    assert result.exit_code == 1
    assert result.stdout.splitlines() == [
        "Demo",
        f"  D-ONE                  documented  serves demo.yaml:{line}",
        "  D-TWO                  invented    NOT SERVED",
        "  1 documented, 1 invented",
        "",
        "1 of 2 claims served",
    ]


@pytest.mark.parametrize(("kind", "needed"), [("scenario", ["scenario"]), ("api", ["api", "title"])])
def test_schema_prints_a_json_schema(kind: str, needed: list[str]) -> None:
    result = emulate("schema", kind)
    assert result.exit_code == 0
    schema = json.loads(result.stdout)
    assert set(needed) <= set(schema["required"])
    assert schema["additionalProperties"] is False


def test_a_process_has_the_same_statuses_and_no_traceback(tmp_path: Path) -> None:
    (tmp_path / "wrong.yaml").write_text("scenario: wrong\nabout: [x]\nextends: default\n")
    wrong = run("check", "wrong.yaml", cwd=tmp_path)
    assert (wrong.returncode, wrong.stderr) == (2, "1 error\n")
    assert wrong.stdout == "wrong.yaml:2:8: expected text; found a list\n"
    assert run("--version", cwd=tmp_path).returncode == 0


def test_a_reader_that_has_seen_enough_is_no_error(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "emulator", "routes"]
    with subprocess.Popen(
        command, cwd=tmp_path, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == b""
