"""Two processes that share a world in Redis do what one process with everything in memory does, step by step."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Generator
from typing import Any

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from emulator.clock.world_clock import manual
from emulator.http.exchange import Exchange
from emulator.playbook.limits import Aligned, AtOnce, Refill, Sliding
from emulator.store.backend import Backend, Bucket
from emulator.store.journal import Journal
from emulator.store.memory import MemoryBackend
from tests.redis_server import OwnBackend, new_world, redis_url

WORKERS = st.integers(0, 1)
COLLECTIONS, IDS, KEYS = st.sampled_from(["records/a/x", "things"]), st.sampled_from("123"), st.sampled_from("abc")
VALUES = st.none() | st.booleans() | st.integers(-1, 1) | st.floats(0, 1) | st.text(max_size=2)
PACES = st.sampled_from([60.0, Aligned(60.0), Sliding(60.0), Refill(2, 60.0), AtOnce()])
BOUNDS: dict[str, Any] = {"max_windows": 3, "max_buckets": 3}


class Workers(RuleBasedStateMachine):
    """Two workers, and the oracle."""

    @initialize()
    def begin(self) -> None:
        self.loop = asyncio.new_event_loop()
        world = new_world()
        self.clocks = [manual() for _ in range(3)]
        self.oracle = MemoryBackend(self.clocks[0], Journal(entries=3), **BOUNDS)
        self.workers = [OwnBackend(redis_url(), world, clock, entries=3, **BOUNDS) for clock in self.clocks[1:]]
        for store in (self.oracle, *self.workers):
            for kind in "jw":
                store.schedule.handle(kind, lambda id: None)
        for worker in self.workers:
            self.loop.run_until_complete(worker.catch_up())

    def teardown(self) -> None:
        if hasattr(self, "loop"):
            self.compare()
            for store in self.workers:
                self.loop.run_until_complete(store.close())
            self.loop.close()

    def both(self, worker: int, verb: Callable[[Backend], Any]) -> None:
        """Does the same in memory and as a unit of work of one worker."""

        def work(store: Backend) -> Generator[None, None, Any]:
            result = verb(store)
            yield
            return result

        async def run() -> tuple[Any, Any]:
            store = self.workers[worker]
            expected = await self.oracle.transact(lambda: work(self.oracle))
            return expected, await store.transact(lambda: work(store))

        expected, found = self.loop.run_until_complete(run())
        assert found == expected

    @rule(worker=WORKERS, seconds=st.integers(0, 50))
    def advance(self, worker: int, seconds: int) -> None:
        """A clock is moved in one process, and the other one hears of it before it does anything."""

        async def run() -> None:
            await self.clocks[0].advance(seconds)
            await self.workers[worker].clock.advance(seconds)
            await self.workers[worker].everywhere()

        self.loop.run_until_complete(run())
        assert {clock.now() for clock in self.clocks} == {self.clocks[0].now()}

    @rule(worker=WORKERS, collection=COLLECTIONS, id=IDS, value=VALUES, ttl=st.none() | st.integers(1, 90))
    def put(self, worker: int, collection: str, id: str, value: Any, ttl: int | None) -> None:
        self.both(worker, lambda store: store.records.put(collection, id, value, ttl=ttl, cap=2))

    @rule(worker=WORKERS, collection=COLLECTIONS, id=IDS, value=VALUES)
    def replace(self, worker: int, collection: str, id: str, value: Any) -> None:
        self.both(worker, lambda store: store.records.replace(collection, id, value))

    @rule(worker=WORKERS, collection=COLLECTIONS, id=IDS)
    def delete(self, worker: int, collection: str, id: str) -> None:
        self.both(worker, lambda store: store.records.delete(collection, id))

    @rule(worker=WORKERS, collection=COLLECTIONS)
    def read(self, worker: int, collection: str) -> None:
        self.both(worker, lambda store: (store.records.items(collection), store.records.count(collection)))

    @rule(worker=WORKERS, name=KEYS, forget=st.booleans())
    def count(self, worker: int, name: str, forget: bool) -> None:
        self.both(worker, lambda store: (store.counters.delete if forget else store.counters.increment)(name))

    @rule(worker=WORKERS, keys=st.sets(KEYS, min_size=1), pace=PACES, cost=st.integers(0, 3))
    def charge(self, worker: int, keys: set[str], pace: Any, cost: int) -> None:
        charges = [(key, 4, pace, cost) for key in sorted(keys)]
        self.both(worker, lambda store: store.windows.charge(charges))

    @rule(worker=WORKERS, key=KEYS, amount=st.integers(-4, 4))
    def settle(self, worker: int, key: str, amount: int) -> None:
        self.both(worker, lambda store: store.windows.settle(key, amount))

    @rule(worker=WORKERS, key=KEYS, hour=st.integers(0, 2))
    def use(self, worker: int, key: str, hour: int) -> None:
        self.both(worker, lambda store: store.usage.add("api", "asset", key, hour, Bucket("w", 1, 1, 2.0, 0.5)))
        self.both(worker, lambda store: list(store.usage.buckets("api", "asset")))

    @rule(worker=WORKERS, kind=st.sampled_from("jw"), id=IDS, after=st.integers(1, 90), cancel=st.booleans())
    def schedule(self, worker: int, kind: str, id: str, after: int, cancel: bool) -> None:
        due = self.clocks[0].now() + after
        verb = (
            (lambda store: store.schedule.cancel(kind, id))
            if cancel
            else lambda store: store.schedule.add(kind, id, due)
        )
        self.both(worker, verb)
        self.both(worker, lambda store: (sorted(store.schedule.items(kind)), store.schedule.count(kind)))

    @rule(worker=WORKERS)
    def clear(self, worker: int) -> None:
        self.both(worker, lambda store: store.clear())

    @rule(worker=WORKERS)
    def go_on_from_a_snapshot(self, worker: int) -> None:
        dumped = self.oracle.dump()
        self.workers[worker].clear()
        self.workers[worker].load(dumped)
        self.loop.run_until_complete(self.workers[worker].flush())

    @rule(worker=WORKERS)
    def fail(self, worker: int) -> None:
        """A unit that fails changes nothing."""
        store = self.workers[worker]

        def work() -> Generator[None, None, None]:
            store.clear()
            store.counters.increment("a")
            yield
            raise LookupError

        async def run() -> None:
            try:
                await store.transact(work)
            except LookupError:
                return
            raise AssertionError

        self.loop.run_until_complete(run())

    @rule()
    def compare(self) -> None:
        """All hold the same, once they have heard of what the others have done."""
        expected = self.oracle.dump()
        for store in (*self.workers, *self.workers):
            self.loop.run_until_complete(store.transact(nothing))
        for store in self.workers:
            assert shape(store.dump()) == shape(expected)


def nothing() -> Generator[None, None, None]:
    yield


def shape(dump: dict[str, Any]) -> dict[str, Any]:
    """A dump without what is in no order."""
    return {**dump, "schedule": sorted(dump["schedule"])}


def test_two_workers_do_what_memory_does() -> None:
    options = settings(
        max_examples=min(60, settings().max_examples),
        stateful_step_count=30,
        deadline=None,
        derandomize=True,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=[HealthCheck.too_slow],  # it measures the machine
    )
    run_state_machine_as_test(Workers, settings=options)


def test_exchanges_of_all_workers_are_in_the_journal_of_who_comes_next() -> None:
    async def run() -> None:
        world = new_world()
        one, other = (OwnBackend(redis_url(), world, manual(), entries=3) for _ in range(2))
        for number, store in enumerate([one, other, one, other], 1):
            store.journal.add(Exchange(number, 0.0, "GET", "/", ""))
            await store.flush()
        late = OwnBackend(redis_url(), world, manual(), entries=3)
        assert ([each.number for each in late.journal], late.journal.seen) == ([2, 3, 4], 4)
        for store in (one, other, late):
            await store.close()

    asyncio.run(run())
