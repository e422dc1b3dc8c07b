"""Worlds over one connection: creates many, and sends each a message."""

from __future__ import annotations

import time
from http.client import HTTPConnection

from benchmarks.request import Request, ask

MAX_WORLDS = 1_000  # that a server has, with the default one


def make(port: int, names: list[str]) -> float:
    """Creates worlds and returns the seconds that it took; RuntimeError when one is refused."""
    connection = HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        begin = time.perf_counter()
        for name in names:
            ask(connection, "PUT", f"/_emulator/worlds/{name}", b"{}", {}, 201)
        return time.perf_counter() - begin
    finally:
        connection.close()


def ask_each(port: int, names: list[str], request: Request) -> None:
    """Sends each world one request; RuntimeError when one refuses it."""
    connection = HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        for name in names:
            ask(connection, "POST", request.path, request.body, {"X-Emulator-World": name}, 200)
    finally:
        connection.close()
