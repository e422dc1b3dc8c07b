"""Paced streams: many at once, each event measured against the absolute schedule from its stream's first event."""

from __future__ import annotations

import gc
import math
import os
import selectors
import socket
import time
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, islice
from statistics import median

from benchmarks.request import Request, name_of

END = b"0\r\n\r\n"


@dataclass(frozen=True)
class Pace:
    """How late the events were, in ms, how many never came, and how long a first event took (p99).

    `blind` is the longest time for which the client itself did not look: no figure is finer than that.
    """

    first: float
    p50: float
    p99: float
    worst: float
    lost: int
    blind: float = 0.0


class Listener:
    """Takes down when each piece of one stream arrived; looking into them would delay the others."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.setblocking(False)
        self.asked = 0.0
        self.pieces: list[tuple[float, bytes]] = []

    def ask(self, raw: bytes) -> None:
        """Send the request."""
        self.asked = time.perf_counter()
        self.socket.send(raw)

    def hear(self) -> bool:
        """Take in what has come; True when it was the last."""
        try:
            data = self.socket.recv(65_536)
        except BlockingIOError:
            return False
        except ConnectionError:
            return True
        self.pieces.append((time.perf_counter(), data))
        return not data or data.endswith(END)


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


def _listen(port: int, request: Request, streams: int, limit: float) -> tuple[list[Listener], float]:
    """All streams to their end, and the longest time in seconds between two looks at the sockets.

    With a core of its own, the client never sleeps. One that sleeps is woken by the server's writes: that can cost the
    server more than the writes, and the client notices late, and both would be counted as the server's lateness.
    """
    raw, opened = request.encode(), [Listener(port) for _ in range(streams)]
    wait = 0.0 if (os.cpu_count() or 1) > 1 else 0.001
    asking, left, blind = iter(opened), streams, 0.0
    with selectors.DefaultSelector() as selector:
        for listener in opened:
            selector.register(listener.socket, selectors.EVENT_READ, listener)
        looked = time.perf_counter()
        deadline = looked + limit
        while left and looked < deadline:
            for listener in islice(asking, 1):  # one between two looks, or what comes meanwhile would be seen late
                listener.ask(raw)
            for key, _ in selector.select(wait):
                if key.data.hear():
                    selector.unregister(key.fileobj)
                    left -= 1
            before, looked = looked, time.perf_counter()
            blind = max(blind, looked - before)
    for listener in opened:
        listener.socket.close()
    return opened, blind


def listen(port: int, request: Request, streams: int, name: bytes, events: int, gap: float) -> Pace:
    """Play so many streams at once and say how late their events were."""
    gc.disable()
    try:
        opened, blind = _listen(port, request, streams, limit=events * gap * 5 + 20)
    finally:
        gc.enable()
    asked = [listener.asked for listener in opened]
    return replace(judge(asked, [times(listener.pieces, name) for listener in opened], events, gap), blind=blind * 1000)
