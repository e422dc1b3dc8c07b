"""A command in a process group of its own, on a terminal and without one."""

from __future__ import annotations

import os
import pty
import sys
from pathlib import Path

import pytest

from emulator.run.command import CannotRun, run
from tests.process import ROOT, environment


def test_its_exit_status_is_given(tmp_path: Path) -> None:
    assert run(["sh", "-c", "exit 3"], environment()) == 3
    assert run(["sh", "-c", "kill -TERM $$"], environment()) == 128 + 15


def test_what_can_not_be_started_is_told_with_the_status_of_a_shell(tmp_path: Path) -> None:
    with pytest.raises(CannotRun, match="command not found: nothing-of-the-kind") as none:
        run(["nothing-of-the-kind"], environment())
    with pytest.raises(CannotRun, match="can't run") as not_runnable:
        run([str(tmp_path)], environment())
    assert (none.value.status, not_runnable.value.status) == (127, 126)


def on_a_terminal(script: str, typed: bytes) -> tuple[bytes, int]:
    """What is said and the exit status, when `typed` is typed once `ready` is said."""
    code = f"import os, sys; from emulator.run.command import run; s = run(['sh', '-c', {script!r}], os.environ)"
    code += "; print('foreground', os.tcgetpgrp(0) == os.getpgrp()); sys.exit(s)"
    child, terminal = pty.fork()
    if child == 0:  # pragma: no cover
        os.chdir(ROOT)
        os.execve(sys.executable, [sys.executable, "-c", code], environment())
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
            os.write(terminal, typed)
            sent = True
    os.close(terminal)
    return said, os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def test_it_can_read_the_terminal_which_is_ours_again_afterwards() -> None:
    said, status = on_a_terminal("echo ready; read line; echo got $line", b"hello\n")
    assert b"got hello" in said
    assert b"foreground True" in said
    assert status == 0


def test_control_c_is_for_the_command() -> None:
    said, status = on_a_terminal("trap 'echo interrupted; exit 9' INT; echo ready; sleep 30", b"\x03")
    assert said.count(b"interrupted") == 1
    assert b"Traceback" not in said
    assert status == 9
