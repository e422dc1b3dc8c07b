"""A command, on a terminal and without one: its exit status, and the signals that it gets."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from emulator.run.process import CannotRun, run
from tests.process import ROOT, environment
from tests.run.conftest import on_a_terminal
from tests.waiting import PATIENCE

pytestmark = pytest.mark.slow

RUN = "import os, sys; from emulator.run.process import run; status = run({words!r}, os.environ)"
FOR_EVER = "while :; do sleep 0.05; done"


def program(words: list[str], then: str = "sys.exit(status)") -> list[str]:
    """A process that runs a command."""
    return [sys.executable, "-c", f"{RUN.format(words=words)}; {then}"]


def test_its_exit_status_is_given() -> None:
    assert run(["sh", "-c", "exit 3"], environment()) == 3
    assert run(["sh", "-c", "kill -TERM $$"], environment()) == 128 + 15


def test_what_cannot_be_started_is_reported_with_the_status_of_a_shell(tmp_path: Path) -> None:
    with pytest.raises(CannotRun, match="command not found: nothing-of-the-kind") as none:
        run(["nothing-of-the-kind"], environment())
    with pytest.raises(CannotRun, match="can't run") as not_runnable:
        run([str(tmp_path)], environment())
    assert (none.value.status, not_runnable.value.status) == (127, 126)


def test_files_that_it_was_given_beside_its_streams_are_open(tmp_path: Path) -> None:
    (tmp_path / "given").write_text("this")
    words = ["sh", "-c", f'"$@" 9<{tmp_path}/given', "sh", *program(["sh", "-c", "cat <&9"])]
    assert subprocess.run(words, cwd=ROOT, env=environment(), stdout=subprocess.PIPE, check=True).stdout == b"this"


def test_handlers_are_as_before_afterwards() -> None:
    before = signal.getsignal(signal.SIGTERM)
    run(["true"], environment())
    assert signal.getsignal(signal.SIGTERM) == before


def begun(words: list[str], *before: str) -> subprocess.Popen[str]:
    """A process that runs a command which says `ready`, without a terminal, even if there is one here."""
    process = subprocess.Popen(
        [*before, *program(words)],
        cwd=ROOT,
        env=environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def test_without_a_terminal_a_signal_is_for_all_that_the_command_started() -> None:
    process = begun(["sh", "-c", "sleep 60 & echo ready; wait"])
    process.terminate()
    process.communicate(timeout=PATIENCE)  # the pipe is open until the last of them has ended
    assert process.returncode == 128 + signal.SIGTERM


def test_a_command_that_ignores_a_signal_goes_on() -> None:
    process = begun(["sh", "-c", f"trap '' TERM; trap 'echo left; exit 4' INT; echo ready; {FOR_EVER}"])
    process.terminate()
    process.send_signal(signal.SIGINT)
    assert process.communicate(timeout=PATIENCE)[0] == "left\n"
    assert process.returncode == 4


def test_what_we_are_to_ignore_the_command_ignores_too() -> None:
    process = begun(["sh", "-c", f"echo ready; {FOR_EVER}"], "nohup")
    process.send_signal(signal.SIGHUP)
    process.terminate()
    process.communicate(timeout=PATIENCE)
    assert process.returncode == 128 + signal.SIGTERM


def test_it_can_read_the_terminal() -> None:
    words = ["sh", "-c", "echo ready; read line; echo got $line"]
    said, status = on_a_terminal(program(words, "print(input()); sys.exit(status)"), b"hello\nand after it\n")
    assert b"got hello" in said
    assert said.count(b"and after it") == 2, "the echo, and what we read when the command has ended"
    assert status == 0


def test_control_c_is_for_the_command() -> None:
    words = ["sh", "-c", "trap 'echo interrupted; exit 9' INT; echo ready; " + FOR_EVER]
    said, status = on_a_terminal(program(words), b"\x03")
    assert said.count(b"interrupted") == 1
    assert b"Traceback" not in said
    assert status == 9


def test_who_shares_the_terminal_with_us_keeps_it(tmp_path: Path) -> None:
    python, option, code = program(
        ["sh", "-c", f"echo to the pager; until [ -e {tmp_path}/read ]; do sleep 0.05; done"]
    )
    pager = f"read line; echo $line; echo ready; read key </dev/tty; echo pressed $key; touch {tmp_path}/read"
    said, status = on_a_terminal(["/bin/sh", "-c", f'{python} {option} "{code}" | ({pager})'], b"q\n")
    assert b"to the pager" in said
    assert b"pressed q" in said
    assert status == 0


def test_a_command_whose_streams_are_redirected_can_ask_at_the_terminal() -> None:
    ask = "echo ready >/dev/tty; read line </dev/tty; echo got $line >/dev/tty"
    words = ["/bin/sh", "-c", '"$@" </dev/null >/dev/null 2>&1', "sh", *program(["sh", "-c", ask])]
    said, status = on_a_terminal(words, b"hello\n")
    assert b"got hello" in said
    assert status == 0


def test_another_signal_is_forwarded_from_a_terminal_too() -> None:
    words = ["sh", "-c", f"trap 'echo asked; exit 6' TERM; echo ready; {FOR_EVER}"]
    said, status = on_a_terminal(program(words), signal.SIGTERM)
    assert b"asked" in said
    assert status == 6
