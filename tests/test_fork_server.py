"""A process of the fork server is what `python -m emulator` would be."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.fork_server import LAUNCH, Forked, command, serves, start
from tests.process import ended, environment
from tests.waiting import PATIENCE

PIPE = subprocess.PIPE


@pytest.mark.parametrize("arguments", [["check", "wrong.yaml"], ["routes"], ["nonsense"]])
def test_it_prints_and_exits_as_one_that_is_executed(tmp_path: Path, arguments: list[str]) -> None:
    (tmp_path / "wrong.yaml").write_text("scenario: wrong\nabout: [x]\n")
    command = [sys.executable, "-m", "emulator", *arguments]
    executed = subprocess.run(command, cwd=tmp_path, env=environment(), capture_output=True, text=True, check=False)
    process = start(arguments, environment(), cwd=tmp_path, stdout=PIPE, stderr=PIPE)
    assert isinstance(process, Forked)
    forked = ended(process)
    assert (forked.returncode, forked.stdout, forked.stderr) == (
        executed.returncode,
        executed.stdout,
        executed.stderr,
    )


def test_it_has_the_environment_and_the_folder_that_it_is_given(tmp_path: Path) -> None:
    shell = ["run", "--listen", "127.0.0.1:0", "--", "sh", "-c", 'pwd; echo "$COLOUR"']
    env = environment(XDG_DATA_HOME=str(tmp_path), COLOUR="green")
    done = ended(start(shell, env, cwd=tmp_path, stdout=PIPE, stderr=PIPE))
    assert done.stdout == f"{tmp_path}\ngreen\n", done.stderr


def test_it_can_have_a_session_of_its_own_and_be_ended_by_a_signal(tmp_path: Path) -> None:
    serve = ["serve", "--listen", "127.0.0.1:0"]
    with start(serve, environment(), cwd=tmp_path, stdout=PIPE, stderr=PIPE, start_new_session=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("Ready on ")
        assert os.getsid(process.pid) == process.pid
        assert process.poll() is None
        process.kill()
        assert process.wait(PATIENCE) == -signal.SIGKILL


def test_what_the_interpreter_reads_at_its_start_asks_for_a_new_one() -> None:
    assert serves(environment(EMULATOR_SEED="5", ANYTHING="1"))
    assert not serves(environment(PYTHONPATH="/elsewhere"))
    assert not serves(environment(LC_ALL="C"))


def test_what_a_command_starts_is_the_same_to_who_has_started_it(tmp_path: Path) -> None:
    words = command(environment())
    assert str(LAUNCH) in words
    env = environment(XDG_DATA_HOME=str(tmp_path), COLOUR="green")
    shell = ["run", "--listen", "127.0.0.1:0", "--", "sh", "-c", 'cat; pwd; echo "$COLOUR" >&2; exit 7']
    done = subprocess.run(
        [*words, *shell], cwd=tmp_path, env=env, input="Hello!\n", capture_output=True, text=True, timeout=PATIENCE
    )
    assert (done.returncode, done.stdout) == (7, f"Hello!\n{tmp_path}\n")
    assert done.stderr.startswith("green\n")
    assert command(environment(LC_ALL="C"))[1:] == ["-m", "emulator"]


@pytest.mark.parametrize("by", [signal.SIGTERM, signal.SIGINT])
def test_signals_to_the_command_reach_it(tmp_path: Path, by: signal.Signals) -> None:
    serve = [*command(environment()), "serve", "--listen", "127.0.0.1:0"]
    with subprocess.Popen(serve, cwd=tmp_path, env=environment(), stdout=PIPE, stderr=PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("Ready on ")
        process.send_signal(by)
        assert process.wait(PATIENCE) == 0


def test_the_command_ends_by_the_signal_that_has_ended_it(tmp_path: Path) -> None:
    env = environment(XDG_DATA_HOME=str(tmp_path))
    shell = [*command(env), "run", "--listen", "127.0.0.1:0", "--", "sh", "-c", "kill -KILL $PPID"]
    done = subprocess.run(shell, cwd=tmp_path, env=env, capture_output=True, timeout=PATIENCE, check=False)
    assert done.returncode == -signal.SIGKILL


def test_the_command_fails_when_the_server_ends_without_a_status(tmp_path: Path) -> None:
    address = str(tmp_path / "socket")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(address)
        listening.listen()
        command = [sys.executable, "-IS", str(LAUNCH), address, "routes"]
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=PIPE, stderr=PIPE, text=True)
        connection, _ = listening.accept()
        connection.close()
        done = ended(process)
    assert done.returncode == 1
    assert "Error" in done.stderr
