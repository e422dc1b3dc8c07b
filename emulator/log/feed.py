"""The feed: what is new in a world's journal since the last look, in batches of rows.

A feed reads the journal when its reader is ready, so that requests pay nothing for it and a slow reader holds up
nobody: what the journal drops meanwhile is counted as missed. It watches the journal only while nothing happens.

A position is `EPOCH.ENDED.PLACE`: every exchange up to that place was sent, and again after it had ended, for as many
as had. Those that have ended since then are sent again.
"""

from __future__ import annotations

import asyncio
import re
from contextlib import suppress

from msgspec import Struct

from emulator.compile.questions import Question
from emulator.http.exchange import Exchange
from emulator.log.row import Row, row_of
from emulator.store.backend import ExchangeJournal
from emulator.worlds.world import World

POSITION = re.compile(r"(?:(?P<epoch>[0-9a-f]{8})\.(?:(?P<ended>[0-9]{1,15})\.)?)?(?P<place>[0-9]{1,15})")
MAX_ROWS = 500  # new rows of one batch
IDLE = 1.0  # real seconds after which a feed looks again, whatever was reported to it


class Batch(Struct, frozen=True, omit_defaults=True):
    """What is new: rows of new exchanges and of those that ended.

    `gone` are the places of rows that were sent and, now that they have ended, don't fit the filter. `missed`
    exchanges were dropped by the journal before they could be sent, whether they fit or not; those up to the
    place `dropped` are in the journal no more. `place` is where the next batch goes on. `reset`: the journal was
    cleared, or the position is of another one, so all rows of earlier batches are void.
    """

    exchanges: list[Row]
    place: int
    dropped: int
    gone: tuple[int, ...] = ()
    missed: int = 0
    reset: bool = False


class Position(Struct, frozen=True):
    """A place in a journal; without an epoch in whichever there is.

    `ended` is how many exchanges had ended that were open at first; None where that is not known.
    """

    place: int
    epoch: str = ""
    ended: int | None = None

    @classmethod
    def parse(cls, text: str) -> Position:
        """Raises ValueError with what was expected."""
        found = POSITION.fullmatch(text)
        if found is None:
            raise ValueError("the id of an event, such as 0f1e2d3c.42, or a place such as 42")
        return cls(int(found["place"]), found["epoch"] or "", int(found["ended"]) if found["ended"] else None)


class _Open(Struct):
    """An exchange that was open at the last look; `shown`: its row was sent."""

    exchange: Exchange
    shown: bool


class Feed:
    """Follows the journal of one world. `question` None: every exchange; `start` None: from the oldest one kept.

    `last` bounds how many older exchanges come first, when `start` is None or of another journal.
    """

    def __init__(
        self, world: World, question: Question | None = None, start: Position | None = None, last: int | None = None
    ) -> None:
        self._world = world
        self._question = question
        self._open: dict[int, _Open] = {}
        self._ended: list[tuple[int, Exchange]] = []
        journal = self._journal
        self._epoch = journal.epoch
        known = start is not None and start.epoch in ("", journal.epoch) and start.place <= journal.seen
        self._reset = start is not None and not known
        self._first = True
        self._finished = journal.finished
        if known and start is not None:
            self._place = start.place
            self._catch_up(start.ended)
        else:
            self._place = journal.dropped if last is None else max(journal.dropped, journal.seen - last)

    @property
    def _journal(self) -> ExchangeJournal:
        return self._world.state.journal

    @property
    def position(self) -> str:
        """What a later feed starts from to go on here."""
        return f"{self._epoch}.{self._finished}.{self._place}"

    def take(self) -> Batch | None:
        """Returns what is new; None when nothing is. The first batch comes in any case."""
        journal = self._journal
        if journal.epoch != self._epoch:
            self._begin_again(journal)
        self._finished = journal.finished
        rows: list[Row] = []
        gone = tuple(self._take_ended(rows))
        missed = max(0, journal.dropped - self._place)
        self._place += missed
        for exchange in journal.since(self._place)[:MAX_ROWS]:
            self._place += 1
            fits = self._add(rows, self._place, exchange)
            if exchange.outcome == "open":
                self._open[self._place] = _Open(exchange, fits)
        if not (rows or gone or missed or self._reset or self._first):
            return None
        batch = Batch(rows, self._place, journal.dropped, gone, missed, self._reset)
        self._reset = self._first = False
        return batch

    async def wait(self) -> None:
        """Waits until something may be new."""
        journal = self._journal
        if journal.seen > self._place or journal.epoch != self._epoch or self._any_ended():
            return
        changed = asyncio.Event()
        with journal.watched(lambda exchange: changed.set()), suppress(TimeoutError):
            async with asyncio.timeout(IDLE):
                await changed.wait()

    def _begin_again(self, journal: ExchangeJournal) -> None:
        self._epoch, self._place, self._reset = journal.epoch, journal.dropped, True
        self._open.clear()
        self._ended.clear()

    def _catch_up(self, ended: int | None) -> None:
        """Finds what has ended since so many had, or is still open, among the exchanges before the position."""
        journal = self._journal
        for place, exchange in enumerate(journal, journal.dropped + 1):
            if place > self._place:
                break
            if exchange.outcome == "open":
                self._open[place] = _Open(exchange, True)
            elif ended is not None and exchange.ended > ended:
                self._ended.append((place, exchange))

    def _any_ended(self) -> bool:
        return bool(self._ended) or any(each.exchange.outcome != "open" for each in self._open.values())

    def _take_ended(self, rows: list[Row]) -> list[int]:
        """Adds the rows of exchanges that have ended; returns the places of those that were sent and fit no more."""
        ended = [(place, each.exchange, each.shown) for place, each in self._open.items() if _has_ended(each)]
        for place, _, _ in ended:
            del self._open[place]
        ended += [(place, exchange, True) for place, exchange in self._ended]
        self._ended.clear()
        return [place for place, exchange, shown in ended if not self._add(rows, place, exchange) and shown]

    def _add(self, rows: list[Row], place: int, exchange: Exchange) -> bool:
        fits = self._question is None or self._question.fits(exchange)
        if fits:
            rows.append(self._row(exchange, place))
        return fits

    def _row(self, exchange: Exchange, place: int) -> Row:
        """Returns the row of an exchange; that of one that has ended is made once, for all feeds."""
        row: Row = exchange.row or row_of(exchange, place, self._world)
        if exchange.outcome != "open":
            exchange.row = row
        return row


def _has_ended(each: _Open) -> bool:
    return each.exchange.outcome != "open"
