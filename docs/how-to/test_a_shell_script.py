"""Test a shell script: commands arm a fault, set the state and print the verdict.

With `emulator.env`, the commands act on the world of this test. In a plain script, `emulator run` or EMULATOR_URL
selects the server.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from emulator import Emulator

pytestmark = pytest.mark.slow
# The script under test: it asks again when the service is down.
SCRIPT = """
for try in 1 2 3; do
  status=$(curl -s -o answer.json -w '%{http_code}' -H "X-API-Key: $API_KEY" "$AIEXPORT_BASE_URL/models")
  [ "$status" = 200 ] && exit 0
done
exit 1
"""


def shell(emulator: Emulator, folder: Path, script: str) -> subprocess.CompletedProcess[str]:
    """Runs a script for which `emulator` is the command of this installation."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    env = {**os.environ, **emulator.env, "API_KEY": emulator.key("pro"), "NO_PROXY": "*", "PATH": path}
    return subprocess.run(["sh", "-c", script], cwd=folder, env=env, capture_output=True, text=True, check=False)


@pytest.fixture(autouse=True)
def curl() -> None:
    if shutil.which("curl") is None:
        pytest.skip("curl is not installed")


def test_it_asks_again(emulator: Emulator, tmp_path: Path) -> None:
    armed = shell(emulator, tmp_path, "emulator arm status=503 --on models.list --times 2 --json")
    assert json.loads(armed.stdout)["times"] == 2

    assert shell(emulator, tmp_path, SCRIPT).returncode == 0

    assert [each.status for each in emulator.requests("models.list")] == [503, 503, 200]


def test_it_gives_up_in_the_end(emulator: Emulator, tmp_path: Path) -> None:
    shell(emulator, tmp_path, "emulator arm status=503 --on models.list")

    assert shell(emulator, tmp_path, SCRIPT).returncode == 1


def test_what_it_did_wrong_is_an_exit_status(emulator: Emulator, tmp_path: Path) -> None:
    shell(emulator, tmp_path, "emulator arm 'status=429' --on models.list --times 1")
    shell(emulator, tmp_path, SCRIPT)

    verdict = shell(emulator, tmp_path, "emulator verdict")
    assert verdict.returncode == 4
    assert "retried_too_early" in verdict.stdout
