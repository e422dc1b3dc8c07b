"""The summary: what a world's exchanges were, by operation, what they would have cost, and what was made to fail."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from math import isfinite
from typing import Any

import orjson
from msgspec import Struct

from emulator.control.entry import Call, Entry
from emulator.errors import EmulatorError
from emulator.exchange import Exchange
from emulator.serving.site import Site
from emulator.serving.view import said

STREAM = b"text/event-stream"


class CalledView(Struct, frozen=True):
    """An operation that was called, how often, and with which statuses; `operation` is empty for unknown paths, and
    a status of 0 stands for no answer."""

    api: str
    operation: str
    calls: int
    statuses: dict[int, int]


class SummaryView(Struct, frozen=True):
    """`spent` maps an API to amounts by unit; `faults` how often each was played; `exchanges` are those looked at,
    `dropped` older ones that the journal had forgotten, `elsewhere` those of other worlds, of ended ones too."""

    called: list[CalledView]
    spent: dict[str, dict[str, float]]
    faults: dict[str, int]
    exchanges: int
    dropped: int
    elsewhere: int


def summary(call: Call) -> SummaryView:
    """What was asked of the world, in short."""
    journal, sites = call.world.journal, call.room.pipeline.sites
    exchanges = list(journal)
    statuses: dict[tuple[str, str], Counter[int]] = {}
    faults: Counter[str] = Counter()
    for each in exchanges:
        statuses.setdefault((each.api, each.operation), Counter())[each.status] += 1
        faults.update(each.faults)
    called = [
        CalledView(api, operation, found.total(), dict(sorted(found.items())))
        for (api, operation), found in statuses.items()
    ]
    spent = {name: _spent(site, exchanges) for name, site in sites.items()}
    return SummaryView(
        called,
        {api: sums for api, sums in spent.items() if sums},
        faults,
        len(exchanges),
        journal.dropped,
        _elsewhere(call),
    )


def _elsewhere(call: Call) -> int:
    worlds = call.server.worlds
    others = (worlds.find(name).world.journal for name in worlds.names() if name != call.room.name)
    return worlds.past + sum(journal.seen for journal in others)


def _spent(site: Site, exchanges: list[Exchange]) -> dict[str, float]:
    """The amounts by unit. What is only looked at costs once, however often it is looked at: GETs of one path count as
    the last of them."""
    costs: dict[str | int, dict[str, float]] = {}
    for each in exchanges:
        if each.api == site.api.name and each.status < 400:
            costs[each.path if each.method == "GET" else each.number] = _cost(site, each)
    return {
        unit: round(sum(cost.get(unit, 0.0) for cost in costs.values()), 9)
        for unit in site.api.client.spent
        if any(unit in cost for cost in costs.values())
    }


def _cost(site: Site, exchange: Exchange) -> dict[str, float]:
    """What one exchange costs; of a stream, each unit as the last event tells it that tells it."""
    cost: dict[str, float] = {}
    names = {"body": said(exchange.body, exchange.headers), "status": exchange.status, "operation": exchange.operation}
    for answer in _answers(exchange):
        scope = site.background(**names, answer=answer)
        for unit, amount in site.api.client.spent.items():
            try:
                value = amount.value(scope)
            except (EmulatorError, KeyError):
                continue
            if isinstance(value, (int, float)) and isfinite(value) and value > 0:
                cost[unit] = float(value)
    return cost


def _answers(exchange: Exchange) -> Iterator[Mapping[str, Any]]:
    """The bodies that an answer is made of, those that are JSON objects."""
    if not any(name.lower() == b"content-type" and STREAM in value for name, value in exchange.reply_headers):
        whole = said(exchange.reply_body, exchange.reply_headers)
        if isinstance(whole, dict):
            yield whole
        return
    for line in exchange.reply_body.split(b"\n"):
        if line.startswith(b"data: {"):
            try:
                yield orjson.loads(line[len(b"data: ") :])
            except orjson.JSONDecodeError:
                continue


ROUTES = (Entry("GET", "/summary", summary),)
