"""Running commands through `emulator run`, as a user does: real processes, with a data folder of their own."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from emulator.cli import main
from tests.fork_server import start
from tests.process import ROOT, ended, environment
from tests.waiting import PATIENCE

Run = Callable[..., subprocess.CompletedProcess[str]]
Begin = Callable[..., subprocess.Popen[str]]


@pytest.fixture(scope="session")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the authority and compiled scenarios are kept; making them takes a while, so the tests share them."""
    return tmp_path_factory.mktemp("data")


@pytest.fixture(scope="session")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where commands run: what was compiled is found again only there."""
    return tmp_path_factory.mktemp("place")


def keeping(data: Path, **more: str) -> dict[str, str]:
    """The environment of a user who keeps things there."""
    return environment(XDG_DATA_HOME=str(data), **more)


def words(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "emulator", *arguments]


@pytest.fixture(scope="session")
def run(place: Path, data: Path) -> Run:
    """`emulator run ARGUMENTS` to its end."""

    def to_its_end(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        env, pipe = keeping(data, **variables), subprocess.PIPE
        return ended(start(["run", *arguments], env, cwd=place, stdout=pipe, stderr=pipe))

    return to_its_end


@pytest.fixture
def exits(place: Path, data: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    """The exit status of `emulator run ARGUMENTS` in this process, which begins sooner than one of its own."""
    for name, value in keeping(data).items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(place)
    return lambda *arguments: CliRunner().invoke(main, ["run", *arguments]).exit_code


@pytest.fixture
def refused(place: Path, data: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Run:
    """`emulator run ARGUMENTS` in this process, for what is refused before a command is run."""

    def at_once(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        for name, value in keeping(data, **variables).items():
            monkeypatch.setenv(name, value)
        monkeypatch.chdir(place)
        done = CliRunner().invoke(main, ["run", *arguments])
        written = capfd.readouterr()
        return subprocess.CompletedProcess(
            arguments, done.exit_code, done.stdout + written.out, done.stderr + written.err
        )

    return at_once


@pytest.fixture
def begin(place: Path, data: Path) -> Iterator[Begin]:
    """`emulator run ARGUMENTS`, under way; what still runs at the end is ended."""
    begun: list[subprocess.Popen[str]] = []

    def under_way(*arguments: str) -> subprocess.Popen[str]:
        process = start(
            ["run", *arguments],
            keeping(data),
            cwd=place,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        begun.append(process)
        return process

    yield under_way
    for process in begun:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        process.communicate(timeout=PATIENCE)


def on_a_terminal(words: list[str], then: bytes | signal.Signals, **variables: str) -> tuple[bytes, int]:
    """What is said and the exit status, when something is typed, or a signal sent, once `ready` is said."""
    child, terminal = pty.fork()
    if child == 0:  # pragma: no cover
        os.chdir(ROOT)
        os.execve(words[0], words, environment(**variables))
    said, sent = b"", False
    while True:
        try:
            data = os.read(terminal, 1024)
        except OSError:  # Linux says so when the last one has gone
            break
        if not data:
            break
        said += data
        if b"ready" in said and not sent:
            os.kill(child, then) if isinstance(then, signal.Signals) else os.write(terminal, then)
            sent = True
    os.close(terminal)
    return said, os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
