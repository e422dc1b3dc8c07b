"""What a worker is told goes through its standard input, and what it reports through a pipe."""

from __future__ import annotations

import os
import subprocess
import sys

import msgspec

from emulator.supervisor.order import Order, WorkerReady
from tests.process import environment
from tests.waiting import PATIENCE

ORDER = Order(2, "t-2", {"scenarios": ["strict"]}, "redis://x", "token-1", {"http": [("h", 1)]}, {}, 7, True, "")
ECHO = (
    "from emulator.supervisor.order import *; import time; order = read_order(); ended = stop_with_parent(); "
    "send_report(order, order.id)\n"
    "try:\n    time.sleep(60)\nexcept BaseException: pass"
)


def test_a_worker_reads_its_order_and_reports() -> None:
    reading, writing = os.pipe()
    order = msgspec.structs.replace(ORDER, report=writing)
    worker = subprocess.Popen(
        [sys.executable, "-c", ECHO], stdin=subprocess.PIPE, pass_fds=[writing], env=environment()
    )
    os.close(writing)
    assert worker.stdin is not None
    worker.stdin.write(msgspec.json.encode(order) + b"\n")
    worker.stdin.flush()
    with os.fdopen(reading, "rb") as pipe:
        assert msgspec.json.decode(pipe.read(), type=WorkerReady) == WorkerReady("t-2")
    worker.stdin.close()  # as when the parent ends
    assert worker.wait(PATIENCE) == -15
