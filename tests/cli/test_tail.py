"""`emulator tail` as a user runs it: its lines, its exit status."""

from __future__ import annotations

import signal
import subprocess
from pathlib import Path

import pytest
from msgspec.structs import replace

from tests.apis.aiexport_calls import caller
from tests.fork_server import start
from tests.process import environment, run
from tests.running import Emulated, Running
from tests.waiting import PATIENCE

pytestmark = pytest.mark.slow


def tail(*arguments: str, **variables: str) -> subprocess.Popen[str]:
    pipe = subprocess.PIPE
    return start(["tail", *arguments], environment(**variables), stdout=pipe, stderr=pipe)


def test_it_prints_the_lines_of_serve_until_ctrl_c(emulator: Emulated) -> None:
    caller(emulator).get("/nowhere")
    with tail("--last", "5", "status: {gte: 400}", "method: GET", EMULATOR_URL=emulator.origin) as process:
        assert process.stdout is not None
        assert "  404  GET    /v2/nowhere " in process.stdout.readline()
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=PATIENCE)
    assert (process.returncode, out, err) == (0, "", "")


def test_a_wrong_filter_is_shown_with_its_place(emulator: Emulated, tmp_path: Path) -> None:
    done = run("tail", "--url", emulator.origin, "method: GET", "statuss: 500", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("filter:2:1: unknown name 'statuss'; ")
    assert "did you mean 'status'?\n  statuss: 500\n  ^\nhint: a filter is written as" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--url", "ftp://x"), "--url is 'ftp://x'; expected "),
        (("--url", "http://:x"), "--url is 'http://:x'; expected "),
        (("--world", "w\n"), "--world is "),
        (
            ("--token", "tök"),
            "--token, or EMULATOR_CONTROL_TOKEN, is not a token; expected 8 to 200 visible ASCII characters",
        ),
    ],
)
def test_a_wrong_option_is_reported(tmp_path: Path, arguments: tuple[str, ...], said: str) -> None:
    done = run("tail", *arguments, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(said)
    assert "Traceback" not in done.stderr


def test_a_missing_token_is_reported_and_one_can_be_given(running: Running, tmp_path: Path) -> None:
    emulator = Emulated(running, ("default",), settings=replace(running.settings, control_token="a-token-for-tests"))
    done = run("tail", "--url", emulator.origin, cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr.startswith("the control token is missing or wrong\nhint: give it with --token")
    caller(emulator).get("/models")
    emulator.exchanges(1)
    with tail("--url", emulator.origin, EMULATOR_CONTROL_TOKEN="a-token-for-tests") as process:
        assert process.stdout is not None
        assert "models.list" in process.stdout.readline()
        process.stdout.close()  # whoever read the output has gone
        caller(emulator).get("/models")
        assert process.wait(PATIENCE) == 0
    emulator.close()
