"""Every kind of limit, against an account that is kept with fractions: never more, never less, and when again."""

from __future__ import annotations

import json
from collections.abc import Callable
from copy import copy
from fractions import Fraction
from math import ceil

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.clock.world_clock import manual
from emulator.dates import month_end
from emulator.errors import ApiError
from emulator.playbook.limits import Aligned, Limit, Refill, Sliding, parse_limit
from emulator.store.limits import Allowance, admit, release, settle
from emulator.store.memory import MemoryBackend
from emulator.store.rolling import MAX_ENTRIES, BucketLevel, SlidingLog, new_counter, window_end

BEGIN = 1_767_225_600_000  # milliseconds since the epoch: 2026-01-01
Taken = list[tuple[Fraction, int]]  # when, and how much
STEPS = st.lists(st.tuples(st.integers(0, 9_000), st.integers(0, 4)), min_size=1, max_size=40)
KINDS = (
    "5/10s",
    "5/10s aligned",
    "5/10s sliding",
    "5/10s bucket",
    "7/3s bucket",
    "1/second aligned",
    "5/month aligned",
)


def seconds(millis: int) -> float:
    return millis / 1_000


def limit_of(text: str) -> Limit:
    limit = parse_limit("n", text)
    assert limit is not None
    return limit


def charge(store: MemoryBackend, limit: Limit, cost: int, millis: int) -> Allowance | ApiError:
    try:
        return admit(store, "demo", [limit], {"n": cost}, seconds(millis))
    except ApiError as error:
        return error


def sliding(taken: Taken, limit: Limit, now: Fraction) -> int:
    return sum(cost for at, cost in taken if now - at < Fraction(limit.seconds))


def aligned(taken: Taken, limit: Limit, now: Fraction) -> int:
    assert limit.pace is not None
    end = Fraction(window_end(limit.pace, float(now)))
    return sum(cost for at, cost in taken if Fraction(window_end(limit.pace, float(at))) == end)


def bucket(taken: Taken, limit: Limit, now: Fraction) -> int:
    assert isinstance(limit.pace, Refill)
    gone, last = Fraction(0), now
    for at, cost in [*taken, (now, 0)]:
        gone = max(Fraction(0), gone - (at - last) * limit.pace.amount / Fraction(limit.pace.seconds)) if gone else gone
        gone, last = gone + cost, at
    return ceil(gone)


@given(STEPS)
@pytest.mark.parametrize(
    ("text", "account"),
    [
        ("5/10s sliding", sliding),
        ("5/10s aligned", aligned),
        ("5/month aligned", aligned),
        ("5/10s bucket", bucket),
        ("7/3s bucket", bucket),
    ],
)
def test_as_much_is_admitted_as_an_exact_account_allows(
    text: str, account: Callable[[Taken, Limit, Fraction], int], steps: list[tuple[int, int]]
) -> None:
    store, limit, taken, millis = MemoryBackend(manual()), limit_of(text), Taken(), BEGIN
    for wait, cost in steps:
        millis += wait
        now = Fraction(millis, 1_000)
        used = account(taken, limit, now)
        done = charge(store, limit, cost, millis)
        assert isinstance(done, ApiError) == (cost > 0 and used + cost > limit.amount)
        if isinstance(done, Allowance):
            taken.append((now, cost))
            assert done.states["n"]["used"] == account(taken, limit, now)


@given(STEPS)
@pytest.mark.parametrize("text", KINDS)
def test_retry_after_is_the_first_whole_second_that_lets_the_request_through(
    text: str, steps: list[tuple[int, int]]
) -> None:
    store, limit, millis = MemoryBackend(manual()), limit_of(text), BEGIN + 123
    for wait, cost in steps:
        millis += wait
        done = charge(store, limit, cost, millis)
        if isinstance(done, ApiError) and cost <= limit.amount:
            retry = done.values["retry_after"]
            assert isinstance(charge(store.fork(), limit, cost, millis + retry * 1_000), Allowance)
            early = [each for each in (0, retry - 1) if each < retry]
            assert all(isinstance(charge(store.fork(), limit, cost, millis + each * 1_000), ApiError) for each in early)


@given(STEPS, st.sampled_from(KINDS))
def test_a_dump_goes_on_as_the_backend_would_have(steps: list[tuple[int, int]], text: str) -> None:
    store, limit, millis = MemoryBackend(manual()), limit_of(text), BEGIN
    for wait, cost in steps:
        millis += wait
        other = MemoryBackend(manual())
        other.load(json.loads(json.dumps(store.dump())))
        charge(store, limit, cost, millis)
        charge(other, limit, cost, millis)
        assert other.dump() == store.dump()


@given(STEPS, st.sampled_from(KINDS))
def test_a_refusal_changes_nothing(steps: list[tuple[int, int]], text: str) -> None:
    store, limit, millis = MemoryBackend(manual()), limit_of(text), BEGIN
    for wait, cost in steps:
        millis += wait
        pace = limit.pace or limit.seconds
        before = store.fork().windows.peek("demo/n", pace, seconds(millis))
        if isinstance(charge(store, limit, cost, millis), ApiError):
            assert store.windows.peek("demo/n", pace, seconds(millis)) == before


def test_a_tier_of_several_kinds_charges_all_of_them_or_none() -> None:
    limits = [limit_of("2/minute"), Limit("tokens", 10, 10, Sliding(10)), Limit("calls", 3, 3, Refill(1, 1))]
    store, now = MemoryBackend(manual()), seconds(BEGIN)
    for _ in range(2):
        admit(store, "demo", limits, {"n": 1, "tokens": 4, "calls": 1}, now)
    before = store.dump()["windows"], store.dump()["buckets"]
    with pytest.raises(ApiError) as caught:
        admit(store, "demo", limits, {"n": 1, "tokens": 4, "calls": 1}, now + 1)
    assert caught.value.values["counter"] == "n"
    assert (store.dump()["windows"], store.dump()["buckets"]) == before
    assert admit(store, "demo", limits, {"tokens": 2}, now + 1).states == {
        "n": {"limit": 2, "remaining": 0, "reset": int(now) + 60, "used": 2, "retry_after": 59},
        "tokens": {"limit": 10, "remaining": 0, "reset": int(now) + 11, "used": 10, "retry_after": 10},
        "calls": {"limit": 3, "remaining": 2, "reset": int(now) + 2, "used": 1, "retry_after": 1},
    }


@pytest.mark.parametrize("turn", [1, -1])
def test_a_refusal_is_the_same_in_whichever_order_the_limits_stand(turn: int) -> None:
    store, now = MemoryBackend(manual()), seconds(BEGIN)
    limits = [limit_of("1/second"), Limit("calls", 2, 2, Refill(1, 60))][::turn]
    admit(store, "demo", limits, {"n": 1, "calls": 2}, now)
    with pytest.raises(ApiError) as caught:
        admit(store, "demo", limits, {"n": 1, "calls": 1}, now)
    states = caught.value.values["limits"]
    assert (states["n"]["retry_after"], states["calls"]["retry_after"]) == (1, 60)


def test_what_is_said_of_each_kind_when_it_refuses() -> None:
    store, now = MemoryBackend(manual()), seconds(BEGIN) + 15
    for text, sentence in (
        ("1/30s aligned", "1 of 1 per 30 s used; try again in 15 s."),
        ("1/month aligned", "1 of 1 per month used; try again in 2,678,385 s."),
        ("1/minute sliding", "1 of 1 per minute used; try again in 60 s."),
        ("1/minute bucket", "1 of a bucket of 1 used; try again in 60 s."),
    ):
        limits = [limit_of(text)]
        admit(store, text, limits, {"n": 1}, now)
        with pytest.raises(ApiError) as caught:
            admit(store, text, limits, {"n": 1}, now)
        assert caught.value.detail == f"Rate limit reached for n: {sentence}"
        with pytest.raises(ApiError, match="it can never be admitted"):
            admit(store, text, limits, {"n": 2}, now)


@pytest.mark.parametrize("text", ["10/10s sliding", "10/10s bucket"])
def test_what_is_settled_counts_from_the_charge(text: str) -> None:
    store, limits, now = MemoryBackend(manual()), [limit_of(text)], seconds(BEGIN)
    allowance = admit(store, "demo", limits, {"n": 6}, now)
    less = settle(store, "demo", allowance, {"n": 2}, now)
    assert less.states["n"]["used"] == 2
    more = settle(store, "demo", less, {"n": 12}, now)
    assert (more.states["n"]["used"], more.states["n"]["remaining"]) == (12, 0)
    nothing = settle(store, "demo", more, {"n": 0}, now)
    assert nothing.states["n"]["used"] == 0


def test_what_is_settled_late_lasts_no_longer_than_what_was_charged() -> None:
    store, limits, now = MemoryBackend(manual()), [limit_of("10/10s sliding")], seconds(BEGIN)
    allowance = admit(store, "demo", limits, {"n": 0}, now)
    settle(store, "demo", allowance, {"n": 4}, now + 5)
    assert admit(store, "demo", limits, {}, now + 9).states["n"]["used"] == 4
    assert admit(store, "demo", limits, {}, now + 10).states["n"]["used"] == 0
    assert settle(store, "demo", allowance, {"n": 4}, now + 10).states["n"]["used"] == 0


def test_a_scenario_may_change_the_kind_of_a_counter() -> None:
    store, now = MemoryBackend(manual()), seconds(BEGIN)
    for text in ("1/minute", "1/minute sliding", "1/30s sliding", "1/minute bucket", "1/second bucket"):
        limits = [limit_of(text)]
        admit(store, "demo", limits, {"n": 1}, now)
        with pytest.raises(ApiError):
            admit(store, "demo", limits, {"n": 1}, now)


@pytest.mark.parametrize("pace", [Sliding(10.0), Refill(1, 10.0)])
def test_a_clock_set_back_takes_nothing_off_and_lets_nothing_last_longer(pace: Sliding | Refill) -> None:
    counter, now = new_counter(pace), seconds(BEGIN)
    counter.take(1, now)
    assert counter.look(now - 0.5, 1, 1).refused, "a request that came a moment earlier"
    assert counter.look(now - 3_600, 1, 1).wait == 10
    assert not counter.look(now - 3_590, 1, 1).refused


@pytest.mark.bound("charges within a sliding limit")
def test_a_sliding_counter_is_bounded_and_never_forgets_too_early() -> None:
    log, now = SlidingLog.of(Sliding(1e6)), seconds(BEGIN)
    for each in range(MAX_ENTRIES + 1):
        log.take(1, now + each)
    assert len(log.entries) <= MAX_ENTRIES // 2 + 1
    assert sum(cost for _, cost in log.entries) == MAX_ENTRIES + 1
    assert log.look(now + 1e6).used >= MAX_ENTRIES
    twin = copy(log)
    twin.take(1, now + 2e6)
    assert len(twin.entries) < len(log.entries)


def test_a_bucket_of_any_size_is_exact() -> None:
    level, now = BucketLevel.of(Refill(999_999_999_999, 86_400.0)), seconds(BEGIN)
    level.take(999_999_999_999, now)
    assert level.look(now).resets_at == now + 86_400
    assert level.look(now + 43_200).used == 500_000_000_000


def test_counters_of_which_nothing_is_used_are_forgotten_when_there_are_many() -> None:
    store, now = MemoryBackend(manual(), max_windows=10), seconds(BEGIN)
    limits = [limit_of("1/second sliding")]
    for each in range(10):
        admit(store, f"early {each}", limits, {"n": 1}, now)
    for each in range(20):
        admit(store, f"late {each}", limits, {"n": 1}, now + 2)
    assert len(store.windows.rolling) <= 10
    assert "late 19/n" in store.windows.rolling


def test_windows_of_the_clock_end_with_its_own() -> None:
    assert window_end(Aligned(60.0), 1_767_225_601.5) == 1_767_225_660.0
    assert window_end(Aligned(60.0), 1_767_225_660.0) == 1_767_225_720.0
    assert window_end(Aligned(0.0, month=True), 1_767_225_600.0) == 1_769_904_000.0  # February
    assert month_end(1_798_761_599.0) == 1_798_761_600.0  # the last second of December


def test_what_is_under_way_is_charged_for_as_long_as_it_lasts_and_is_in_no_dump() -> None:
    store, limits, now = MemoryBackend(manual()), [limit_of("1 at once")], seconds(BEGIN)
    allowance = admit(store, "demo", limits, {"n": 1}, now)
    assert settle(store, "demo", allowance, {"n": 0}, now).states["n"]["used"] == 1, "only its end gives it back"
    with pytest.raises(ApiError, match=r"1 of 1 at once used; try again in 1 s\."):
        admit(store, "demo", limits, {"n": 1}, now + 3_600)
    assert not {"sliding", "buckets", "spent"} & set(store.dump())
    allowance.holder = "demo"
    release(store, settle(store, "demo", allowance, {"n": 0}, now))
    assert admit(store, "demo", limits, {"n": 1}, now).states["n"]["used"] == 1


@pytest.mark.parametrize("now_is", ["1 at once", "5/10s bucket", "7/10s bucket"])
def test_a_charge_to_a_counter_that_has_another_pace_by_now_is_not_settled(now_is: str) -> None:
    store, now = MemoryBackend(manual()), seconds(BEGIN)
    before, after = limit_of("5/10s sliding"), limit_of(now_is)
    allowance = admit(store, "demo", [before], {"n": 3}, now)
    admit(store, "demo", [after], {"n": 1}, now)
    settle(store, "demo", allowance, {"n": 1}, now)
    assert after.pace is not None
    window = store.windows.peek("demo/n", after.pace, now)
    assert window is not None
    assert window.used == 1
