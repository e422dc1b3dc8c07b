"""The request log of `serve`: a line for each exchange of every world, when it has ended.

An exchange only enters a list while its request is answered. Ten times a second the lines are made, and a thread of
their own writes them. Above MAX_RATE exchanges a second it prints so many, and says how many it left out; those that
failed have a share of their own, so that a few are not lost among many that went well.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Protocol

from msgspec import to_builtins

from emulator.clock.system_time import steady
from emulator.http.exchange import Exchange
from emulator.log.line import Bodies, json_line, json_text, notice_line, text_line
from emulator.log.row import row_of, shortened
from emulator.log.unmatched import UnmatchedRule, UnmatchedRules
from emulator.worlds.registry import WorldRegistry
from emulator.worlds.world import World

INTERVAL = 0.1  # real seconds between two batches
MAX_RATE = 500  # lines a second; of exchanges that failed, as many again
MAX_BODY = 500  # characters of a body
REPORT_EVERY = 1.0  # real seconds between two reports of what was left out


class Output(Protocol):
    """Where the lines go; False when it takes none."""

    def write(self, text: str) -> bool: ...


class LineRate:
    """How many lines may still be printed: at most MAX_RATE at once, and so many in each second."""

    def __init__(self, rate: int = MAX_RATE) -> None:
        self._rate = rate
        self._left = float(rate)

    def refill(self, seconds: float) -> None:
        self._left = min(self._rate, self._left + seconds * self._rate)

    def take(self) -> bool:
        if self._left < 1:
            return False
        self._left -= 1
        return True


class RequestLog:
    """Prints the exchanges of all worlds. `line` makes the line of a row, in text or JSON; `bodies`: with bodies."""

    def __init__(
        self,
        worlds: WorldRegistry,
        output: Output,
        as_json: bool = False,
        colour: bool = False,
        bodies: bool = False,
        real: Callable[[], float] | None = None,
    ) -> None:
        self._output = output
        self._as_json = as_json
        self._colour = colour
        self._bodies = bodies
        self._real = real or steady()
        self._pending: list[tuple[World, Exchange]] = []
        self._allowances = (LineRate(), LineRate())  # of exchanges that went well, and of those that failed
        self._refilled = self._reported = self._real()
        self._left_out = 0
        self._unmatched = UnmatchedRules()
        self._timer: asyncio.TimerHandle | None = None
        worlds.observe(self._note)

    def close(self) -> None:
        """Prints what is left."""
        self.flush()
        self._report_left_out()

    def flush(self) -> None:
        """Prints the lines of what has ended since the last time, as one text."""
        self._timer = None
        now = self._real()
        for allowance in self._allowances:
            allowance.refill(now - self._refilled)
        self._refilled = now
        pending, self._pending = self._pending, []
        if pending and not self._output.write("".join([self._line(world, each) for world, each in pending])):
            self._left_out += len(pending)
        if self._left_out:
            if now - self._reported >= REPORT_EVERY:
                self._report_left_out()
                self._reported = now
            else:
                self._schedule()

    def _note(self, world: World, exchange: Exchange) -> None:
        """Takes an exchange that has begun or ended; called for every request."""
        if exchange.outcome == "open":
            return
        failed = exchange.status >= 400 or exchange.outcome != "complete"
        if self._allowances[failed].take():
            self._pending.append((world, exchange))
        else:
            self._left_out += 1
        if self._timer is None:
            self._schedule()

    def _schedule(self) -> None:
        self._timer = asyncio.get_running_loop().call_later(INTERVAL, self.flush)

    def _line(self, world: World, exchange: Exchange) -> str:
        row = row_of(exchange, 0, world)
        notices = "".join([self._notice(each) for each in self._unmatched.see(world, exchange)])
        bodies = Bodies(_text(exchange.body), _text(exchange.reply_body)) if self._bodies else None
        if self._as_json:
            return json_line(row, world.name, bodies) + notices
        return text_line(row, world.name, bodies, self._colour) + notices

    def _notice(self, unmatched: UnmatchedRule) -> str:
        """Returns the line that names a rule which does not match."""
        if self._as_json:
            return json_text({"unmatched": to_builtins(unmatched)})
        return notice_line(str(unmatched), self._colour)

    def _report_left_out(self) -> None:
        if not self._left_out:
            return
        text = f"… left out {self._left_out:,} exchanges: at most {MAX_RATE} lines are printed a second\n"
        if self._output.write(json_text({"left_out": self._left_out}) if self._as_json else text):
            self._left_out = 0


def _text(body: bytes) -> str:
    return shortened(body[: 4 * MAX_BODY].decode(errors="backslashreplace"), MAX_BODY)
