"""Running the command: to its end, with the signals that are meant for it."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence

from emulator.errors import EmulatorError

TYPED = (signal.SIGINT, signal.SIGQUIT)  # what a terminal sends to all of its foreground group
PASSED_ON = (*TYPED, signal.SIGTERM, signal.SIGHUP)
NOT_FOUND, NOT_RUNNABLE, BY_SIGNAL = 127, 126, 128  # as shells have it (XCU 2.8.2)
TERMINAL = "/dev/tty"  # whatever the standard streams are
Deliver = Callable[[int], None]


class CannotRun(EmulatorError):
    """The command could not be started; `status` is what a shell would exit with."""

    def __init__(self, message: str, status: int) -> None:
        self.status = status
        super().__init__(message)


def run(words: Sequence[str], environment: Mapping[str, str]) -> int:
    """Run a command to its end, and give its exit status; 128+n when signal n ended it.

    With a terminal it stays in our process group, which has it, and gets by itself what is typed; other signals that
    come meanwhile are passed on to it. Without one it has a group of its own, and all of that gets them.
    It is given the files too that we were given beside the standard streams, as by `<(…)` in a shell. Raises CannotRun
    when there is no such command.
    """
    typed = _has_terminal()
    with _passing_on() as signals:
        process = _started(words, environment, None if typed else 0)
        signals.lead(_to_process(process) if typed else _to_group(process))
        code = process.wait()
    return code if code >= 0 else BY_SIGNAL - code


def _has_terminal() -> bool:
    """Whether our process group is what a terminal has in its foreground: another's would be stopped when it reads."""
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
    return lambda number: None if number in TYPED else process.send_signal(number)


def _to_group(process: subprocess.Popen[bytes]) -> Deliver:
    def deliver(number: int) -> None:
        if process.returncode is None:  # later the number may be another group's
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, number)

    return deliver


class _Signals:
    """Keeps signals until somebody is there to get them."""

    def __init__(self) -> None:
        self._early: list[int] = []
        self.deliver: Deliver = self._early.append

    def lead(self, deliver: Deliver) -> None:
        """Give what has come, and what will come, to `deliver`."""
        self.deliver = deliver
        for number in self._early:
            deliver(number)


@contextlib.contextmanager
def _passing_on() -> Iterator[_Signals]:
    """Catch the signals that are passed on; one that we were told to ignore, as nohup does, the command ignores too."""
    signals = _Signals()
    with contextlib.ExitStack() as stack:
        for number in PASSED_ON:
            if signal.getsignal(number) != signal.SIG_IGN:
                before = signal.signal(number, lambda number, frame: signals.deliver(number))
                stack.callback(signal.signal, number, before)
        yield signals
