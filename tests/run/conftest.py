"""Running commands through `emulator run`, as a user does: real processes, with a data folder of their own."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.process import PATIENCE, environment

Run = Callable[..., subprocess.CompletedProcess[str]]
Begin = Callable[..., subprocess.Popen[str]]


@pytest.fixture(scope="session")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the authority is kept; making one takes a while, so the tests share it."""
    return tmp_path_factory.mktemp("data")


def words(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "emulator", *arguments]


@pytest.fixture
def run(tmp_path: Path, data: Path) -> Run:
    """`emulator run ARGUMENTS` to its end."""

    def to_its_end(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        env = environment(XDG_DATA_HOME=str(data), **variables)
        command = words("run", *arguments)
        return subprocess.run(
            command, cwd=tmp_path, env=env, capture_output=True, text=True, check=False, timeout=PATIENCE
        )

    return to_its_end


@pytest.fixture
def begin(tmp_path: Path, data: Path) -> Iterator[Begin]:
    """`emulator run ARGUMENTS`, under way; what still runs at the end is ended."""
    begun: list[subprocess.Popen[str]] = []

    def under_way(*arguments: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            words("run", *arguments),
            cwd=tmp_path,
            env=environment(XDG_DATA_HOME=str(data)),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        begun.append(process)
        return process

    yield under_way
    for process in begun:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        process.communicate(timeout=PATIENCE)
