"""Performing: a script goes out byte for byte, each part when it is due, and the connection ends as it says."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Protocol

from emulator.clock import Clock
from emulator.faults.raw_response import RawResponse, Segment
from emulator.http import Exchange

LINE = "emulator.server.raw_socket"  # the ASGI extension by which a server lends its socket; its value makes a Line

GAP = 0.001  # real seconds between two segments
MOST_GAPS = 1_000  # with more parts than that, clients have to be quick, or the script must say `due` for each


class BorrowedSocket(Protocol):
    """The socket of one answer. Whoever borrows it writes the whole answer, head and all."""

    keep_alive: bool

    def begin(self) -> None:
        """Take over: nothing else writes from here on."""

    async def write(self, data: bytes) -> None:
        """Write when there is room."""

    async def gap(self, seconds: float) -> None:
        """Let what was written leave by itself; in so many real seconds, most clients have read it."""

    async def flush(self) -> None:
        """Wait until the client's machine has all that was written."""

    def end(self, how: str) -> None:
        """`keep` the connection for the next request, `close` it or `reset` it."""


async def send_raw(script: RawResponse, begun: float, exchange: Exchange, clock: Clock, line: BorrowedSocket) -> None:
    """Send the parts, then end the connection as the script says; everything before that reaches the client."""
    line.begin()
    gap = GAP if len(script.parts) <= MOST_GAPS else 0.0
    if begun > clock.now():
        await clock.sleep_until(begun)
    for together in _runs(script.parts):
        if (due := begun + together[0].due) > clock.now():
            await clock.sleep_until(due)
        await line.write(b"".join(part.data for part in together))
        if together[-1].apart:
            await line.gap(gap)
        exchange.sent_events += sum(part.events for part in together)
        exchange.sent_bytes += sum(part.size for part in together)
    if script.ending != "keep" or script.wait != 0.0:
        await line.flush()
        await _wait(script.wait, begun + script.last, clock)
    line.end(script.ending)
    exchange.outcome = "complete" if script.whole else "cut"


async def _wait(seconds: float | None, since: float, clock: Clock) -> None:
    if seconds is None:
        await asyncio.get_running_loop().create_future()
    elif seconds:
        await clock.sleep_until(since + seconds)


def _runs(parts: list[Segment]) -> Iterator[list[Segment]]:
    """Parts that are due together leave in one write, but for those that go apart."""
    run: list[Segment] = []
    for part in parts:
        if run and (part.apart or run[-1].apart or part.due > run[0].due):
            yield run
            run = []
        run.append(part)
    if run:
        yield run
