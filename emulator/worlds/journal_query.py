"""Queries the journal: finds the exchanges that match a `when`, or waits for them."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

from msgspec import Struct

from emulator.compile.questions import Question, shortened, summary_of
from emulator.http.exchange import Exchange
from emulator.store.backend import ExchangeJournal

MAX_LISTED = 3


class FoundExchanges(Struct, frozen=True):
    """Exchanges that are as wanted, the oldest first.

    `total`: how many there are, those included that were not asked for; `dropped`: how many older exchanges the
    journal has dropped, whatever they were; `next`: the place of the last one, `after` which the following ones are.
    """

    exchanges: Sequence[Exchange]
    total: int
    dropped: int
    next: int


def find(
    journal: ExchangeJournal, when: Question, last: int | None = None, limit: int | None = None, after: int = 0
) -> FoundExchanges:
    """The exchanges that are as wanted: the `limit` oldest of the `last` ones beyond the place `after`.

    Places count all exchanges from 1 in the order of the journal, which is not always that of their numbers.
    """
    dropped, seen = journal.dropped, journal.seen
    placed = enumerate(journal, dropped + 1)
    found = [(place, exchange) for place, exchange in placed if place > after and when.fits(exchange)]
    chosen = found if last is None else found[max(0, len(found) - last) :]
    chosen = chosen[:limit]
    return FoundExchanges([each for _, each in chosen], len(found), dropped, chosen[-1][0] if chosen else seen)


async def wait(journal: ExchangeJournal, when: Question, count: int, timeout: float) -> list[Exchange]:
    """The exchanges that are as wanted, as soon as there are `count`; those that are there already count too.

    One whose answer is still on its way counts as soon as it is as wanted. `timeout` is in real seconds; raises
    TimeoutError with what was there instead.
    """
    waiting = _Waiting(when, count)
    with journal.watched(waiting.see):
        for exchange in journal:
            waiting.see(exchange)
        try:
            async with asyncio.timeout(timeout):
                await waiting.enough
        except TimeoutError:
            raise TimeoutError(_timeout_message(journal, when, count, timeout, waiting.found)) from None
    return list(waiting.found.values())


class _Waiting:
    """A wait for so many matching exchanges."""

    def __init__(self, when: Question, count: int) -> None:
        self.found: dict[int, Exchange] = {}  # by identity: a reset of the world begins to number anew
        self.enough: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._when = when
        self._count = count
        self._look()

    def see(self, exchange: Exchange) -> None:
        """Checks an exchange that was added or has ended."""
        if id(exchange) not in self.found and self._when.fits(exchange):
            self.found[id(exchange)] = exchange
            self._look()

    def _look(self) -> None:
        if len(self.found) >= self._count and not self.enough.done():
            self.enough.set_result(None)


def _timeout_message(
    journal: ExchangeJournal, when: Question, count: int, timeout: float, found: Mapping[int, Exchange]
) -> str:
    lines = [
        f"waited {timeout:g} s for {count} exchanges with {when.when!r}; there were {len(found)} of {len(journal)}"
    ]
    if journal.dropped:
        lines.append(f"  the journal has dropped {journal.dropped} older ones")
    lines += [f"  {summary_of(exchange)}" for exchange in [*found.values()][:MAX_LISTED]]
    others = [(when.differences(each), each) for each in journal if id(each) not in found]
    others.sort(key=lambda other: (len(other[0]), -other[1].number))
    for differences, exchange in others[:MAX_LISTED]:
        differing = "; ".join(map(shortened, differences))
        lines.append(f"  not {summary_of(exchange)}: {differing}")
    return "\n".join(lines)
