"""What a store costs: messages with the state in memory, in Redis with one worker, and with two workers on one port."""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median

import redis

from benchmarks.load import Load, apply_load
from benchmarks.machine import cpu_seconds, on_core
from benchmarks.process import Server
from benchmarks.request import Request

CORES = 8  # of the machine for which an estimate is made: one for Redis, the others for a worker each


@dataclass(frozen=True)
class Store:
    """A redis-server on a Unix socket, which keeps nothing."""

    url: str
    pid: int
    client: redis.Redis

    def calls(self) -> int:
        """How many scripts it has run."""
        stats = self.client.info("commandstats")
        return sum(int(each["calls"]) for name, each in stats.items() if name in ("cmdstat_evalsha", "cmdstat_eval"))


@contextmanager
def store(core: int | None) -> Iterator[Store]:
    """Starts a redis-server on a core, and ends it afterwards. RuntimeError when none is installed."""
    program = shutil.which("redis-server") or shutil.which("valkey-server")
    if program is None:
        raise RuntimeError("redis-server is not installed")
    with tempfile.TemporaryDirectory() as folder:
        where = ["--port", "0", "--unixsocket", f"{folder}/socket", "--dir", folder, "--save", "", "--appendonly", "no"]
        with on_core(core):
            process = subprocess.Popen([program, *where], stdout=subprocess.DEVNULL)
        try:
            while not Path(folder, "socket").exists():
                time.sleep(0.01)
            url = f"unix://{folder}/socket"
            with redis.Redis.from_url(url) as client:
                yield Store(url, process.pid, client)
        finally:
            process.terminate()
            process.wait()


@dataclass(frozen=True)
class Scaled:
    """One round of load on a server with a store: also what it cost Redis and all workers (µs of CPU), and the scripts
    that Redis ran, each for one request."""

    load: Load
    store_cost: float
    workers_cost: float
    scripts: float

    @property
    def rate(self) -> float:
        """Requests a second."""
        return self.load.requests / self.load.seconds


def scaled(
    kept: Store, server: Server, request: Request, seconds: float, connections: int, one_core: bool = False
) -> Scaled:
    """Applies load to a server whose state is in a store; with `one_core`, both have the same core."""
    pids = workers(server)
    before = cpu_seconds(kept.pid), sum(map(cpu_seconds, pids)), kept.calls()
    load = apply_load(server, request, seconds, connections)
    after = cpu_seconds(kept.pid), sum(map(cpu_seconds, pids)), kept.calls()
    if one_core:
        load = replace(load, store=after[0] - before[0])
    used = [(end - start) / load.requests for start, end in zip(before, after, strict=True)]
    return Scaled(load, used[0] * 1e6, used[1] * 1e6, used[2])


def workers(server: Server) -> list[int]:
    """The process ids of the workers of a server."""
    with urllib.request.urlopen(f"http://127.0.0.1:{server.port}/_emulator") as reply:
        return [each["pid"] for each in json.load(reply)["workers"]]


def middle(rounds: Sequence[Scaled], name: str) -> float:
    """The median of a figure over rounds."""
    return float(median(getattr(each, name) for each in rounds))


def estimate(worker: float, kept: float, cores: int = CORES) -> float:
    """Requests a second that a machine with so many cores could answer, one of them for Redis.

    `worker` and `kept` are what a request costs a worker and Redis (µs of CPU). What cores share is left out.
    """
    return min((cores - 1) / worker, 1 / kept) * 1e6
