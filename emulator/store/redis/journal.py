"""The journal of a world in Redis: a stream of exchanges, and the last of them in this process."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from math import inf
from typing import Any

import msgspec

from emulator.http import Exchange, NearMiss, Peer, Schedule
from emulator.store.journal import Journal
from emulator.store.redis.changes import Tracker

ADD, END, CLEAR = "add", "end", "clear"
OF_PROCESS = frozenset(("row", "held", "ended", "allowance", "decided"))  # what no other process could read
MORE = 16  # entries of a stream beyond two for each exchange: of those that were open long
HEADERS = list[tuple[bytes, bytes]]
TYPES: dict[str, Any] = {
    "headers": HEADERS,
    "reply_lines": HEADERS,
    "faults": tuple[str, ...],
    "seeded": tuple[str, ...],
    "near_misses": tuple[NearMiss, ...],
    "schedule": Schedule | None,
    "secrets": frozenset[str],
}


class RedisJournal(Journal):
    """A Journal whose exchanges are committed with the unit of work that adds them."""

    def __init__(
        self, entries: int, size: int, tracker: Tracker, on_commit: Callable[[Callable[[], None]], None]
    ) -> None:
        super().__init__(entries, size)
        self._tracker = tracker
        self._on_commit = on_commit
        self._scales = Journal(0, size)  # keeps none, and cuts those that are too large

    def add(self, exchange: Exchange) -> None:
        self._scales.add(exchange)
        exchange.held = 0  # until it is committed
        self._note(ADD, exchange, partial(super().add, exchange))

    def finish(self, exchange: Exchange) -> None:
        if exchange.outcome == "open":
            exchange.outcome = "stopped"
        self._note(END, exchange, partial(super().finish, exchange))

    def clear(self) -> None:
        self._note(CLEAR, None, super().clear)

    @property
    def most_entries(self) -> int:
        """How many entries of the stream hold what is kept here, and perhaps more."""
        return 2 * len(self) + MORE

    def read(self, entries: Iterable[tuple[str, bytes]], entered: int) -> None:
        """Takes over the entries of a stream, into which so many exchanges have entered; what nobody ended stopped."""
        super().clear()
        read: dict[int, Exchange] = {}
        for kind, data in entries:
            exchange = exchange_of(data)
            if kind == ADD:
                read[exchange.number] = exchange
            elif exchange.number in read:
                read[exchange.number].__dict__.update(exchange.__dict__)
        for exchange in read.values():
            super().add(exchange)
            if exchange.outcome == "open":
                super().finish(exchange)
        self.dropped = max(0, entered - len(self))

    def rewrite(self) -> list[tuple[str, bytes]]:
        """Returns the entries of a stream that holds what is kept here."""
        return [(ADD, data_of(exchange)) for exchange in self]

    def _note(self, kind: str, exchange: Exchange | None, effect: Callable[[], None]) -> None:
        if self._tracker.unit is None:
            self._tracker.alone(partial(self._note, kind, exchange, effect))
            return
        self._tracker.unit.entries.append((kind, b"" if exchange is None else data_of(exchange)))
        self._on_commit(effect)


def data_of(exchange: Exchange) -> bytes:
    """Returns an exchange as the stream keeps it."""
    fields = {name: value for name, value in exchange.__dict__.items() if name not in OF_PROCESS}
    if (peer := exchange.peer) is not None:
        fields["peer"] = [
            *peer,
            getattr(peer, "opened", 0.0),
            getattr(peer, "closed", inf),
        ]  # another server's has none
    return msgspec.msgpack.encode(fields)


def exchange_of(data: bytes) -> Exchange:
    """Returns the exchange of an entry."""
    fields = msgspec.msgpack.decode(data)
    exchange = Exchange(*(fields.pop(name) for name in ("number", "at", "method", "path", "query")))
    for name, value in fields.items():
        setattr(exchange, name, msgspec.convert(value, TYPES[name]) if name in TYPES else value)
    if exchange.peer is not None:
        host, port, opened, closed = exchange.peer
        exchange.peer = Peer((host, port))
        exchange.peer.opened, exchange.peer.closed = opened, closed
    return exchange
