"""Runs the command to its end, and forwards signals to it."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence

from emulator.errors import EmulatorError

FROM_TERMINAL = (signal.SIGINT, signal.SIGQUIT)  # sent by a terminal to its whole foreground group
FORWARDED = (*FROM_TERMINAL, signal.SIGTERM, signal.SIGHUP)
NOT_FOUND, NOT_RUNNABLE, BY_SIGNAL = 127, 126, 128  # as shells have it (XCU 2.8.2)
TERMINAL = "/dev/tty"  # independent of the standard streams
Deliver = Callable[[int], None]


class CannotRun(EmulatorError):
    """The command could not be started; `status` is what a shell would exit with."""

    def __init__(self, message: str, status: int) -> None:
        self.status = status
        super().__init__(message)


def run(words: Sequence[str], environment: Mapping[str, str]) -> int:
    """Runs a command to its end, and returns its exit status; 128+n when signal n ended it.

    With a terminal it stays in our process group and gets typed signals itself; other signals are forwarded to it.
    Without one it has its own process group, and the whole group gets them. It inherits other open files than the
    standard streams, as of `<(…)` in a shell. Raises CannotRun when there is no such command.
    """
    typed = _has_terminal()
    with _forwarding() as signals:
        process = _started(words, environment, None if typed else 0)
        signals.connect(_to_process(process) if typed else _to_group(process))
        code = process.wait()
    return code if code >= 0 else BY_SIGNAL - code


def _has_terminal() -> bool:
    """Whether our process group is the foreground group of a terminal; another would be stopped when it reads."""
    try:
        with open(TERMINAL, "rb", buffering=0) as terminal:
            return os.tcgetpgrp(terminal.fileno()) == os.getpgrp()
    except OSError:  # there is none
        return False


def _started(words: Sequence[str], environment: Mapping[str, str], group: int | None) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(words, env=environment, process_group=group, close_fds=False)
    except FileNotFoundError:
        raise CannotRun(f"command not found: {words[0]}", NOT_FOUND) from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise CannotRun(f"can't run {words[0]}: {reason}", NOT_RUNNABLE) from None


def _to_process(process: subprocess.Popen[bytes]) -> Deliver:
    return lambda number: None if number in FROM_TERMINAL else process.send_signal(number)


def _to_group(process: subprocess.Popen[bytes]) -> Deliver:
    def deliver(number: int) -> None:
        if process.returncode is None:  # afterwards the number may be another group's
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, number)

    return deliver


class _Signals:
    """Buffers signals until the command has started."""

    def __init__(self) -> None:
        self._early: list[int] = []
        self.deliver: Deliver = self._early.append

    def connect(self, deliver: Deliver) -> None:
        """Sends buffered and future signals to `deliver`."""
        self.deliver = deliver
        for number in self._early:
            deliver(number)


@contextlib.contextmanager
def _forwarding() -> Iterator[_Signals]:
    """Catches the signals to forward; an ignored one, as with nohup, stays ignored in the command too."""
    signals = _Signals()
    with contextlib.ExitStack() as stack:
        for number in FORWARDED:
            if signal.getsignal(number) != signal.SIG_IGN:
                before = signal.signal(number, lambda number, frame: signals.deliver(number))
                stack.callback(signal.signal, number, before)
        yield signals
