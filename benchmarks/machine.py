"""The machine: which core does what, the CPU time and the memory of a process, a free port."""

from __future__ import annotations

import os
import resource
import socket
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path


def cores() -> tuple[int, int] | None:
    """The server's core and the client's; None on a machine with one core, or a system that can't pin processes."""
    if sys.platform != "linux":
        return None
    usable = sorted(os.sched_getaffinity(0))
    return (usable[0], usable[1]) if len(usable) > 1 else None


@contextmanager
def on_core(core: int | None) -> Iterator[None]:
    """Pins this process, and every process that it starts meanwhile, to one core."""
    if core is None or sys.platform != "linux":
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def cpu_seconds(pid: int) -> float:
    """CPU time of a process so far, user and system, all its threads. OSError when the system tells none."""
    if sys.platform != "linux":
        raise OSError("the CPU time of another process is read on Linux only")
    return time.clock_gettime((~pid << 3) | 2)  # what clock_getcpuclockid(3) computes; /proc/PID/stat counts in 10 ms


def queued_seconds(pid: int) -> float:
    """How long a process's main thread has waited for a core that somebody else was using, in seconds."""
    return int(Path(f"/proc/{pid}/schedstat").read_text().split()[1]) / 1e9


def free_port() -> int:
    """A loopback port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def resident(pid: int) -> float:
    """Resident memory of a process, in MB (10^6 bytes)."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024 / 1e6
    raise OSError(f"/proc reports no resident memory for process {pid}")


def allow_files(count: int) -> None:
    """Raises the limit of open files, as far as the system allows."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < count:
        resource.setrlimit(
            resource.RLIMIT_NOFILE, (count if hard == resource.RLIM_INFINITY else min(count, hard), hard)
        )


def evict(folders: Iterable[Path]) -> int:
    """Has the system drop the files under these folders from memory, so that they are next read from the disk.

    Returns how many files that were; 0 on a system that has no way to do it. What a process has mapped stays.
    """
    if not hasattr(os, "posix_fadvise"):
        return 0
    files = {file.resolve() for folder in folders for file in folder.rglob("*") if file.is_file()}
    for file in files:
        descriptor = os.open(file, os.O_RDONLY)
        try:
            os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
        finally:
            os.close(descriptor)
    return len(files)
