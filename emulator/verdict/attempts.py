"""Attempts: exchanges in which one caller asks the same thing of the same operation, and which follows from which."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Sequence
from functools import cached_property
from itertools import pairwise

from msgspec import Struct

from emulator.exchange import Exchange
from emulator.verdict.bounds import Bounds

MASK = b"********"  # stands for every secret, so two bodies that have it may differ
CREDENTIALS = frozenset({b"authorization", b"x-api-key", b"api-key"})
INTENT = b"idempotency-key"  # two requests with two of them are two intents, whatever they say
OVERLAP = 0.005  # seconds; an exchange is closed a moment after its answer has left


def end(exchange: Exchange) -> float:
    """When the answer was over."""
    return exchange.at + exchange.took


def pause(one: Exchange, other: Exchange) -> float | None:
    """How long a client waited after the end of an answer: on the world's clock or really, whichever is longer.

    None when it is not known, because the clock stood still and nobody looked at another.
    """
    waited = other.at - end(one)
    if one.real and other.real:
        return max(waited, other.real - one.real - one.took, 0.0)
    return waited if waited > 0 else None


def header(lines: Iterable[tuple[bytes, bytes]], name: bytes) -> str | None:
    """The first header line of this name, as text."""
    return next((value.decode("latin-1") for found, value in lines if found.lower() == name), None)


def failed(exchange: Exchange) -> bool:
    """Whether the client has no answer that it can use: it was refused, or the answer did not arrive in whole."""
    return exchange.status >= 400 or broken(exchange)


def broken(exchange: Exchange) -> bool:
    """Whether the answer ended before its end, whoever ended it.

    Many clients leave a stream at its last event, without waiting for the end of the body; they have it all.
    """
    if exchange.outcome == "left" and exchange.status and exchange.sent_bytes >= len(exchange.reply_body):
        return False
    return exchange.outcome not in ("complete", "open")


def identity(exchange: Exchange) -> Hashable:
    """What makes two requests the same: caller, operation, target and body.

    What can't be compared, because the journal masks or cuts it, or because nothing answers there, is only itself.
    """
    if not exchange.operation or MASK in exchange.body or MASK.decode() in exchange.query or _cut(exchange):
        return exchange.number
    credentials = tuple(value for name, value in exchange.headers if name.lower() in CREDENTIALS)
    who = (exchange.caller, exchange.workspace, credentials, header(exchange.headers, INTENT))
    return (exchange.api, exchange.operation, who, exchange.method, exchange.path, exchange.query, exchange.body)


class Attempts(Struct, frozen=True, dict=True):
    """Exchanges of one identity, in the order they came."""

    exchanges: Sequence[Exchange]
    bounds: Bounds

    @cached_property
    def parallel(self) -> bool:
        """Whether several workers ask at the same time: two exchanges overlap, or connections take turns."""
        latest, seen, last = self.exchanges[0], set(), self.exchanges[0].peer
        for exchange in self.exchanges[1:]:
            if exchange.at < end(latest) - OVERLAP and (exchange.peer is None or exchange.peer != latest.peer):
                return True
            if exchange.peer != last:
                seen.add(last)
                last = exchange.peer
                if last in seen:
                    return True
            latest = max(latest, exchange, key=end)
        return False

    def follows(self, one: Exchange, other: Exchange) -> bool:
        """Whether one sender sent the one after the other had ended: over the same connection, or clearly later."""
        return other.at >= one.at and (one.peer == other.peer or (pause(one, other) or 0.0) >= self.bounds.elsewhere)

    def pairs(self) -> Iterator[tuple[Exchange, Exchange]]:
        """Each exchange with the next one of the same sender; none when there are several senders."""
        if not self.parallel:
            yield from (pair for pair in pairwise(self.exchanges) if self.follows(*pair))

    def runs(self) -> Iterator[list[Exchange]]:
        """Attempts at one thing: each but the last failed, and each but the first was sent after the one before it."""
        run: list[Exchange] = []
        for one, other in self.pairs():
            if not failed(one):
                continue
            if run and run[-1] is one:
                run.append(other)
                continue
            if run:
                yield run
            run = [one, other]
        if run:
            yield run


def grouped(exchanges: Iterable[Exchange], bounds: Bounds) -> tuple[Attempts, ...]:
    """The exchanges by identity."""
    groups: dict[Hashable, list[Exchange]] = {}
    for exchange in exchanges:
        groups.setdefault(identity(exchange), []).append(exchange)
    return tuple(Attempts(group, bounds) for group in groups.values())


def _cut(exchange: Exchange) -> bool:
    length = header(exchange.headers, b"content-length")
    return length is not None and length.isdecimal() and int(length) > len(exchange.body)
