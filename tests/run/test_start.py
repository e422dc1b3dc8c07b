"""`emulator env`: the variables of a server that runs already, for a shell."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.fork_server import start
from tests.process import ended
from tests.run.conftest import keeping


def env(tmp_path: Path, data: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    pipe = subprocess.PIPE
    return ended(start(["env", *arguments], keeping(data), cwd=tmp_path, stdout=pipe, stderr=pipe))


@pytest.mark.parametrize("url", ["http://127.0.0.1:1", "nonsense"])
def test_a_missing_emulator_is_reported_with_a_hint(tmp_path: Path, data: Path, url: str) -> None:
    told = env(tmp_path, data, "--url", url)
    assert (told.returncode, told.stdout) == (2, "")
    assert "emulator serve" in told.stderr
