"""A redis-server of the tests' own, on a Unix socket in a temporary folder."""

from __future__ import annotations

import atexit
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Mapping
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import redis

from emulator.clock.world_clock import Clock
from emulator.store.journal import Journal
from emulator.store.redis.backend import RedisBackend
from emulator.store.redis.server import RedisServer
from tests.waiting import until

MISSING = (
    "redis-server is not installed; scripts/clients installs it, or on Debian and Ubuntu: apt-get install redis-server"
)
NUMBERS = count(1)
DATABASES = 65_536  # an empty one takes half a kilobyte


class Server:
    """A process; `url` is where it listens."""

    def __init__(self, *options: str) -> None:
        self.folder = tempfile.mkdtemp(prefix="redis-")
        self.url = f"unix://{self.folder}/socket"
        self._options = options
        self.start()

    def start(self) -> None:
        """Starts it, empty unless it keeps its data."""
        where = ["--port", "0", "--unixsocket", f"{self.folder}/socket", "--dir", self.folder]
        saving = ["--save", "", "--appendonly", "no", "--daemonize", "no"]
        with Path(self.folder, "log").open("ab") as log:
            self.process = subprocess.Popen(["redis-server", *where, *saving, *self._options], stdout=log, stderr=log)
        self.client = redis.Redis.from_url(self.url)
        until(self._answers)

    def _answers(self) -> bool:
        try:
            return bool(self.client.ping())
        except redis.RedisError:
            return False

    def kill(self) -> None:
        """Kills it at once."""
        self.client.close()
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def end(self) -> None:
        """Kills it, and removes what it kept."""
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)


@cache
def shared(process: int) -> Server:
    """The server that all tests of a process use."""
    server = Server("--databases", str(DATABASES))
    atexit.register(server.end)
    return server


def installed() -> bool:
    """Whether there is a redis-server."""
    return shutil.which("redis-server") is not None


def redis_url() -> str:
    """The URL of a running server. Skips the test where none is installed."""
    if not installed():
        pytest.skip(MISSING)
    return shared(os.getpid()).url


def new_database() -> str:
    """The URL of a database that nobody has used."""
    return f"{redis_url()}?db={next(NUMBERS)}"


class OwnBackend(RedisBackend):
    """A backend with connections of its own, as in another process."""

    def __init__(self, url: str, world: str, clock: Clock, **options: Any) -> None:
        self.server, self.world = RedisServer(url), world
        super().__init__(self.server, world, clock, **options)

    async def close(self) -> None:
        await super().close()
        await self.server.close()


def in_redis(clock: Clock, journal: Journal, types: Mapping[str, Any]) -> OwnBackend:
    """What worlds of tests have with `pytest --store redis`."""
    return OwnBackend(redis_url(), new_world(), clock, entries=journal.entries, size=journal.size, types=types)


def new_world() -> str:
    """A name that no world has had."""
    return f"w{next(NUMBERS)}"
