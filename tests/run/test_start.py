"""`emulator env`: the variables of a server that runs already, for a shell."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.process import Serving, environment
from tests.run.conftest import words

ASK = 'curl -s -o /dev/null -w "%{http_code}" https://api.aiexport.io/v2/models -H "X-API-Key: $API_KEY"'


def env(tmp_path: Path, data: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    variables = environment(XDG_DATA_HOME=str(data))
    return subprocess.run(
        words("env", *arguments), cwd=tmp_path, env=variables, capture_output=True, text=True, check=False
    )


def test_a_shell_that_takes_them_calls_the_emulator(tmp_path: Path, data: Path) -> None:
    with Serving(tmp_path, XDG_DATA_HOME=str(data)) as serving:
        told = env(tmp_path, data, "--url", serving.origin)
        assert told.returncode == 0, told.stderr
        assert f"export BACKEND_URL='{serving.origin}'\n" in told.stdout
        script = f"{told.stdout}\n{ASK}"
        said = subprocess.run(["sh", "-c", script], env=environment(), capture_output=True, text=True, check=False)
        assert said.stdout == "200", said.stderr + serving.log


@pytest.mark.parametrize("url", ["http://127.0.0.1:1", "nonsense"])
def test_no_emulator_is_told_with_what_to_do(tmp_path: Path, data: Path, url: str) -> None:
    told = env(tmp_path, data, "--url", url)
    assert (told.returncode, told.stdout) == (2, "")
    assert "emulator serve" in told.stderr
