"""The memory store: records that end, windows that are charged all or not at all."""

from __future__ import annotations

import asyncio
from collections.abc import Generator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from emulator.clock.world_clock import Clock, manual
from emulator.errors import ConfigError
from emulator.playbook.limits import Spends
from emulator.store.backend import Backend, Bucket, Charge, Window
from emulator.store.codec import size_of
from emulator.store.memory import MAX_WINDOWS, MemoryBackend, MemoryRecords


def advance(clock: Clock, seconds: float) -> None:
    asyncio.run(clock.advance(seconds))


def memory() -> tuple[Clock, Backend]:
    clock = manual()
    return clock, MemoryBackend(clock)


def test_a_record_is_there_until_its_time_is_over() -> None:
    clock, store = memory()
    store.records.put("sessions", "a", {"n": 1}, ttl=60)
    store.records.put("sessions", "b", {"n": 2})
    advance(clock, 59.9)
    assert store.records.get("sessions", "a") == {"n": 1}
    advance(clock, 0.1)
    assert store.records.get("sessions", "a") is None
    assert store.records.items("sessions") == [("b", {"n": 2})]
    assert not store.records.delete("sessions", "a")


def test_what_was_never_put_is_not_there() -> None:
    _, store = memory()
    assert store.records.get("sessions", "a") is None
    assert store.records.items("sessions") == []
    assert not store.records.delete("sessions", "a")


def test_records_stand_in_the_order_they_first_came() -> None:
    clock, store = memory()
    for id in "abc":
        store.records.put("models", id, id, ttl=60)
    store.records.put("models", "a", "A", ttl=60)
    assert store.records.items("models") == [("a", "A"), ("b", "b"), ("c", "c")]
    assert store.records.delete("models", "b")
    assert store.records.items("models") == [("a", "A"), ("c", "c")]
    advance(clock, 60)
    store.records.put("models", "c", "C")
    store.records.put("models", "a", "again")
    assert store.records.items("models") == [("c", "C"), ("a", "again")]


@pytest.mark.bound("records made by requests (sessions, tokens, …)")
def test_beyond_the_most_records_the_oldest_goes() -> None:
    _, store = memory()
    for number in range(100):
        store.records.put("jobs", str(number), number, cap=3)
    assert [id for id, _ in store.records.items("jobs")] == ["97", "98", "99"]


@pytest.mark.bound("records made by requests (sessions, tokens, …)")
@pytest.mark.finding("I6")
@pytest.mark.parametrize("change", ["put", "replace"])
def test_beyond_the_most_bytes_of_a_collection_the_oldest_go_but_never_the_last(change: str) -> None:
    records = MemoryRecords(manual(), max_bytes=1_000)
    for number in range(100):
        records.put("jobs", str(number), {"text": "x" * (300 if change == "put" else 1)}, cap=5)
        if change == "replace":
            assert records.replace("jobs", str(number), {"text": "x" * 300})
    assert [id for id, _ in records.items("jobs")] == ["97", "98", "99"]
    records.put("jobs", "huge", "x" * 5_000)
    assert [id for id, _ in records.items("jobs")] == ["huge"]
    assert records.get("jobs", "huge") == "x" * 5_000


@pytest.mark.finding("I6")
@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from(["put", "delete", "replace"]), st.integers(0, 400))))
def test_the_size_of_a_collection_is_that_of_the_records_in_it(changes: list[tuple[str, str, int]]) -> None:
    records = MemoryRecords(manual(), max_bytes=1_000)
    for id, change, size in changes:
        value = () if change == "delete" else ("x" * size,)
        getattr(records, change)("c", id, *value)
    left = [value for _, value in records.items("c")]
    assert sum(map(size_of, left)) == (records.collections["c"].size if "c" in records.collections else 0)
    assert sum(map(size_of, left)) <= 1_000 or len(left) == 1


def test_collections_and_counters_do_not_meet() -> None:
    _, store = memory()
    store.records.put("a", "x", 1)
    assert store.records.get("b", "x") is None
    assert [store.counters.increment("a"), store.counters.increment("a"), store.counters.increment("b")] == [1, 2, 1]
    assert [store.counters.value("a"), store.counters.value("b"), store.counters.value("c")] == [2, 1, 0]


def test_a_window_begins_with_its_first_charge_and_ends_a_period_later() -> None:
    clock, store = memory()
    advance(clock, 59.5)
    begun = clock.now()
    assert store.windows.peek("k", 60) is None
    assert store.windows.charge([("k", 2, 60, 1)]) == [Window(1, begun + 60)]
    advance(clock, 59.9)
    assert store.windows.charge([("k", 2, 60, 1)]) == [Window(2, begun + 60)]
    assert store.windows.charge([("k", 2, 60, 1)]) == [Window(2, begun + 60, refused=True)]
    advance(clock, 0.1)
    assert store.windows.peek("k", 60) is None
    assert store.windows.charge([("k", 2, 60, 1)]) == [Window(1, begun + 120)]


def test_when_one_charge_does_not_fit_none_is_made_and_no_window_begins() -> None:
    clock, store = memory()
    store.windows.charge([("a", 10, 60, 3)])
    windows = store.windows.charge([("a", 10, 60, 1), ("b", 5, 60, 6), ("c", 5, 60, 1)])
    end = clock.now() + 60
    assert windows == [Window(3, end), Window(0, end, refused=True), Window(0, end)]
    assert store.windows.peek("a", 60) == Window(3, end)
    assert store.windows.peek("b", 60) is store.windows.peek("c", 60) is None


def test_a_charge_of_nothing_fits_even_into_a_window_that_is_overdrawn() -> None:
    _, store = memory()
    store.windows.charge([("k", 10, 60, 10)])
    store.windows.settle("k", 5)
    assert store.windows.charge([("k", 10, 60, 0)])[0].used == 15
    assert store.windows.charge([("k", 10, 60, 1)])[0].refused


def test_settling_never_goes_below_nothing_nor_into_another_window() -> None:
    clock, store = memory()
    (first,) = store.windows.charge([("k", 100, 60, 40)])
    assert store.windows.settle("k", -60) == Window(0, first.resets_at)
    advance(clock, 60)
    assert store.windows.settle("k", 5) is None
    (second,) = store.windows.charge([("k", 100, 60, 40)])
    assert store.windows.settle("k", 5, first.resets_at) is None
    assert store.windows.settle("k", 5, second.resets_at) == Window(45, second.resets_at)
    assert store.windows.settle("unknown", 5) is None


def test_a_window_left_in_the_future_by_a_clock_set_back_does_not_count() -> None:
    clock, store = memory()
    advance(clock, 86_400)
    store.windows.charge([("k", 1, 60, 1)])
    asyncio.run(clock.set(manual().now()))
    assert store.windows.peek("k", 60) is None
    assert store.windows.charge([("k", 1, 60, 1)]) == [Window(1, clock.now() + 60)]


def test_the_moment_of_the_request_may_be_given() -> None:
    clock, store = memory()
    moment = clock.now() - 0.25
    assert store.windows.charge([("k", 2, 60, 1)], moment)[0].resets_at == moment + 60
    assert store.windows.peek("k", 60, moment + 60) is None


def test_windows_that_are_over_are_forgotten_and_the_rest_is_bounded() -> None:
    clock = manual()
    store = MemoryBackend(clock)
    for number in range(5_000):
        store.windows.charge([(str(number), 1, 60, 1)])
    advance(clock, 60)
    for number in range(5_000):
        store.windows.charge([(f"other {number}", 1, 86_400, 1)])
    assert len(store.windows.windows) == 5_000
    for number in range(MAX_WINDOWS + 1_000):
        store.windows.charge([(f"more {number}", 1, 86_400, 1)])
    assert len(store.windows.windows) <= MAX_WINDOWS
    assert store.windows.peek(f"more {MAX_WINDOWS + 999}", 86_400) is not None


@pytest.mark.bound("distinct keys that are charged")
def test_of_more_windows_than_are_kept_the_oldest_tenth_goes() -> None:
    store = MemoryBackend(manual(), max_windows=100)
    for number in range(100):
        store.windows.charge([(str(number), 1, 60, 1)])
    assert len(store.windows.windows) == 100
    store.windows.charge([("100", 1, 60, 1)])
    assert list(store.windows.windows) == [str(number) for number in range(11, 101)]


@pytest.mark.bound("distinct keys that are charged")
def test_of_more_rolling_counters_than_are_kept_the_oldest_tenth_goes_and_what_is_spent_with_it() -> None:
    store = MemoryBackend(manual(), max_windows=100)
    for number in range(101):
        store.windows.charge([(str(number), 5, Spends(), 5)])
    assert list(store.windows.rolling) == [str(number) for number in range(11, 101)]
    assert [window.refused for window in store.windows.charge([("0", 5, Spends(), 1), ("11", 5, Spends(), 1)])] == [
        False,
        True,
    ]


def test_a_window_is_over_at_the_very_moment_it_resets() -> None:
    clock = manual()
    store = MemoryBackend(clock, max_windows=100)
    for number in range(100):
        store.windows.charge([(str(number), 1, 60, 1)])
    advance(clock, 60)
    store.windows.charge([("next", 1, 60, 1)])
    assert list(store.windows.windows) == ["next"]


def test_a_backend_comes_back_as_it_was_dumped() -> None:
    clock, store = memory()
    store.records.put("sessions", "a", {"turns": [1]}, ttl=60)
    store.records.put("models", "m", "M")
    store.counters.increment("rule")
    store.windows.charge([("k", 2, 60, 1)])
    data = store.dump()
    value = store.records.get("sessions", "a")
    assert value is not None
    value["turns"].append(2)
    store.clear()
    assert store.dump() == {"records": {}, "counters": {}, "windows": {}, "usage": [], "schedule": []}
    for _ in range(2):
        store.load(data)
        assert store.dump() == data
        value = store.records.get("sessions", "a")
        assert value == {"turns": [1]}
        assert store.counters.increment("rule") == 2
        assert store.windows.charge([("k", 2, 60, 1)])[0].used == 2
        value["turns"].append(3)
    advance(clock, 60)
    assert store.records.items("sessions") == []
    assert store.records.items("models") == [("m", "M")]


def test_who_watches_a_collection_hears_of_each_value_that_is_put() -> None:
    _, store = memory()
    heard: list[int] = []
    with store.records.watch("attempts", lambda: heard.append(store.records.count("attempts"))):
        store.records.put("attempts", "1", {})
        store.records.put("others", "1", {})
        store.records.put("attempts", "2", {})
    store.records.put("attempts", "3", {})
    assert heard == [1, 2]


def test_a_transaction_gives_what_its_work_gives() -> None:
    _, store = memory()
    assert store.immediate
    effects: list[str] = []

    def work() -> Generator[None, None, int]:
        store.counters.increment("a")
        yield
        store.on_commit(lambda: effects.append("done"))
        return store.counters.increment("a")

    assert asyncio.run(store.transact(work)) == 2
    assert (store.counters.value("a"), effects) == (2, ["done"])


def test_others_get_a_turn_while_a_unit_of_work_yields() -> None:
    _, store = memory()
    seen: list[int] = []

    def work() -> Generator[None, None, None]:
        for number in range(3):
            seen.append(number)
            yield

    async def both() -> None:
        await asyncio.gather(store.transact(work), store.transact(work))

    asyncio.run(both())
    assert seen == [0, 0, 1, 1, 2, 2]


WHOLE: list[Any] = ["x", None, [], 1.5, -1, 1e308, True, 2**54]
DAMAGE: list[tuple[str, Any]] = [
    ("records", 5),
    ("records", {"a": [["x", {}]]}),
    ("records", {"a": [["x", {}, -1]]}),
    ("records", {"a": [["x", {}, 1e13]]}),
    ("records", {"a": [[5, {}, None]]}),
    *[("counters", {"a": wrong}) for wrong in WHOLE],
    *[("windows", {"a": [wrong, 0.0]}) for wrong in WHOLE],
    *[("windows", {"a": [0, wrong]}) for wrong in WHOLE if wrong not in (1.5, 2**54)],
    ("usage", [["api"]]),
    ("usage", [["api", "asset", "key", "no hour", "", 1, 1, 0, 0]]),
    ("usage", [["api", "asset", "key", 1, "w", 0, 0, 0.0, 0.0]]),
    ("usage", [["api", "asset", "key", 1, "w", 1, 0, -1.0, 0.0]]),
    ("schedule", [["webhooks", "msg_1"]]),
    *[("schedule", [["webhooks", "msg_1", wrong]]) for wrong in (*WHOLE, float("nan")) if wrong not in (1.5, 2**54)],
]


@pytest.mark.parametrize(("part", "wrong"), DAMAGE, ids=str)
def test_other_data_is_refused_and_changes_nothing(part: str, wrong: Any) -> None:
    _, store = memory()
    store.records.put("models", "m", "M")
    store.counters.increment("rule")
    store.windows.charge([("k", 2, 60, 1)])
    before = store.dump()
    with pytest.raises(ConfigError, match=rf"at `\$\.{part}"):
        store.load({**before, part: wrong})
    assert store.dump() == before


@pytest.mark.parametrize("part", ["records", "counters", "windows", "usage", "schedule"])
def test_a_part_that_is_missing_is_named(part: str) -> None:
    _, store = memory()
    data = {name: value for name, value in store.dump().items() if name != part}
    with pytest.raises(ConfigError, match=f"missing required field `{part}`"):
        store.load(data)


def test_buckets_that_are_named_twice_are_one() -> None:
    _, store = memory()
    row = ["api", "asset", "key", 1, "w", 1, 1, 2.0, 3.0, 0]
    store.load({**store.dump(), "usage": [row, row]})
    assert store.dump()["usage"] == [row]


def test_in_an_older_dump_all_that_did_not_succeed_has_failed() -> None:
    _, store = memory()
    store.load({**store.dump(), "usage": [["api", "asset", "key", 1, "w", 5, 3, 2.0, 3.0]]})
    assert store.dump()["usage"] == [["api", "asset", "key", 1, "w", 5, 3, 2.0, 3.0, 2]]


class Model:
    """The same rules, said the long way: each window as the list of what was taken in it."""

    def __init__(self) -> None:
        self.now = 0
        self.windows: dict[str, tuple[int, list[int]]] = {}

    def standing(self, key: str, seconds: int) -> tuple[int, list[int]]:
        begun, taken = self.windows.get(key, (self.now, []))
        return (begun, taken) if self.now < begun + seconds else (self.now, [])

    def charge(self, charges: list[tuple[str, int, int, int]]) -> list[bool]:
        standing = [self.standing(key, seconds) for key, _, seconds, _ in charges]
        refused = [
            cost > 0 and sum(taken) + cost > most
            for (_, most, _, cost), (_, taken) in zip(charges, standing, strict=True)
        ]
        if not any(refused):
            for (key, _, _, cost), (begun, taken) in zip(charges, standing, strict=True):
                self.windows[key] = (begun, [*taken, cost])
        return refused


LIMITS = {"a": (10, 60), "b": (25, 60), "c": (40, 3_600)}
COSTS = st.dictionaries(st.sampled_from(sorted(LIMITS)), st.integers(0, 12), min_size=1)
AFTERWARDS = st.tuples(st.sampled_from(sorted(LIMITS)), st.integers(-9, 9))
STEPS = st.lists(st.one_of(COSTS, st.integers(0, 90), AFTERWARDS), max_size=40)


@settings(max_examples=100, deadline=None)
@given(STEPS)
def test_windows_say_what_a_naive_account_says(steps: list[Any]) -> None:
    clock, store = memory()
    model, start = Model(), clock.now()
    for step in steps:
        if isinstance(step, int):
            advance(clock, step)
            model.now += step
        elif isinstance(step, tuple):
            key, amount = step
            begun, taken = model.standing(key, LIMITS[key][1])
            settled = store.windows.settle(key, amount)
            assert (settled is not None) == bool(taken)
            taken.append(max(amount, -sum(taken)))
        else:
            charges: list[Charge] = [(key, *LIMITS[key], cost) for key, cost in step.items()]
            assert [window.refused for window in store.windows.charge(charges)] == model.charge(charges)  # type: ignore[arg-type]
        for key, (_, seconds) in LIMITS.items():
            begun, taken = model.standing(key, seconds)
            window = store.windows.peek(key, seconds)
            assert (window and replace(window)) == (Window(sum(taken), start + begun + seconds) if taken else None)


def test_what_replaces_a_record_lives_as_long_as_it_would_have() -> None:
    clock, store = memory()
    store.records.put("notes", "a", 1, ttl=10)
    store.records.put("notes", "b", 1)
    advance(clock, 5)
    assert store.records.replace("notes", "a", 2)
    assert store.records.replace("notes", "b", 2)
    assert not store.records.replace("notes", "c", 2)
    assert not store.records.replace("others", "a", 2)
    assert store.records.items("notes") == [("a", 2), ("b", 2)]
    advance(clock, 5)
    assert store.records.items("notes") == [("b", 2)]
    assert not store.records.replace("notes", "a", 3)


def test_a_fork_goes_on_alone() -> None:
    clock, store = memory()
    done: list[str] = []
    store.schedule.handle("work", done.append)
    store.records.put("sessions", "a", {"n": 1}, ttl=60)
    store.counters.increment("n")
    store.windows.charge([("k", 5, 60.0, 2)])
    store.usage.add("api", "asset", "key", 491_000, Bucket("ann", 1))
    store.schedule.add("work", "later", clock.now() + 5)
    before = store.dump()

    fork = store.fork()
    assert fork.dump() == before
    noted: list[str] = []
    fork.records.put("sessions", "b", {"n": 2})
    fork.records.delete("sessions", "a")
    fork.counters.increment("n")
    fork.windows.charge([("k", 5, 60.0, 2)])
    fork.usage.add("api", "asset", "key", 491_000, Bucket("ann", 1))
    fork.schedule.handle("work", done.append)
    fork.schedule.cancel("work", "later")
    fork.schedule.add("work", "now", clock.now())
    fork.on_commit(lambda: noted.append("done"))

    assert store.dump() == before
    assert (fork.counters.value("n"), store.counters.value("n")) == (2, 1)
    advance(clock, 1)
    assert (done, noted) == ([], [])
    assert fork.clock.now() == clock.now() - 1
