"""Faults that are armed over HTTP, each played by one request."""

from __future__ import annotations

from http.client import HTTPConnection

from benchmarks.request import Request, ask

MAX_ARMED = 1_000  # faults at once in a world
ONCE = b'{"fault": "latency", "params": "0s", "times": 1}'


def use_up(port: int, count: int, request: Request) -> None:
    """Arms so many faults, each played by the request that follows; RuntimeError when one is refused."""
    connection = HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        for _ in range(count):
            ask(connection, "POST", "/_emulator/faults", ONCE, {}, 201)
            ask(connection, "POST", request.path, request.body, {}, 200)
    finally:
        connection.close()
