"""Entries of a journal's stream: exchanges as bytes, from which another process explains them as this one does."""

from __future__ import annotations

from math import inf
from typing import Any

import msgspec
from msgspec import Struct

from emulator.http.exchange import PLAN, SCHEMA, Decided, Exchange, NearMiss
from emulator.http.reply import StreamTiming
from emulator.http.request import Peer
from emulator.playbook.json_schema import Schema
from emulator.playbook.limits import TierPlan
from emulator.playbook.model import CheckPlan
from emulator.store.limits import Allowance, Stand, States

OF_PROCESS = frozenset(("row", "held", "ended", "begun"))  # what no other process could read
HEADERS = list[tuple[bytes, bytes]]
TYPES: dict[str, Any] = {
    "headers": HEADERS,
    "reply_lines": HEADERS,
    "faults": tuple[str, ...],
    "seeded": tuple[str, ...],
    "near_misses": tuple[NearMiss, ...],
    "schedule": StreamTiming | None,
    "secrets": frozenset[str],
}


class Charge(Struct, array_like=True):
    """What an allowance says without the limits, which another process finds in the caller's plan."""

    charged: dict[str, int]
    stands: list[Stand]
    at: float
    states: States | None


class ReadExchange(Exchange):
    """An exchange as it was read; one that this process still has itself is none.

    Its `plan`, and the part that `decided`, are known by their names; its `allowance` has no limits.
    """


def data_of(exchange: Exchange, worker: str) -> bytes:
    """Returns an exchange as the stream keeps it, with the process that answers it."""
    fields = {name: value for name, value in exchange.__dict__.items() if name not in OF_PROCESS}
    if exchange.plan is not None:
        fields["plan"] = getattr(exchange.plan, "name", exchange.plan)
    if (decided := exchange.decided) is not None:
        fields["decided"] = [decided.kind, decided.param, _name(decided.part), decided.claims, decided.counter]
    allowance: Allowance | None = exchange.allowance
    if allowance is not None:
        known = None if allowance.stands else allowance.known  # else they follow from how the counters stand
        fields["allowance"] = allowance.charged, allowance.stands, allowance.at, known
    if (peer := exchange.peer) is not None:
        fields["peer"] = [
            *peer,
            getattr(peer, "opened", 0.0),
            getattr(peer, "closed", inf),
        ]  # another server's has none
    return msgspec.msgpack.encode((worker, fields))


def exchange_of(data: bytes) -> tuple[str, ReadExchange]:
    """Returns the process and the exchange of an entry."""
    worker, fields = msgspec.msgpack.decode(data)
    exchange = ReadExchange(*(fields.pop(name) for name in ("number", "at", "method", "path", "query")))
    decided, charge, peer = (fields.pop(name, None) for name in ("decided", "allowance", "peer"))
    for name, value in fields.items():
        setattr(exchange, name, msgspec.convert(value, TYPES[name]) if name in TYPES else value)
    if decided is not None:
        kind, param, part, claims, counter = decided
        exchange.decided = Decided(kind, param, part, tuple(claims), counter)
    if charge is not None:
        known = msgspec.convert(charge, Charge)
        exchange.allowance = Allowance((), known.charged, known.stands, known.at, known=known.states)
    if peer is not None:
        host, port, opened, closed = peer
        exchange.peer = Peer((host, port))
        exchange.peer.opened, exchange.peer.closed = opened, closed
    return worker, exchange


def _name(part: object) -> str:
    """Returns the name by which another process finds what refused a request."""
    if isinstance(part, CheckPlan):
        return str(part.place)
    if isinstance(part, Schema):
        return SCHEMA
    return PLAN if isinstance(part, TierPlan) else str(part or "")
