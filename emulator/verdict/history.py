"""The evidence: the exchanges of one world, with what is worked out of them once and asked by many rules."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import pairwise
from typing import Any

import orjson
from msgspec import Struct

from emulator.http.exchange import Exchange
from emulator.http.request import Peer
from emulator.playbook.apis import Playbook
from emulator.verdict.finding import Thresholds
from emulator.verdict.roles import NO_ROLE, OperationRoles, Role

MASK = b"********"  # stands for every secret, so two bodies that have it may differ
CREDENTIALS = frozenset({b"authorization", b"x-api-key", b"api-key"})
INTENT = b"idempotency-key"  # two requests with two of them are two intents, whatever they say
OVERLAP = 0.005  # seconds; an exchange is closed a moment after its answer has left


def real_end(exchange: Exchange) -> float:
    """When the answer was over, in seconds of the steady clock."""
    return exchange.real + (exchange.took if exchange.real_took < 0 else exchange.real_took)


def reconnected(one: Exchange, other: Exchange) -> bool:
    """Whether a client that keeps no connection sent both: it closed one, and opened the other for what it sent next.

    Both are looked at, because a server accepts a connection some time after its client has opened it.
    """
    if not isinstance(one.peer, Peer) or not isinstance(other.peer, Peer):
        return False
    return one.peer != other.peer and other.peer.opened >= real_end(one) and one.peer.closed <= real_end(other)


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
    thresholds: Thresholds

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

    @cached_property
    def reconnects(self) -> bool:
        """Whether each connection was opened when nothing was under way, so that one client may have opened all."""
        pairs = ((one, other) for one, other in pairwise(self.exchanges) if one.peer != other.peer)
        return all(reconnected(*pair) for pair in pairs)

    def follows(self, one: Exchange, other: Exchange, any_connection: bool = False) -> bool:
        """Whether one sender sent the one after the other had ended: over the same connection, or clearly later; with
        `any_connection` also over one that was opened since."""
        if other.at < one.at:
            return False
        if one.peer == other.peer or (any_connection and self.reconnects):
            return True
        return (pause(one, other) or 0.0) >= self.thresholds.elsewhere

    def pairs(self, any_connection: bool = False) -> Iterator[tuple[Exchange, Exchange]]:
        """Each exchange with the next one of the same sender; none when there are several senders."""
        if not self.parallel:
            yield from (pair for pair in pairwise(self.exchanges) if self.follows(*pair, any_connection))

    def runs(self, any_connection: bool = False) -> Iterator[list[Exchange]]:
        """Attempts at one thing: each but the last failed, and each but the first was sent after the one before it."""
        run: list[Exchange] = []
        for one, other in self.pairs(any_connection):
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


def grouped(exchanges: Iterable[Exchange], thresholds: Thresholds) -> tuple[Attempts, ...]:
    """The exchanges by identity."""
    groups: dict[Hashable, list[Exchange]] = {}
    for exchange in exchanges:
        groups.setdefault(identity(exchange), []).append(exchange)
    return tuple(Attempts(group, thresholds) for group in groups.values())


def _cut(exchange: Exchange) -> bool:
    length = header(exchange.headers, b"content-length")
    return length is not None and length.isdecimal() and int(length) > len(exchange.body)


class History(Struct, frozen=True, dict=True):
    """Exchanges that have ended, in the order of the journal, and the playbook that answered them."""

    exchanges: Sequence[Exchange]
    playbook: Playbook
    thresholds: Thresholds

    @classmethod
    def of(cls, exchanges: Iterable[Exchange], playbook: Playbook, thresholds: Thresholds) -> History:
        return cls([each for each in exchanges if each.outcome != "open"], playbook, thresholds)

    @cached_property
    def _places(self) -> Mapping[int, int]:
        return {exchange.number: place for place, exchange in enumerate(self.exchanges)}

    def place(self, exchange: Exchange) -> int:
        """Where an exchange stands among all; the numbers that several processes give don't say it."""
        return self._places[exchange.number]

    def between(self, one: Exchange, other: Exchange | None) -> Iterator[Exchange]:
        """Yields the exchanges with the same API after one of them and before another one, if there is one."""
        end = None if other is None else self.place(other)
        return (each for each in self.exchanges[self.place(one) + 1 : end] if each.api == one.api)

    @cached_property
    def roles(self) -> OperationRoles:
        return OperationRoles.of(self.playbook)

    @cached_property
    def attempts(self) -> tuple[Attempts, ...]:
        return grouped(self.exchanges, self.thresholds)

    def role(self, exchange: Exchange) -> Role:
        """What the operation of an exchange is to a client."""
        return self.roles.roles.get((exchange.api, exchange.operation), NO_ROLE)

    def checks_fields(self, exchange: Exchange) -> bool:
        """Whether the API looks for fields that its schemas do not name, and the request was not refused before."""
        api = self.playbook.apis.get(exchange.api)
        return api is not None and api.file.unknown_fields == "hint" and bool(exchange.operation and exchange.rule)

    def runs(self, polls: bool = True, any_connection: bool = False) -> Iterator[list[Exchange]]:
        """Failed attempts with what followed each; without `polls`, which are repeated anyway, only the others."""
        for attempts in self.attempts:
            if polls or not self.role(attempts.exchanges[0]).polls:
                yield from attempts.runs(any_connection)

    def jobs(self, exchange: Exchange) -> frozenset[str]:
        """What the path names: the ids of the jobs that a poll or a cancel is about."""
        found = self.playbook.router.find(exchange.method, "", exchange.path)
        return frozenset(() if found is None else found.params.values())


def data_of(body: bytes) -> Any:
    """JSON as data; None for what is none."""
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        return None


def parts(data: Any) -> Iterator[Any]:
    """The data and everything inside it."""
    left = [data]
    while left:
        part = left.pop()
        yield part
        if isinstance(part, dict):
            left.extend(part.values())
        elif isinstance(part, list):
            left.extend(part)
