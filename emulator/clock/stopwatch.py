"""Stopwatch: the CPU time of this thread, for limits on work that a busy machine must not make fail."""

from __future__ import annotations

import time


def cpu_seconds() -> float:
    """Returns the seconds for which this thread has computed; waiting, and other processes, don't count."""
    return time.thread_time()
