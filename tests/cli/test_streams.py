"""Standard streams that are closed or full, and a missing uvloop, do not keep the server from serving."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests import loopback
from tests.fork_server import start
from tests.process import ended, environment
from tests.waiting import PATIENCE, until

pytestmark = pytest.mark.slow
FULL = Path("/dev/full")


def free_port() -> int:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as taken:
        port: int = taken.getsockname()[1]
    return port


@contextmanager
def serving(folder: Path, streams: str, **variables: str) -> Iterator[subprocess.Popen[bytes]]:
    """A server whose streams a shell has redirected; it is asked once, and then told to stop."""
    port = free_port()
    command = f'exec "{sys.executable}" -m emulator serve --no-reload --listen 127.0.0.1:{port} {streams}'
    process = subprocess.Popen(["sh", "-c", command], cwd=folder, env=environment(**variables))
    try:
        until(lambda: answers(port))
        yield process
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE) == 0
    finally:
        process.kill()
        process.wait()


def answers(port: int) -> bool:
    try:
        return loopback.get(f"http://127.0.0.1:{port}/_emulator/health").status_code == 200
    except httpx.TransportError:
        return False


@pytest.mark.finding("A13")
@pytest.mark.skipif(not FULL.exists(), reason="there is no /dev/full")
def test_an_output_that_takes_nothing_is_told_in_one_sentence(tmp_path: Path) -> None:
    with serving(tmp_path, "> /dev/full 2> log"):
        pass
    assert (tmp_path / "log").read_text() == "WARNING: the output can't be written: No space left on device\n"


@pytest.mark.finding("A13")
@pytest.mark.parametrize("streams", ["<&- >&- 2>&-", "<&-", ">&-", "2>&- > /dev/null", "> /dev/full 2> /dev/full"])
def test_closed_streams_are_done_without(tmp_path: Path, streams: str) -> None:
    with serving(tmp_path, streams):
        pass


@pytest.mark.finding("A13")
def test_without_uvloop_the_loop_is_asyncios(tmp_path: Path) -> None:
    (tmp_path / "uvloop.py").write_text("raise ImportError('there is none')\n")
    path = os.pathsep.join((str(tmp_path), environment()["PYTHONPATH"]))
    with serving(tmp_path, "> out 2> log", PYTHONPATH=path):
        pass
    assert (tmp_path / "log").read_text() == ""


@pytest.mark.finding("A13")
@pytest.mark.parametrize("command", ["--version", "--help", "coverage", "routes", "check default"])
def test_a_command_whose_output_takes_nothing_ends_with_one_sentence(tmp_path: Path, command: str) -> None:
    with FULL.open("w") as full:
        process = start(command.split(), environment(), cwd=tmp_path, stdout=full, stderr=subprocess.PIPE)
        done = ended(process)
    assert (done.returncode, done.stderr) == (2, "the output can't be written: No space left on device\n")
