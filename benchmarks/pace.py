"""Paced streams: many at once, each event measured against the absolute schedule from its stream's first event."""

from __future__ import annotations

import asyncio
import gc
import math
import time
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from statistics import median
from typing import cast

import uvloop

from benchmarks.request import Request, name_of


@dataclass(frozen=True)
class Pace:
    """How late the events were, in ms, how many never came, and how long a first event took (p99)."""

    first: float
    p50: float
    p99: float
    worst: float
    lost: int


class Listener(asyncio.Protocol):
    """Takes down when each piece of one stream arrived; looking into them would delay the others."""

    def __init__(self) -> None:
        self.asked = 0.0
        self.pieces: list[tuple[float, bytes]] = []
        self.over = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)  # uvloop's is not a subclass

    def data_received(self, data: bytes) -> None:
        self.pieces.append((time.perf_counter(), data))
        if data.endswith(b"0\r\n\r\n"):
            self._end()

    def connection_lost(self, error: Exception | None) -> None:
        self._end()

    def _end(self) -> None:
        if not self.over.done():
            self.over.set_result(None)


def times(pieces: Sequence[tuple[float, bytes]], name: bytes) -> list[float]:
    """When each event of that name was there to its last byte."""
    ends = list(accumulate(len(data) for _, data in pieces))
    whole = b"".join(data for _, data in pieces)
    found, begin = [], 0
    while (end := whole.find(b"\n\n", begin)) >= 0:
        if name_of(whole[begin:end]) == name:
            found.append(pieces[bisect_left(ends, end + 2)][0])
        begin = end + 2
    return found


def p99(values: Sequence[float]) -> float:
    """The value that one in a hundred exceeds; infinite when there are none."""
    return sorted(values)[len(values) * 99 // 100] if values else math.inf


def judge(asked: Sequence[float], streams: Sequence[Sequence[float]], events: int, gap: float) -> Pace:
    """The lateness over all streams; times and `gap` in seconds. An event that comes early is not late."""
    firsts = [(stream[0] - at) * 1000 for at, stream in zip(asked, streams, strict=True) if stream]
    late = [
        max(0.0, at - stream[0] - number * gap) * 1000
        for stream in streams
        for number, at in enumerate(stream)
        if number > 0
    ]
    lost = sum(events - len(stream) for stream in streams)
    return Pace(p99(firsts), median(late) if late else math.inf, p99(late), max(late, default=math.inf), lost)


async def _listen(port: int, request: Request, streams: int, limit: float) -> list[Listener]:
    loop = asyncio.get_running_loop()
    opened = [(await loop.create_connection(Listener, "127.0.0.1", port))[1] for _ in range(streams)]
    raw = request.encode()
    for listener in opened:
        listener.asked = time.perf_counter()
        listener.transport.write(raw)
    await asyncio.wait([listener.over for listener in opened], timeout=limit)
    for listener in opened:
        listener.transport.abort()
    return opened


def listen(port: int, request: Request, streams: int, name: bytes, events: int, gap: float) -> Pace:
    """Play so many streams at once and say how late their events were."""
    gc.disable()
    try:
        opened = uvloop.run(_listen(port, request, streams, limit=events * gap * 5 + 20))
    finally:
        gc.enable()
    asked = [listener.asked for listener in opened]
    return judge(asked, [times(listener.pieces, name) for listener in opened], events, gap)
