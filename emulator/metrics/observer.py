"""The observer: counts the exchanges and webhooks of all worlds when they have ended.

It watches the journals, so that a request that nobody counts costs nothing. What could be looked up at any time, such
as the size of the journals, is looked up when somebody asks.
"""

from __future__ import annotations

import platform
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from importlib.util import find_spec

from emulator import __version__
from emulator.clock.world_clock import Clock
from emulator.faults.registry import FAULTS as KNOWN_FAULTS
from emulator.http.exchange import Exchange
from emulator.metrics import definitions as metrics
from emulator.metrics.definitions import NO_STATUS, UNKNOWN
from emulator.metrics.tally import OTHER, Count, Gauge, Histogram, Tally
from emulator.webhooks.message import DeliveryAttempt
from emulator.worlds.registry import WorldRegistry
from emulator.worlds.world import World

NEEDED = "need the package prometheus-client"
INSTALL = "pip install prometheus-client"
OUTCOMES = ("delivered", "rejected", "unanswered", "not_sent")  # of attempts to deliver a webhook
STEADY = 1.0  # seconds: what took longer by the world's clock is measured anew, as that clock may have been moved


def is_installed() -> bool:
    """Whether the package is there that shows what was counted."""
    return find_spec("prometheus_client") is not None


class Observer:
    """Counts what happens in the worlds of a server, whose state is kept in `store`."""

    def __init__(self, worlds: WorldRegistry, store: str = "memory") -> None:
        self.tally = Tally()
        self._worlds = worlds
        self._store = store
        self._streams: set[Exchange] = set()
        self._series: dict[tuple[str, str, int], tuple[Count, Histogram]] = {}
        for fault in KNOWN_FAULTS:
            self.tally.count(metrics.FAULTS, fault)
        for outcome in OUTCOMES:
            self.tally.count(metrics.WEBHOOKS, outcome)
        worlds.follow(self._watch)

    async def collect(self) -> tuple[Tally, list[Gauge]]:
        """Returns what was counted, and what there is now."""
        return self.tally, [*self.open_streams(), *self.look_up()]

    def open_streams(self) -> Iterator[Gauge]:
        """The streams that are being delivered, by API."""
        count = Counter(exchange.api for exchange in self._streams)
        served = {api for name in self._worlds.names() for api in self._worlds.find(name).playbook.apis}
        for api in sorted(served | set(count)):
            yield metrics.OPEN_STREAMS, (api,), count[api]

    def look_up(self) -> Iterator[Gauge]:
        """What every process of a server finds alike."""
        worlds = [self._worlds.find(name) for name in self._worlds.names()]
        journals = [world.state.journal for world in worlds]
        stores = [world.state.store.records.size() for world in worlds]
        yield metrics.WORLDS, (), len(worlds)
        yield metrics.JOURNAL_EXCHANGES, (), sum(map(len, journals))
        yield metrics.JOURNAL_BYTES, (), sum(journal.held_bytes for journal in journals)
        yield metrics.STORE_RECORDS, (), sum(records for records, _ in stores)
        yield metrics.STORE_BYTES, (), sum(size for _, size in stores)
        yield metrics.BUILD, (__version__, platform.python_version(), self._store), 1

    @contextmanager
    def _watch(self, world: World) -> Iterator[None]:
        state = world.state
        with (
            state.journal.watched(partial(self._note, state.clock), own=True),
            state.sender.watched(self._note_attempt),
        ):
            yield

    def _note(self, clock: Clock, exchange: Exchange) -> None:
        """Counts an exchange that has ended; called for every request."""
        outcome, status = exchange.outcome, exchange.status
        if outcome == "open":
            if exchange.events:
                self._streams.add(exchange)
            return
        key = exchange.api, exchange.operation, status // 100
        count, histogram = self._series.get(key) or self._find(*key)
        real_took = exchange.real_took
        seconds = exchange.took if real_took < 0 else real_took
        if not 0.0 <= seconds <= STEADY:
            seconds = max(0.0, clock.real() - exchange.real)
        count.value += 1
        histogram.observe(seconds)
        if self._streams:
            self._streams.discard(exchange)
        if exchange.sent_events and real_took < 0 and not exchange.cut:
            self._note_stream(exchange, seconds)
        if status >= 400 or outcome != "complete" or exchange.faults:
            self._note_exception(exchange)

    def _find(self, api: str, operation: str, status: int) -> tuple[Count, Histogram]:
        """Returns the series that a request counts for."""
        labels = api or UNKNOWN, operation or UNKNOWN
        shown = f"{status}xx" if status else NO_STATUS
        found = self.tally.count(metrics.REQUESTS, *labels, shown), self.tally.histogram(metrics.DURATION, *labels)
        if len(self._series) < self.tally.most:
            self._series[api, operation, status] = found
        return found

    def _note_stream(self, exchange: Exchange, seconds: float) -> None:
        """Counts how long the first event of a stream took; without a schedule all events are sent at the end."""
        schedule = exchange.schedule
        if schedule is not None and schedule.sent:
            _, sent = schedule.sent[0]
            seconds = min(seconds, max(0.0, schedule.begun + sent - exchange.at))
        self.tally.histogram(metrics.FIRST_EVENT, exchange.api, exchange.operation).observe(seconds)

    def _note_exception(self, exchange: Exchange) -> None:
        """Counts what few exchanges have: faults, a limit that refused, an end before the end."""
        count = self.tally.count
        for fault in exchange.faults:
            count(metrics.FAULTS, fault if fault in KNOWN_FAULTS else OTHER).add()
        if exchange.decided is not None and exchange.decided.counter:
            count(metrics.REFUSALS, exchange.api, exchange.decided.counter).add()
        if exchange.outcome != "complete":
            count(metrics.INTERRUPTED, exchange.api or UNKNOWN, exchange.outcome).add()

    def _note_attempt(self, attempt: DeliveryAttempt) -> None:
        """Counts an attempt to deliver a webhook."""
        delivered, rejected, unanswered, not_sent = OUTCOMES
        if attempt.delivered:
            outcome = delivered
        elif attempt.status is not None:
            outcome = rejected
        else:
            outcome = unanswered if attempt.headers else not_sent
        self.tally.count(metrics.WEBHOOKS, outcome).add()
