"""Every backend does what a naive account of its verbs says, whatever is asked of it and in whatever order.

A second backend is one more entry of BACKENDS: the machine then runs against each.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Generator, Mapping
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from emulator.clock.world_clock import Clock, manual
from emulator.http.exchange import Exchange
from emulator.store.backend import Backend, Bucket, Window
from emulator.store.journal import Journal
from emulator.store.memory import MemoryBackend
from tests.redis_server import OwnBackend, new_world, redis_url

BACKENDS: Mapping[str, Callable[[Clock], Backend]] = {
    "memory": lambda clock: MemoryBackend(clock, Journal(entries=3)),
    "redis": lambda clock: OwnBackend(redis_url(), new_world(), clock, entries=3),
}
COLLECTIONS, IDS = st.sampled_from(["records/a/x", "things"]), st.sampled_from(["1", "2", "3"])
KINDS, NAMES = st.sampled_from(["jobs", "webhooks"]), st.sampled_from(["n", "m"])
KEYS = {"a": (10, 60.0), "b": (25, 60.0), "c": (40, 3_600.0)}
VALUES = (
    st.none() | st.integers(-5, 5) | st.text(max_size=2) | st.dictionaries(st.sampled_from("xy"), st.integers(0, 3))
)
TTLS = st.none() | st.integers(1, 90)
CAP = 2


class BackendMachine(RuleBasedStateMachine):
    """The verbs, beside dictionaries that say the same the long way."""

    make: Callable[[Clock], Backend]

    @initialize()
    def begin(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.clock = manual()
        self.store = type(self).make(self.clock)
        self.look_into(self.store)
        self.records: dict[str, dict[str, tuple[Any, float]]] = {}
        self.counters: dict[str, int] = {}
        self.windows: dict[str, tuple[float, int]] = {}  # key → resets at, used
        self.usage: dict[tuple[str, str], list[int]] = {}
        self.work: dict[tuple[str, str], float] = {}
        self.done: list[tuple[str, str, float]] = []
        self.expected: list[tuple[str, str, float]] = []
        self.numbers: list[int] = []
        for kind in ("jobs", "webhooks"):
            self.store.schedule.handle(kind, self.handler(kind))

    def look_into(self, store: Backend) -> None:
        """Asks once for what looks into the collections from here on."""
        self.sized = {name: store.records.sized(name) for name in ("records/a/x", "things")}
        self.rows = {name: store.records.rows(name) for name in ("records/a/x", "things")}

    def teardown(self) -> None:
        if hasattr(self, "loop"):
            self.loop.run_until_complete(self.store.close())
            self.loop.close()

    def handler(self, kind: str) -> Callable[[str], None]:
        return lambda id: self.done.append((kind, id, self.clock.now()))

    def live(self, collection: str) -> dict[str, Any]:
        records = self.records.get(collection, {})
        return {id: value for id, (value, ends) in records.items() if ends > self.clock.now()}

    @rule(seconds=st.integers(0, 50))
    def advance(self, seconds: int) -> None:
        self.loop.run_until_complete(self.clock.advance(seconds))
        due = [(at, *name) for name, at in self.work.items() if at <= self.clock.now()]
        for at, kind, id in sorted(due, key=lambda entry: entry[0]):
            self.expected.append((kind, id, at))
            del self.work[kind, id]

    @rule(collection=COLLECTIONS, id=IDS, value=VALUES, ttl=TTLS)
    def put(self, collection: str, id: str, value: Any, ttl: int | None) -> None:
        self.store.records.put(collection, id, value, ttl=ttl, cap=CAP)
        records = self.records.setdefault(collection, {})
        if id in records and id not in self.live(collection):
            del records[id]
        records[id] = (value, self.clock.now() + ttl if ttl is not None else float("inf"))
        while len(records) > CAP:
            del records[next(iter(records))]

    @rule(collection=COLLECTIONS, id=IDS, value=VALUES)
    def replace(self, collection: str, id: str, value: Any) -> None:
        there = id in self.live(collection)
        assert self.store.records.replace(collection, id, value) is there
        if there:
            self.records[collection][id] = (value, self.records[collection][id][1])

    @rule(collection=COLLECTIONS, id=IDS)
    def delete(self, collection: str, id: str) -> None:
        assert self.store.records.delete(collection, id) is (id in self.live(collection))
        self.records.get(collection, {}).pop(id, None)

    @rule(collection=COLLECTIONS)
    def clear_collection(self, collection: str) -> None:
        self.store.records.clear(collection)
        self.records.pop(collection, None)

    @rule(name=NAMES)
    def increment(self, name: str) -> None:
        self.counters[name] = self.counters.get(name, 0) + 1
        assert self.store.counters.increment(name) == self.counters[name]

    @rule(name=NAMES)
    def forget_counter(self, name: str) -> None:
        self.store.counters.delete(name)
        self.counters.pop(name, None)

    def window(self, key: str) -> tuple[float, int]:
        resets_at, used = self.windows.get(key, (0.0, 0))
        return (resets_at, used) if resets_at > self.clock.now() else (self.clock.now() + KEYS[key][1], 0)

    @rule(costs=st.dictionaries(st.sampled_from(sorted(KEYS)), st.integers(0, 12), min_size=1))
    def charge(self, costs: dict[str, int]) -> None:
        before = {key: self.window(key) for key in costs}
        refused = {key: cost > 0 and before[key][1] + cost > KEYS[key][0] for key, cost in costs.items()}
        windows = self.store.windows.charge([(key, *KEYS[key], cost) for key, cost in costs.items()])
        assert [window.refused for window in windows] == list(refused.values())
        if not any(refused.values()):
            for key, cost in costs.items():
                self.windows[key] = (before[key][0], before[key][1] + cost)

    @rule(key=st.sampled_from(sorted(KEYS)), amount=st.integers(-9, 9))
    def settle(self, key: str, amount: int) -> None:
        there = self.windows.get(key, (0.0, 0))[0] > self.clock.now()
        assert (self.store.windows.settle(key, amount) is not None) is there
        if there:
            resets_at, used = self.windows[key]
            self.windows[key] = (resets_at, max(0, used + amount))

    @rule(key=IDS, hour=st.integers(100, 103), ok=st.booleans())
    def use(self, key: str, hour: int, ok: bool) -> None:
        self.store.usage.add("api", "asset", key, hour, Bucket("w", 1, int(ok), 2.0, 3.0))
        sums = self.usage.setdefault((key, str(hour)), [0, 0])
        sums[0] += 1
        sums[1] += ok

    @rule(kind=KINDS, id=IDS, after=st.integers(1, 90))
    def schedule(self, kind: str, id: str, after: int) -> None:
        due = self.clock.now() + after
        self.store.schedule.add(kind, id, due)
        self.work.pop((kind, id), None)
        self.work[kind, id] = due

    @rule(kind=KINDS, id=IDS)
    def cancel(self, kind: str, id: str) -> None:
        assert self.store.schedule.cancel(kind, id) is (self.work.pop((kind, id), None) is not None)

    @rule(kind=st.none() | KINDS)
    def clear_schedule(self, kind: str | None) -> None:
        self.store.schedule.clear(kind)
        self.work = {name: due for name, due in self.work.items() if kind not in (None, name[0])}

    @rule()
    def note(self) -> None:
        self.numbers.append(len(self.numbers) + 1)
        self.store.journal.add(Exchange(self.numbers[-1], self.clock.now(), "GET", "/", ""))

    @rule()
    def transact(self) -> None:
        self.counters["n"] = self.counters.get("n", 0) + 1
        effects: list[int] = []

        def work() -> Generator[None, None, int]:
            self.store.on_commit(lambda: effects.append(1))
            yield
            return self.store.counters.increment("n")

        assert self.loop.run_until_complete(self.store.transact(work)) == self.counters["n"]
        assert effects == [1]

    @rule()
    def clear(self) -> None:
        self.store.clear()
        self.records, self.counters, self.windows, self.usage, self.work = {}, {}, {}, {}, {}
        self.numbers = []

    @rule()
    def dump_and_load_into_another(self) -> None:
        """What is dumped is JSON, and another backend goes on from it: here until the end of the run."""
        dumped = json.loads(json.dumps(self.store.dump(), allow_nan=False))
        other = type(self).make(self.clock)
        self.look_into(other)
        other.load(dumped)
        assert other.dump() == dumped
        for exchange in self.store.journal:
            other.journal.add(exchange)
        self.numbers = self.numbers[-3:]
        self.loop.run_until_complete(self.store.close())
        self.store = other
        for kind in ("jobs", "webhooks"):
            other.schedule.handle(kind, self.handler(kind))

    @invariant()
    def it_says_what_the_account_says(self) -> None:
        if not hasattr(self, "store"):
            return
        store = self.store
        for collection in ("records/a/x", "things"):
            live = self.live(collection)
            assert store.records.items(collection) == list(live.items())
            assert [store.records.get(collection, id) for id in "123"] == [live.get(id) for id in "123"]
            assert store.records.count(collection) == len(self.records.get(collection, ()))
            assert len(self.sized[collection]) == len(self.records.get(collection, ()))
            assert [self.rows[collection](id) for id in "123"] == [
                self.records.get(collection, {}).get(id) for id in "123"
            ]
        assert [store.counters.value(name) for name in "nm"] == [self.counters.get(name, 0) for name in "nm"]
        for key, (resets_at, used) in self.windows.items():
            window = store.windows.peek(key, KEYS[key][1])
            assert (window and (window.used, window.resets_at)) == (
                (used, resets_at) if resets_at > self.clock.now() else None
            )
        buckets = {
            (key, str(hour)): [bucket.requests, bucket.successful]
            for key, hour, bucket in store.usage.buckets("api", "asset")
        }
        assert buckets == self.usage
        for kind in ("jobs", "webhooks"):
            assert dict(store.schedule.items(kind)) == {
                id: due for (each, id), due in self.work.items() if each == kind
            }
            assert store.schedule.count(kind) == len(store.schedule.items(kind))
        assert self.done == self.expected
        assert [exchange.number for exchange in store.journal] == self.numbers[-3:]
        assert store.journal.seen == len(self.numbers)


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_backend_says_what_a_naive_account_says(backend: str) -> None:
    machine = type("Machine", (BackendMachine,), {"make": staticmethod(BACKENDS[backend])})
    examples = min(40, settings().max_examples)
    run_state_machine_as_test(
        machine, settings=settings(max_examples=examples, stateful_step_count=25, deadline=None, derandomize=True)
    )


def test_a_window_can_be_compared() -> None:
    assert Window(1, 2.0) == Window(1, 2.0) != Window(1, 2.0, refused=True)
