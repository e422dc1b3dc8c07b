"""Exchanges are read back as they were written, whatever server they came from."""

from __future__ import annotations

from math import inf
from typing import Any

import pytest

from emulator.http.exchange import PLAN, SCHEMA, Decided, Differing, Exchange, NearMiss
from emulator.http.reply import StreamTiming
from emulator.http.request import Peer
from emulator.playbook.json_schema import Schema
from emulator.playbook.limits import Limit, TierPlan
from emulator.store.exchange_codec import OF_PROCESS, data_of, exchange_of
from emulator.store.limits import Allowance
from tests.running import loaded


def shared(exchange: Exchange) -> dict[str, Any]:
    """What other processes read of it."""
    return {name: value for name, value in exchange.__dict__.items() if name not in OF_PROCESS}


PEER = Peer(("127.0.0.1", 5))
PEER.opened, PEER.closed = 1.0, 2.0


@pytest.mark.parametrize(("peer", "closed"), [(PEER, 2.0), (("127.0.0.1", 5), inf)])
def test_an_exchange_is_read_back(peer: Any, closed: float) -> None:
    exchange = Exchange(7, 1.5, "POST", "/a", "b=c")
    exchange.peer, exchange.body, exchange.faults = peer, b"\xff{}", ("status",)
    exchange.headers, exchange.reply_head = [(b"A", b"\xe9")], "B: c\r\n"
    exchange.near_misses = (NearMiss("r", "n", "f.yaml", 3, (Differing("a", "b", "c", True),)),)
    exchange.schedule = StreamTiming((0.1,), b"x", [(1, 0.2)])
    exchange.secrets, exchange.used = frozenset("s"), {"r": 2}
    exchange.row, exchange.held = object(), 5
    worker, read = exchange_of(data_of(exchange, "w"))
    assert (worker, shared(read)) == ("w", shared(exchange))
    assert (read.peer.closed, read.held, read.row) == (closed, 0, None)


def again(exchange: Exchange) -> Exchange:
    """The exchange as another process reads it that was itself read by another one."""
    return exchange_of(data_of(exchange_of(data_of(exchange, "w"))[1], "w"))[1]


def test_how_the_counters_stood_is_read_back_without_the_limits() -> None:
    limits = (Limit("requests", 60, 60), Limit("tokens", 1_000, 86_400))
    exchange = Exchange(7, 1.5, "POST", "/a", "")
    exchange.plan = TierPlan.of("free", limits, {})
    exchange.allowance = Allowance(limits, {"tokens": 5}, [(1, 60.0), (5, 86_400.0)], 1.5)
    read = again(exchange)
    assert (read.plan, read.allowance.limits) == ("free", ())
    assert Allowance(limits, *(getattr(read.allowance, name) for name in ("charged", "stands", "at"))) == Allowance(
        limits, {"tokens": 5}, [(1, 60.0), (5, 86_400.0)], 1.5
    )


def test_how_they_stood_when_nothing_was_charged_is_read_back() -> None:
    states = {"requests": {"limit": 60, "remaining": 0, "reset": 60, "used": 60, "retry_after": 30}}
    exchange = Exchange(7, 1.5, "POST", "/a", "")
    exchange.allowance = Allowance.of_nothing((Limit("requests", 60, 60),), states)
    assert again(exchange).allowance.states == states


CHECK = next(
    check for operation in loaded("default").apis["aixplain"].operations.values() for check in operation.checks
)


@pytest.mark.parametrize(
    ("part", "name"),
    [
        (TierPlan.of("free", (), {}), PLAN),
        (Schema({"type": "object"}, {}), SCHEMA),
        (CHECK, str(CHECK.place)),
        (None, ""),
    ],
    ids=["plan", "schema", "check", "nothing"],
)
def test_what_refused_a_request_is_read_back_by_its_name(part: Any, name: str) -> None:
    exchange = Exchange(7, 1.5, "POST", "/a", "")
    exchange.decided = Decided("rate_limited", "model", part, ("A-CLAIM",), "requests")
    assert again(exchange).decided == Decided("rate_limited", "model", name, ("A-CLAIM",), "requests")
