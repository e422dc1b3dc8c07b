"""The journal of a world in Redis: a stream of exchanges, and the last of them in this process."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from secrets import token_hex

from emulator.http.exchange import Exchange
from emulator.store.backend import Watcher
from emulator.store.exchange_codec import ReadExchange, data_of, exchange_of
from emulator.store.journal import Journal
from emulator.store.redis.changes import Tracker
from emulator.store.redis.presence import Presence
from emulator.store.redis.server import FIRST, JournalEntries

ADD, END, CLEAR = "add", "end", "clear"
MORE = 16  # entries of a stream beyond two for each exchange: of those that were open long


class RedisJournal(Journal):
    """A Journal whose exchanges are committed with the unit of work that adds them.

    What is visible of it is always a beginning of the stream, so that all processes see one order. When others have
    added to it since, it `lags`: then what this process adds is visible only after `catch_up`. `follow` has that done.
    """

    follow: Callable[[], object]

    def __init__(
        self,
        entries: int,
        size: int,
        tracker: Tracker,
        on_commit: Callable[[Callable[[], None]], None],
        presence: Presence,
    ) -> None:
        super().__init__(entries, size)
        self.lags = False
        self.last = FIRST  # the id of the last entry that is visible
        self._count = 0  # of entries up to that one, since it was cleared
        self._tracker = tracker
        self._on_commit = on_commit
        self._presence = presence
        self._scales = Journal(0, size)  # keeps none, and cuts those that are too large
        self._open: dict[int, tuple[str, Exchange]] = {}  # by number: worker and exchange, of those that are visible
        self._unseen: dict[int, Exchange] = {}  # by number: those of this process that are not visible yet
        self._missing: list[Exchange] = []  # those of this process that the stream lacked when it was read
        self._unended: dict[int, Exchange] = {}  # by number: those of this process whose ends it lacks since then
        self._observers: list[Watcher] = []

    # ------------------------------------------------------------------ verbs

    def add(self, exchange: Exchange) -> None:
        self._scales.add(exchange)
        exchange.held = 0  # until it is committed
        self._note(ADD, exchange, partial(self._enter, exchange))

    def finish(self, exchange: Exchange) -> None:
        if exchange.outcome == "open":
            exchange.outcome = "stopped"
        self._note(END, exchange, partial(self._end, exchange))

    def clear(self) -> None:
        name = token_hex(4)
        self._note(CLEAR, None, partial(self._begin, name), name)

    @contextmanager
    def watched(self, watcher: Watcher, own: bool = False) -> Iterator[None]:
        if not own:
            with super().watched(watcher):
                self.follow()  # nobody has watched what others were heard to add until now
                yield
            return
        self._observers.append(watcher)
        try:
            yield
        finally:
            self._observers.remove(watcher)

    # ------------------------------------------------------------------ the stream

    @property
    def followed(self) -> bool:
        """Whether somebody watches what all processes add."""
        return bool(self._watchers)

    @property
    def known(self) -> int:
        """How many entries the stream has had, as far as is known here; -1 once it is known that there are more."""
        return -1 if self.lags else self._count

    def most_entries(self, more: int) -> int:
        """Returns how many entries of the stream hold what is kept here with so many more, and perhaps others."""
        return 2 * (self.entries if self.lags else len(self) + more) + MORE

    def entered(self, kinds: Sequence[str], before: int, name: str, last: str) -> None:
        """Takes note that these entries of this process were committed, after so many in the journal of that name.

        What follows from each of them comes next.
        """
        if not kinds:
            return
        if CLEAR in kinds and last:
            self.lags, self._count = False, 0
            kinds = kinds[len(kinds) - kinds[::-1].index(CLEAR) :]
        elif not last or before != self._count or name != self.epoch:
            self.lags = True
        if not self.lags:
            self._count += len(kinds)
            self.last = last

    def read(self, entries: JournalEntries) -> None:
        """Takes over all entries of a stream in the place of what is here. What nobody is there to end has stopped."""
        own = {each.number: each for each in (*self, *self._unseen.values()) if not isinstance(each, ReadExchange)}
        self._missing = _missing(own, entries, self.entries) if entries.journal == self.epoch else []
        self._begin(entries.journal)
        self._unseen = own
        self._count, self.last = 0, FIRST
        self.finished = max(0, entries.count - entries.entered - [kind for kind, _ in entries.rows].count(END))
        self._follow(entries)
        mine = [exchange for worker, exchange in self._open.values() if worker == self._presence.worker]
        self._unended = {exchange.number: exchange for exchange in mine if exchange.outcome != "open"}
        self.lags = bool(self._unended)  # they end again with their entries
        for worker in {worker for worker, _ in self._open.values()}:
            if not self._presence.is_there(worker):
                self.stop(worker)

    def catch_up(self, entries: JournalEntries) -> None:
        """Takes over the entries after the last that is visible, or all of those of another journal."""
        if entries.journal != self.epoch:
            unseen = self._unseen
            self._begin(entries.journal)
            self._unseen = unseen
        self._follow(entries)

    def add_missing(self, pending: Iterable[tuple[str, bytes]]) -> None:
        """Adds what the stream lacked of this process that was read last, as another one has written it back, but for
        what is `pending`: the exchanges, and the ends of exchanges."""
        missing, self._missing = self._missing, []
        ending = {exchange_of(data)[1].number for kind, data in pending if kind == END}
        for exchange in missing:  # visible when it is committed: others may add theirs before
            self._tracker.alone_later(partial(self._note, ADD, exchange, partial(self._show, exchange)))
        for number, exchange in self._unended.items():
            if number not in ending:
                self._tracker.alone_later(partial(self._note, END, exchange, _nothing))

    def stop(self, worker: str) -> None:
        """Ends the exchanges that were under way in a process that is dead."""
        for exchange in [exchange for of, exchange in self._open.values() if of == worker]:
            self.finish(exchange)

    def rewrite(self) -> list[tuple[str, bytes]]:
        """Returns the entries of a stream that holds what is kept here; what is open is still whose it was."""
        for exchange in self._unseen.values():
            super().add(exchange)
        self._unseen.clear()
        own = self._presence.worker
        return [(ADD, data_of(each, self._open.get(each.number, (own, each))[0])) for each in self]

    def _begin(self, name: str) -> None:
        super().clear()
        self.epoch = name
        self._open, self._unseen, self._unended = {}, {}, {}

    def _follow(self, entries: JournalEntries) -> None:
        for kind, data in entries.rows:
            worker, exchange = exchange_of(data)
            if kind == ADD:
                self._see(worker, exchange)
            elif exchange.number in self._open:
                of, known = self._open.pop(exchange.number)
                self._unended.pop(exchange.number, None)
                if of != self._presence.worker:
                    known.__dict__.update({**exchange.__dict__, "held": known.held})
                super().finish(known)
        self.finished = entries.count - entries.entered
        self.lags, self.last, self._count = bool(self._unended), entries.last, entries.count
        self.dropped = max(0, entries.entered - len(self))
        self._unseen.clear()

    def _see(self, worker: str, read: Exchange) -> None:
        """Adds an exchange of the stream; one of this process as it is here."""
        exchange = self._unseen.pop(read.number, read) if worker == self._presence.worker else read
        outcome = exchange.outcome
        if read.outcome == "open":
            exchange.outcome = "open"  # when it was added; its end comes later
            self._open[read.number] = worker, exchange
        super().add(exchange)
        exchange.outcome = outcome

    def _enter(self, exchange: Exchange) -> None:
        self._show(exchange)
        for observer in tuple(self._observers):
            observer(exchange)

    def _show(self, exchange: Exchange) -> None:
        if self.lags:
            self._unseen[exchange.number] = exchange
            exchange.held = 1  # it is in the stream
            while len(self._unseen) > self.entries:
                del self._unseen[next(iter(self._unseen))]
        else:
            if exchange.outcome == "open":
                self._open[exchange.number] = self._presence.worker, exchange
            super().add(exchange)

    def _end(self, exchange: Exchange) -> None:
        if not self.lags:
            self._open.pop(exchange.number, None)
            super().finish(exchange)
        for observer in tuple(self._observers):
            observer(exchange)

    def _note(self, kind: str, exchange: Exchange | None, effect: Callable[[], None], name: str = "") -> None:
        if self._tracker.unit is None:
            self._tracker.alone(partial(self._note, kind, exchange, effect, name))
            return
        data = name.encode() if exchange is None else data_of(exchange, self._presence.worker)
        self._tracker.unit.entries.append((kind, data))
        self._on_commit(effect)


def _missing(own: Mapping[int, Exchange], entries: JournalEntries, most: int) -> list[Exchange]:
    """Returns the exchanges that a stream lacks, but for those that are older than what a full one holds."""
    if not own:
        return []
    there = {exchange_of(data)[1].number for kind, data in entries.rows if kind == ADD}
    oldest = min(there) if len(there) >= most else 0
    return [exchange for number, exchange in own.items() if number not in there and number > oldest]


def _nothing() -> None:
    """Does nothing."""
