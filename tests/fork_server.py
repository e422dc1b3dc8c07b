"""Starts `python -m emulator ARGUMENTS` by forking a process that has imported the emulator: importing it takes longer
than what most commands do then.

What is started is in all else a process of its own, with its arguments, environment, folder, streams, session, signals
and exit status. Only its command line in the system's list of processes is that of the server.
"""

from __future__ import annotations

import atexit
import gc
import importlib
import json
import os
import pkgutil
import runpy
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from tests.waiting import CLIENT_TIMEOUT, PATIENCE

ROOT = Path(__file__).resolve().parent.parent
LAUNCH = ROOT / "tests" / "launch.py"
OF_THE_INTERPRETER = ("PYTHON", "LC_", "LANG")  # variables that it reads when it starts
LENGTH = 4  # bytes of a number that is sent
STREAMS = 3
AT_ONCE = 4096  # signals that are taken note of together


class Order(NamedTuple):
    """What is to be started, and how."""

    arguments: Sequence[str]
    environment: Mapping[str, str]
    folder: str
    own_session: bool


def start(arguments: Sequence[str], environment: Mapping[str, str], **options: Any) -> subprocess.Popen[str]:
    """Starts `emulator ARGUMENTS` as Popen would with these options (streams, cwd, start_new_session), in text mode."""
    if serves(environment):
        return Forked(arguments, env=environment, text=True, **options)
    return subprocess.Popen([sys.executable, "-m", "emulator", *arguments], env=environment, text=True, **options)


def command(environment: Mapping[str, str]) -> list[str]:
    """The words before ARGUMENTS that start the same, for whoever does so by a command, in this environment.

    Its streams must be open. Who kills it outright leaves the emulator running until that loses its streams.
    """
    if serves(environment):
        return [sys.executable, "-IS", str(LAUNCH), server().address]
    return [sys.executable, "-m", "emulator"]


def serves(environment: Mapping[str, str]) -> bool:
    """Whether a forked process is the same as one that begins: its interpreter would read the same variables."""
    if not hasattr(os, "fork") or "COVERAGE_RUN" in os.environ:
        return False
    return read_at_start(environment) == read_at_start(quiet_environment())


def read_at_start(environment: Mapping[str, str]) -> dict[str, str]:
    """The variables that an interpreter reads when it starts."""
    return {name: value for name, value in environment.items() if name.startswith(OF_THE_INTERPRETER)}


def quiet_environment() -> dict[str, str]:
    """That of the tests, without what would change what the emulator does; its clients wait as long as the tests do."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("EMULATOR_", "GITHUB_"))}
    return kept | {"PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1", CLIENT_TIMEOUT: str(PATIENCE)}


class Forked(subprocess.Popen[str]):
    """`emulator ARGUMENTS`, started by the fork server of this process; to its user a Popen with text streams."""

    _status: socket.socket | None = None

    def _execute_child(  # type: ignore[no-untyped-def]  # in place of Popen's, as CPython 3.11 to 3.14 calls it
        self, args, executable, preexec_fn, close_fds, pass_fds, cwd, env, startupinfo, creationflags, shell,
        p2cread, p2cwrite, c2pread, c2pwrite, errread, errwrite, restore_signals, gid, gids, uid, umask,
        start_new_session, *more,
    ) -> None:  # fmt: skip
        given = (p2cread, c2pwrite, errwrite)
        streams = [number if given[number] == -1 else given[number] for number in range(STREAMS)]
        self._status, theirs = socket.socketpair()
        with theirs:
            order = Order(args, env, str(cwd or Path.cwd()), start_new_session)
            self.pid = server().start(order, [*streams, theirs.fileno()])
        self._child_created = True
        self._close_pipe_fds(p2cread, p2cwrite, c2pread, c2pwrite, errread, errwrite)  # type: ignore[attr-defined]

    def _try_wait(self, wait_flags: int) -> tuple[int, int]:
        """(id, status) once it has ended; (0, 0) while it runs and `wait_flags` say not to wait."""
        assert self._status is not None
        self._status.setblocking(not wait_flags & os.WNOHANG)
        try:
            status = number(self._status)
        except BlockingIOError:
            return 0, 0
        self._status.close()
        return self.pid, status

    def _internal_poll(self, *_: Any, **__: Any) -> int | None:
        if self.returncode is None and self._status is not None:
            pid, status = self._try_wait(os.WNOHANG)
            if pid:
                self._handle_exitstatus(status)  # type: ignore[attr-defined]
        return self.returncode


class Server:
    """The fork server as its user sees it, `address` is where launch.py finds it. It ends when this process does."""

    def __init__(self) -> None:
        self._connection, theirs = socket.socketpair()
        self._folder = tempfile.mkdtemp(prefix="fork-server-")  # of its own, as nobody else is to start processes as us
        self.address = f"{self._folder}/socket"
        with theirs, socket.socket(socket.AF_UNIX) as listening:
            listening.bind(self.address)
            listening.listen()
            given = [theirs.fileno(), listening.fileno()]
            command = [sys.executable, "-m", __name__, *map(str, given)]
            self._process = subprocess.Popen(
                command, cwd=ROOT, env=quiet_environment(), pass_fds=given, stdin=subprocess.DEVNULL
            )

        atexit.register(self._end)

    def _end(self) -> None:
        self._connection.close()
        self._process.wait(PATIENCE)
        shutil.rmtree(self._folder, ignore_errors=True)

    def start(self, order: Order, files: Sequence[int]) -> int:
        """Starts a process with three streams, and a socket that gets its status at the end; returns its id."""
        content = json.dumps(order).encode()
        socket.send_fds(self._connection, [encoded(len(content))], files)
        self._connection.sendall(content)
        return number(self._connection)


@cache
def server() -> Server:
    """The one of this process."""
    return Server()


def encoded(number: int) -> bytes:
    return number.to_bytes(LENGTH, "big")


def number(connection: socket.socket) -> int:
    """The next number that is sent."""
    return int.from_bytes(receive(connection, LENGTH), "big")


def receive(connection: socket.socket, length: int) -> bytes:
    """So many bytes. EOFError when the other end has gone."""
    received = b""
    while len(received) < length:
        more = connection.recv(length - len(received))
        if not more:
            raise EOFError
        received += more
    return received


class Forking:
    """What runs in the server's process: it forks for each order, and reports how each process has ended."""

    def __init__(self, connection: socket.socket, listening: socket.socket) -> None:
        self._connection, self._listening = connection, listening
        self._running: dict[int, socket.socket] = {}
        self._woken, self._wakes = socket.socketpair()
        self._woken.setblocking(False)
        self._wakes.setblocking(False)

    def next_process(self) -> Order | None:
        """Returns, in each process that it forks, what that is to do; None when nobody will order anything more."""
        signal.set_wakeup_fd(self._wakes.fileno())
        signal.signal(signal.SIGCHLD, lambda *_: None)
        gc.freeze()  # keeps what is there shared with the processes
        while True:
            ready, _, _ = select.select([self._connection, self._listening, self._woken], [], [])
            if self._woken in ready:
                self._report()
            if self._connection in ready:
                if (ordered := receive_order(self._connection)) is None:
                    return None
                order, files = ordered
                if self._fork(files, self._connection):
                    return order
            if self._listening in ready:
                launcher, _ = self._listening.accept()
                with launcher:
                    if (ordered := receive_order(launcher)) is not None:
                        order, files = ordered
                        if self._fork([*files, os.dup(launcher.fileno())], launcher):
                            return order

    def _fork(self, files: Sequence[int], customer: socket.socket) -> bool:
        """Whether this is the new process, which then has the streams; in the other its id is sent to the customer."""
        pid = os.fork()
        if pid == 0:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            for end in (self._connection, self._listening, self._woken, self._wakes, *self._running.values()):
                end.close()
            for stream, given in enumerate(files[:STREAMS]):
                os.dup2(given, stream)
        else:
            self._running[pid] = socket.socket(fileno=os.dup(files[STREAMS]))
            with suppress(OSError):
                customer.sendall(encoded(pid))
        for given in files:
            os.close(given)
        return pid == 0

    def _report(self) -> None:
        """Sends the status of each process that has ended to who ordered it."""
        with suppress(BlockingIOError):
            self._woken.recv(AT_ONCE)
        while self._running:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                return
            with self._running.pop(pid) as end, suppress(OSError):
                end.sendall(encoded(status))


def receive_order(connection: socket.socket) -> tuple[Order, list[int]] | None:
    """An order and the files that come with it; None when the other end has gone."""
    length, files, _, _ = socket.recv_fds(connection, LENGTH, STREAMS + 1)
    if not length:
        return None
    return Order(*json.loads(receive(connection, int.from_bytes(length, "big")))), files


def become(order: Order) -> None:
    """Makes this process the one that was ordered."""
    if order.own_session:
        os.setsid()
    os.chdir(order.folder)
    os.environ.clear()
    os.environ.update(order.environment)
    sys.argv[1:] = order.arguments
    sys.path[0] = order.folder


def preload() -> None:
    """Imports all of the emulator but what needs extras that are not installed."""
    import emulator

    for module in pkgutil.walk_packages(emulator.__path__, "emulator."):
        if not module.name.endswith("__main__"):
            with suppress(ImportError):
                importlib.import_module(module.name)


if __name__ == "__main__":
    preload()
    connection, listening = (socket.socket(fileno=int(number)) for number in sys.argv[1:])
    if (order := Forking(connection, listening).next_process()) is not None:
        become(order)
        runpy.run_module("emulator", run_name="__main__", alter_sys=True)
