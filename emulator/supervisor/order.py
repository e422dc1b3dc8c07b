"""What a worker gets from the process that starts it, and what it reports back: a line of JSON each."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from typing import Any

from msgspec import Struct, json

Address = tuple[str, int]
STDIN, CHUNK = 0, 65_536


class Order(Struct, frozen=True):
    """The `number` and the id of a worker, what it serves, and where.

    `options` are those of the command line, `store` is the URL of the store, and `token` that of the control API. The
    addresses of a port are bound anew, shared with the other workers, unless the numbers of listening `sockets` are
    there. `report` is the descriptor that its report goes to. `arms`: it arms the faults of the command line.
    `private` is the folder of the store that ends with the server; empty: it does not.
    """

    number: int
    id: str
    options: dict[str, Any]
    store: str
    token: str
    addresses: dict[str, list[Address]]
    sockets: dict[str, list[int]]
    report: int
    arms: bool
    private: str


class WorkerReady(Struct, frozen=True):
    """That a worker accepts requests, and what is shown of the server then."""

    ready: str


def read_order() -> Order:
    """Returns the order on standard input."""
    line = b""
    while not line.endswith(b"\n") and (part := os.read(STDIN, CHUNK)):
        line += part
    return json.decode(line, type=Order)


def send_report(order: Order, text: str) -> None:
    """Reports that the worker is ready."""
    with os.fdopen(order.report, "wb") as pipe:
        pipe.write(json.encode(WorkerReady(text)) + b"\n")


def stop_with_parent() -> Callable[[], bool]:
    """Stops this process, as SIGTERM does, when its parent has ended; returns what says whether that was so."""
    ended = threading.Event()

    def wait() -> None:
        while os.read(STDIN, CHUNK):
            pass
        ended.set()
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=wait, name="end of the parent", daemon=True).start()
    return ended.is_set
