"""Options of `emulator serve`, and what keeps it from serving."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from emulator.settings.options import PARSERS
from tests.emulate import emulate
from tests.library import STORY
from tests.process import ROOT, Serving, environment
from tests.waiting import PATIENCE

pytestmark = pytest.mark.slow


def test_the_help_of_serve_names_every_flag_with_its_default() -> None:
    text = " ".join(emulate("serve", "--help").output.split())
    for default in ("127.0.0.1:8484", "default", "0", "set by each API file", "on", "500", "16MiB"):
        assert f"[default: {default}]" in text
    assert "EMULATOR_LISTEN" in text
    flags = {flag for flag, _ in PARSERS.values()}
    assert all(flag in text for flag in flags - {"--cache"})
    assert "--cache" not in text


def test_a_wrong_variable_is_reported_by_its_name() -> None:
    result = emulate("serve", EMULATOR_SEED="x")
    assert (result.exit_code, result.stderr) == (2, "EMULATOR_SEED is 'x'; expected a whole number such as 42\n")


def test_serving_wrong_scenarios_reports_every_error(story: Path) -> None:
    story.write_text(STORY + "rulez: []\nlatencie: {}\n")
    result = emulate("serve", "--listen", "127.0.0.1:0", "--scenario", "story.yaml")
    assert result.exit_code == 2
    assert [line.partition(";")[0] for line in result.stderr.splitlines()] == [
        "story.yaml:4:1: unknown key 'rulez'",
        "story.yaml:5:1: unknown key 'latencie'",
    ]


def test_plugins_of_pydantic_are_not_loaded(tmp_path: Path) -> None:
    (tmp_path / "nosy.py").write_text(
        "import pathlib\npathlib.Path(__file__).with_name('loaded').touch()\nplugin = None\n"
    )
    metadata = tmp_path / "nosy-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: nosy\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text("[pydantic]\nnosy = nosy:plugin\n")
    (tmp_path / "wrong.yaml").write_text("scenario: wrong\nabout: [x]\n")
    variables = environment(PYTHONPATH=f"{ROOT}{os.pathsep}{tmp_path}")
    command = [sys.executable, "-m", "emulator", "serve", "--scenario", str(tmp_path / "wrong.yaml")]
    done = subprocess.run(command, cwd=tmp_path, env=variables, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (2, "wrong.yaml:2:8: expected text; found a list\n")
    assert not (tmp_path / "loaded").exists()


def test_faults_are_armed_from_the_start(tmp_path: Path) -> None:
    with Serving(tmp_path, "--fault", "models.*: status=503; times=1") as serving:
        statuses = [serving.client.get("/v2/models", headers={"x-api-key": "axp_test_pro"}).status_code for _ in "12"]
    assert statuses == [503, 200]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("models.*: statuss=503", "unknown fault 'statuss'; "),
        ("modles.*: status=503", "on: no operation is called 'modles.*'; did you mean "),
        ("status=503; times=0", "times: expected a whole number from 1"),
        ("models.list: stuck", "on: "),
        ("models.list status=503", "a colon and a space separate operations from the fault; expected 'models.list: s"),
        ("models.list:status=503", "a colon and a space separate operations from the fault; expected 'models.list: s"),
    ],
)
def test_a_wrong_fault_is_refused_before_anything_is_served(text: str, said: str) -> None:
    done = emulate("serve", "--listen", "127.0.0.1:0", "--fault", text)
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr.startswith(f"--fault {text!r}: {said}"), done.stderr


def test_it_stops_when_standard_input_closes(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "emulator", "serve", "--listen", "127.0.0.1:0", "--stop-with-stdin"]
    with subprocess.Popen(
        command, cwd=tmp_path, env=environment(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as serving:
        assert serving.stdin is not None
        assert serving.stdout is not None
        assert serving.stdout.readline().startswith("Ready on ")
        serving.stdin.write("nothing is read\n")
        serving.stdin.flush()
        assert serving.poll() is None
        serving.stdin.close()
        assert serving.wait(PATIENCE) == 0
