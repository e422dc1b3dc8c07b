"""Running the command: in a process group of its own, with the terminal and the signals that are meant for it."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from types import FrameType

from emulator.errors import EmulatorError

PASSED_ON = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)
NOT_FOUND, NOT_RUNNABLE, BY_SIGNAL = 127, 126, 128  # as shells have it (XCU 2.8.2)
STDIN = 0


class CannotRun(EmulatorError):
    """The command could not be started; `status` is what a shell would exit with."""

    def __init__(self, message: str, status: int) -> None:
        self.status = status
        super().__init__(message)


def run(words: Sequence[str], environment: Mapping[str, str]) -> int:
    """Run a command to its end, and give its exit status; 128+n when signal n ended it.

    Signals that come meanwhile go to its whole process group. Raises CannotRun when there is no such command.
    """
    with _Child(words, environment) as child:
        return child.wait()


class _Child:
    """A process and its group. If we have the terminal, the group gets it, as it would from a shell."""

    def __init__(self, words: Sequence[str], environment: Mapping[str, str]) -> None:
        self._words = words
        self._environment = environment
        self._pid = 0
        self._early: list[int] = []  # signals that came before there was anybody to pass them on to
        self._stack = contextlib.ExitStack()

    def __enter__(self) -> _Child:
        with contextlib.ExitStack() as stack:
            for number in PASSED_ON:
                stack.callback(signal.signal, number, signal.signal(number, self._pass_on))
            self._process = self._start()
            self._terminal = stack.enter_context(_Terminal())
            self._pid = self._process.pid
            for early in self._early:
                self._send(early)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *raised: object) -> None:
        self._stack.close()

    def wait(self) -> int:
        """Until the process has ended; while it is stopped from the terminal, so are we."""
        self._terminal.give(self._pid)
        while True:
            _, status = os.waitpid(self._pid, os.WUNTRACED if self._terminal.held else 0)
            if not os.WIFSTOPPED(status):
                break
            self._terminal.take()
            os.kill(os.getpid(), signal.SIGSTOP)
            self._terminal.give(self._pid)
        self._pid = 0
        code = self._process.returncode = os.waitstatus_to_exitcode(status)
        return code if code >= 0 else int(BY_SIGNAL) - code

    def _start(self) -> subprocess.Popen[bytes]:
        try:
            return subprocess.Popen(self._words, env=self._environment, process_group=0)
        except FileNotFoundError:
            raise CannotRun(f"command not found: {self._words[0]}", NOT_FOUND) from None
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or error
            raise CannotRun(f"can't run {self._words[0]}: {reason}", NOT_RUNNABLE) from None

    def _pass_on(self, number: int, frame: FrameType | None) -> None:
        self._send(number) if self._pid else self._early.append(number)

    def _send(self, number: int) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._pid, number)


class _Terminal:
    """The terminal on standard input, when our process group has it; otherwise nothing is given and nothing taken."""

    def __init__(self) -> None:
        self.held = os.isatty(STDIN) and os.tcgetpgrp(STDIN) == os.getpgrp()

    def __enter__(self) -> _Terminal:
        return self

    def __exit__(self, *raised: object) -> None:
        self.take()

    def give(self, group: int) -> None:
        """Let a process group read it and be interrupted from it."""
        if self.held:
            self._set(group)
            with contextlib.suppress(ProcessLookupError):
                os.killpg(group, signal.SIGCONT)  # it may have been stopped for reading too early

    def take(self) -> None:
        """Have it back."""
        if self.held:
            self._set(os.getpgrp())

    def _set(self, group: int) -> None:
        with _ignored(signal.SIGTTOU), contextlib.suppress(OSError):
            os.tcsetpgrp(STDIN, group)


@contextlib.contextmanager
def _ignored(number: int) -> Iterator[None]:
    before = signal.signal(number, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(number, before)
