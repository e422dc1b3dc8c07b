"""The journal: the last exchanges, bounded in number and in bytes."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from secrets import token_hex

from msgspec.structs import replace

from emulator.http.exchange import Exchange, NearMiss
from emulator.http.headers import Header, size_of_lines
from emulator.http.reply import StreamTiming
from emulator.store.backend import Watcher

SIZE_OF_EVENT = 160  # bytes that the planned and the real time of an event take
OVERHEAD = 1_500  # bytes that an exchange takes beside its bodies and what stands in its header lines


class Journal:
    """Keeps the newest exchanges: at most `entries`, and at most `size` bytes of them in all.

    `epoch` names the time since it was last cleared: places of another epoch mean other exchanges.
    """

    def __init__(self, entries: int = 500, size: int = 16 * 2**20) -> None:
        self.entries = entries
        self.size = size
        self.dropped = 0
        self.finished = 0
        self.epoch = token_hex(4)
        self._most = size // 10
        self._kept: deque[Exchange] = deque()
        self._held = 0
        self._watchers: tuple[Watcher, ...] = ()

    def add(self, exchange: Exchange) -> None:
        """Adds an exchange, which may still be open; one larger than a tenth of the whole journal is cut."""
        held = OVERHEAD + len(exchange.body) + len(exchange.reply_body)
        held += len(exchange.reply_head) + (exchange.head_size or size_of_lines(exchange.headers))
        if exchange.reply_lines:
            held += size_of_lines(exchange.reply_lines)
        if exchange.error:
            held += _size_of_error(exchange)
        if exchange.schedule is not None:
            held += _size_of_schedule(exchange.schedule)
        if held > self._most:
            held = _cut(exchange, self._most)
        exchange.held = held
        kept = self._kept
        kept.append(exchange)
        self._held += held
        while len(kept) > self.entries or (self._held > self.size and kept):
            self._held -= kept.popleft().held
            self.dropped += 1
        for watcher in self._watchers:
            watcher(exchange)

    def finish(self, exchange: Exchange) -> None:
        """Notes that an exchange that was added while it was open has ended."""
        if exchange.outcome == "open":
            exchange.outcome = "stopped"
        self.finished += 1
        exchange.ended = self.finished
        for watcher in self._watchers:
            watcher(exchange)

    @contextmanager
    def watched(self, watcher: Watcher, own: bool = False) -> Iterator[None]:
        """Reports each exchange that is added, and again when one that was open has ended."""
        self._watchers += (watcher,)
        try:
            yield
        finally:
            at = self._watchers.index(watcher)
            self._watchers = self._watchers[:at] + self._watchers[at + 1 :]

    def clear(self) -> None:
        self._kept.clear()
        self._held = self.dropped = self.finished = 0
        self.epoch = token_hex(4)

    @property
    def held_bytes(self) -> int:
        """How many bytes the exchanges take that are kept."""
        return self._held

    @property
    def seen(self) -> int:
        """How many exchanges there were, kept or not, since it was cleared."""
        return len(self._kept) + self.dropped

    def since(self, place: int) -> list[Exchange]:
        """Returns the exchanges behind a place, the oldest first; places count from 1 since it was cleared."""
        newest = list(islice(reversed(self._kept), max(0, self.seen - place)))
        newest.reverse()
        return newest

    def __len__(self) -> int:
        return len(self._kept)

    def __iter__(self) -> Iterator[Exchange]:
        """The exchanges, the oldest first."""
        return iter(tuple(self._kept))


def _cut(exchange: Exchange, most: int) -> int:
    """Cuts each part of an exchange to `most` bytes; returns the bytes that it then takes."""
    exchange.body, exchange.reply_body = exchange.body[:most], exchange.reply_body[:most]
    exchange.headers = _cut_lines(exchange.headers, most)
    exchange.reply_headers = _cut_lines(exchange.reply_headers, most)
    exchange.error = exchange.error.encode()[:most].decode(errors="ignore")
    exchange.near_misses = _cut_misses(exchange.near_misses, most)
    exchange.schedule, exchange.cut = None, True
    lines = (*exchange.headers, *exchange.reply_headers)
    bodies = len(exchange.body) + len(exchange.reply_body)
    return OVERHEAD + bodies + size_of_lines(lines) + _size_of_error(exchange)


def _cut_lines(lines: Sequence[Header], most: int) -> Sequence[Header]:
    """The header lines up to the one that is too much, as a list of their own: these may still have to be sent."""
    kept: list[Header] = []
    for name, value in lines:
        most -= len(name) + len(value)
        if most < 0:
            break
        kept.append((name, value))
    return kept


def _cut_misses(misses: tuple[NearMiss, ...], most: int) -> tuple[NearMiss, ...]:
    """Near misses of at most so many bytes; when they are too large, each of their texts gets the same share."""
    if sum(map(_size, misses)) <= most:
        return misses
    texts = sum(3 * len(miss.differences) + 3 for miss in misses)
    share = most // (4 * texts)  # a character may take four bytes
    return tuple(
        NearMiss(
            miss.rule[:share],
            miss.name[:share],
            miss.file[:share],
            miss.line,
            tuple(
                replace(each, field=each.field[:share], wanted=each.wanted[:share], found=each.found[:share])
                for each in miss.differences
            ),
        )
        for miss in misses
    )


def _size_of_schedule(schedule: StreamTiming) -> int:
    return SIZE_OF_EVENT * len(schedule.planned) + len(schedule.content or b"")


def _size_of_error(exchange: Exchange) -> int:
    return len(exchange.error.encode(errors="replace")) + sum(map(_size, exchange.near_misses))


def _size(miss: NearMiss) -> int:
    texts = [miss.rule, miss.name, miss.file]
    texts += [text for each in miss.differences for text in (each.field, each.wanted, each.found)]
    return sum(len(text.encode(errors="replace")) for text in texts)
