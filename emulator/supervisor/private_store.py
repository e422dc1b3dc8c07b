"""A Redis server for the workers of one server alone, on a Unix socket, which keeps nothing and ends with them."""

from __future__ import annotations

import asyncio
import ctypes
import shutil
import signal
import socket
import sys
import tempfile
from contextlib import suppress
from pathlib import Path

from emulator.clock.system_time import pause
from emulator.errors import ConfigError

PROGRAMS = ("redis-server", "valkey-server")
INSTALL = "on Debian and Ubuntu `apt-get install redis-server`, on macOS `brew install redis`"
MAX_PATH = 100  # bytes of a Unix socket's path
ATTEMPTS, BETWEEN = 200, 0.05  # real seconds between two attempts to reach it
PR_SET_PDEATHSIG = 1


class PrivateStore:
    """A server in a temporary folder. `url` is where it listens."""

    def __init__(self) -> None:
        program = next((found for found in map(shutil.which, PROGRAMS) if found), None)
        if program is None:
            raise ConfigError(
                f"--workers needs {PROGRAMS[0]}, which is not installed: {INSTALL}; or name a server with --store URL"
            )
        self._program = program
        folder = tempfile.mkdtemp(prefix="emulator-")
        if len(folder) > MAX_PATH - len("/socket"):
            shutil.rmtree(folder)
            folder = tempfile.mkdtemp(prefix="emulator-", dir="/tmp")
        self.folder = Path(folder)
        self.url = f"unix://{folder}/socket"
        self.process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        """Starts it, empty, and waits until it answers. Raises ConfigError when it does not."""
        where = ["--port", "0", "--unixsocket", f"{self.folder}/socket", "--unixsocketperm", "700"]
        keeping = ["--save", "", "--appendonly", "no", "--dir", str(self.folder), "--daemonize", "no"]
        log = ["--logfile", f"{self.folder}/log"]
        self.process = await asyncio.create_subprocess_exec(
            *(self._program, *where, *keeping, *log),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
            process_group=0,
            preexec_fn=_end_with_parent if sys.platform == "linux" else None,
        )
        for _ in range(ATTEMPTS):
            if self._answers():
                return
            if self.process.returncode is not None:
                break
            await pause(BETWEEN)
        raise ConfigError(f"{self._program} does not start: {self._last_words()}")

    async def end(self) -> None:
        """Ends it, and removes its folder."""
        if self.process is not None and self.process.returncode is None:
            with suppress(ProcessLookupError):
                self.process.kill()
            await self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _answers(self) -> bool:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
            client.settimeout(1.0)
            try:
                client.connect(f"{self.folder}/socket")
                client.sendall(b"PING\r\n")
                return client.recv(16).startswith(b"+PONG")
            except OSError:
                return False

    def _last_words(self) -> str:
        try:
            lines = (self.folder / "log").read_text(errors="replace").strip().splitlines()
        except OSError:
            lines = []
        return lines[-1] if lines else "it says nothing"


def _end_with_parent() -> None:
    """Has Linux end this process when the one that started it has ended, however that was."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def end_orphan(url: str, folder: str) -> None:
    """Ends a private store whose server was killed, where the system has not done so, and removes its folder."""
    import redis

    with suppress(redis.RedisError, OSError):
        redis.Redis.from_url(url).shutdown(nosave=True)
    shutil.rmtree(folder, ignore_errors=True)
