"""The servers that are measured: each one process of its own, on one core, on a loopback port."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.machine import cpu_seconds, free_port, on_core
from benchmarks.request import Request, fetch

ROOT = Path(__file__).resolve().parent.parent
EMULATOR = (sys.executable, "-m", "emulator")


@dataclass(frozen=True)
class Server:
    """A server that responds; from its start to its first 200 it took so many seconds, and so many of CPU time."""

    port: int
    pid: int
    first_response: float
    first_cpu: float


@contextmanager
def running(command: Sequence[str], port: int, core: int | None, first: Request) -> Iterator[Server]:
    """Starts a server, waits for its first response, and ends it afterwards."""
    # As users have it: without settings of this shell, and with a Python that keeps the bytecode it has compiled.
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("EMULATOR_") and name != "PYTHONDONTWRITEBYTECODE"
    }
    with tempfile.TemporaryFile() as log:
        begin = time.perf_counter()
        with on_core(core):
            process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=subprocess.STDOUT)
        try:
            _wait(process, port, first)
            yield Server(port, process.pid, time.perf_counter() - begin, cpu_seconds(process.pid))
        except Exception as error:
            log.seek(0)
            error.add_note(f"{' '.join(command)} printed:\n{log.read()[-2000:].decode(errors='replace')}")
            raise
        finally:
            _end(process)


def emulator(
    core: int | None, first: Request, scenario: str, command: Sequence[str] = EMULATOR, *more: str
) -> AbstractContextManager[Server]:
    """The emulator as users start it, with one scenario, and perhaps more options."""
    port = free_port()
    options = ("serve", "--listen", f"127.0.0.1:{port}", "--scenario", scenario, *more)
    return running([*command, *options], port, core, first)


def bare(core: int | None, first: Request, *options: str) -> AbstractContextManager[Server]:
    """The smallest application on the same server; see benchmarks/bare.py."""
    port = free_port()
    return running([sys.executable, "-m", "benchmarks.bare", "--port", str(port), *options], port, core, first)


def _wait(process: subprocess.Popen[bytes], port: int, first: Request) -> None:
    deadline = time.perf_counter() + 60
    while True:
        if process.poll() is not None:
            raise RuntimeError(f"the server ended with status {process.returncode} before it responded")
        try:
            response = fetch(port, first)
        except ConnectionError:
            if time.perf_counter() > deadline:
                raise
            time.sleep(0.002)
            continue
        if response.status == 200:
            return
        raise RuntimeError(f"the first response has status {response.status}: {response.body[:300]!r}")


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
