"""The journal: the last exchanges, bounded in number and in bytes."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

from emulator.exchange import Exchange
from emulator.serving.redact import cover

OVERHEAD = 1_500  # bytes that an exchange takes beside its bodies


class Journal:
    """Keeps the newest exchanges: at most `entries`, and at most `size` bytes of bodies in all."""

    def __init__(self, entries: int = 500, size: int = 16 * 2**20) -> None:
        self.entries = entries
        self.size = size
        self.dropped = 0
        self._most = size // 10
        self._kept: deque[Exchange] = deque()
        self._held = 0

    def add(self, exchange: Exchange) -> None:
        """Keep an exchange. A body of more than a tenth of the whole journal is kept in part."""
        held = OVERHEAD + len(exchange.body) + len(exchange.reply_body)
        if held > self._most:
            exchange.body, exchange.reply_body = exchange.body[: self._most], exchange.reply_body[: self._most]
            held = OVERHEAD + len(exchange.body) + len(exchange.reply_body)
        exchange.held = held
        kept = self._kept
        kept.append(exchange)
        self._held += held
        while len(kept) > self.entries or (self._held > self.size and kept):
            self._held -= kept.popleft().held
            self.dropped += 1

    def clear(self) -> None:
        self._kept.clear()
        self._held = 0

    def __len__(self) -> int:
        return len(self._kept)

    def __iter__(self) -> Iterator[Exchange]:
        """The exchanges, the oldest first, with the credentials in their header lines masked."""
        return map(cover, tuple(self._kept))
