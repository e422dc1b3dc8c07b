"""A load generator for machines without wrk: connections that each send a request as soon as the last is answered."""

from __future__ import annotations

import asyncio
import itertools
import re
from collections.abc import Iterator
from typing import cast

import uvloop

from benchmarks.request import Request

LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)


class Connection(asyncio.Protocol):
    """Sends a request, waits for the whole response, and sends the next."""

    def __init__(self, requests: Iterator[bytes]) -> None:
        self.requests = requests
        self.answered = 0
        self.failed = 0
        self.stopped = False
        self.seen = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)  # uvloop's is not a subclass
        self.transport.write(next(self.requests))

    def data_received(self, data: bytes) -> None:
        self.seen = self.seen + data if self.seen else data
        if not is_whole(self.seen):
            return
        self.answered += 1
        self.failed += self.seen[9:10] != b"2"
        self.seen = b""
        if not self.stopped:
            self.transport.write(next(self.requests))

    def connection_lost(self, error: Exception | None) -> None:
        self.failed += not self.stopped


def is_whole(answer: bytes) -> bool:
    """Whether these bytes are a whole answer, by its length or by its last chunk."""
    end = answer.find(b"\r\n\r\n")
    if end < 0:
        return False
    length = LENGTH.search(answer, 0, end)
    return len(answer) >= end + 4 + int(length[1]) if length else answer.endswith(b"\r\n0\r\n\r\n")


def encoded(request: Request, distinct: bool) -> Iterator[bytes]:
    """The bytes of request after request; distinct ones carry their number where `{count}` stands."""
    if not distinct:
        return itertools.repeat(request.encode())
    numbers = (b"%09d" % number for number in itertools.count())
    return (Request(request.path, request.body.replace(b"{count}", number)).encode() for number in numbers)


async def _fire(port: int, request: Request, seconds: float, connections: int, distinct: bool) -> list[Connection]:
    loop = asyncio.get_running_loop()
    requests = encoded(request, distinct)
    opened = [
        (await loop.create_connection(lambda: Connection(requests), "127.0.0.1", port))[1] for _ in range(connections)
    ]
    await asyncio.sleep(seconds)
    for connection in opened:
        connection.stopped = True
        connection.transport.close()
    return opened


def fire(port: int, request: Request, seconds: float, connections: int, distinct: bool) -> tuple[int, int]:
    """How many requests were answered in so many seconds, and how many of them badly."""
    opened = uvloop.run(_fire(port, request, seconds, connections, distinct))
    return sum(connection.answered for connection in opened), sum(connection.failed for connection in opened)
