"""Limits: what is admitted, what a refusal says, and that it costs nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emulator.clock.world_clock import Clock, manual
from emulator.errors import ApiError
from emulator.playbook.limits import Limit
from emulator.store.backend import Backend
from emulator.store.limits import Allowance, admit, delay_seconds, settle, states
from emulator.store.memory import MemoryBackend

REQUESTS = Limit("requests", 3, 60)
TOKENS = Limit("tokens", 1_000, 86_400)
LIMITS = (REQUESTS, TOKENS)


@pytest.fixture
def clock() -> Clock:
    return manual()


@pytest.fixture
def store(clock: Clock) -> Backend:
    return MemoryBackend(clock)


def advance(clock: Clock, seconds: float) -> None:
    asyncio.run(clock.advance(seconds))


def refusal(store: Backend, limits: Sequence[Limit], cost: dict[str, int], now: float | None = None) -> ApiError:
    with pytest.raises(ApiError) as caught:
        admit(store, "demo", limits, cost, now)
    return caught.value


def test_a_caller_without_limits_is_admitted_and_told_of_none(store: Backend) -> None:
    allowance = admit(store, "demo", (), {"requests": 1})
    assert allowance.states == {}
    assert settle(store, "demo", allowance, {"requests": 5}).states == {}


def test_each_counter_says_how_it_stands(store: Backend, clock: Clock) -> None:
    now = int(clock.now())
    assert admit(store, "demo", LIMITS, {"requests": 1, "tokens": 40}).states == {
        "requests": {"limit": 3, "remaining": 2, "reset": now + 60, "used": 1, "retry_after": 60},
        "tokens": {"limit": 1_000, "remaining": 960, "reset": now + 86_400, "used": 40, "retry_after": 86_400},
    }
    advance(clock, 10)
    assert admit(store, "demo", LIMITS, {"requests": 1}).states == states(store, "demo", LIMITS)
    assert states(store, "demo", LIMITS) == {
        "requests": {"limit": 3, "remaining": 1, "reset": now + 60, "used": 2, "retry_after": 50},
        "tokens": {"limit": 1_000, "remaining": 960, "reset": now + 86_400, "used": 40, "retry_after": 86_390},
    }


def test_the_moment_of_the_request_is_what_the_counters_go_by(store: Backend, clock: Clock) -> None:
    moment = clock.now()
    advance(clock, 5)
    allowance = admit(store, "demo", LIMITS, {"requests": 1}, moment)
    assert allowance.states["requests"]["reset"] == moment + 60
    assert settle(store, "demo", allowance, {"requests": 2}, moment).states["requests"]["retry_after"] == 60


def test_one_subject_does_not_use_up_anothers_limit(store: Backend) -> None:
    for subject in ("demo", "other"):
        admitted = [admit(store, subject, LIMITS, {"requests": 1}).states["requests"] for _ in range(3)]
        assert [state["remaining"] for state in admitted] == [2, 1, 0]


def test_beyond_the_limit_the_caller_is_told_to_come_back_when_the_window_ends(store: Backend, clock: Clock) -> None:
    for _ in range(3):
        admit(store, "demo", LIMITS, {"requests": 1})
    advance(clock, 18)
    error = refusal(store, LIMITS, {"requests": 1, "tokens": 40})
    assert error.kind == "rate_limited"
    assert error.detail == "Rate limit reached for requests: 3 of 3 per minute used; try again in 42 s."
    assert (error.values["counter"], error.values["limit"], error.values["retry_after"]) == ("requests", 3, 42)
    assert error.values["limits"] == states(store, "demo", LIMITS)
    advance(clock, 42)
    assert admit(store, "demo", LIMITS, {"requests": 1}).states["requests"]["used"] == 1


def test_a_refusal_names_the_counter_that_takes_longest(store: Backend) -> None:
    admit(store, "demo", LIMITS, {"requests": 3, "tokens": 999})
    error = refusal(store, LIMITS, {"requests": 1, "tokens": 20})
    assert error.values["counter"] == "tokens"
    assert error.detail == (
        "Rate limit reached for tokens: 999 of 1,000 per day used and this request costs 20; try again in 86,400 s."
    )


def test_a_cost_above_the_limit_is_told_that_waiting_does_not_help(store: Backend) -> None:
    admit(store, "demo", LIMITS, {"requests": 1})
    error = refusal(store, (TOKENS, REQUESTS), {"requests": 4, "tokens": 5})
    assert error.detail == "This request costs 4 requests, and the limit is 3 per minute: it can never be admitted."
    assert error.values["counter"] == "requests"
    assert error.values["limits"]["tokens"]["used"] == 0


def test_a_limit_of_nothing_admits_nothing(store: Backend) -> None:
    assert "never" in refusal(store, [Limit("requests", 0, 90)], {"requests": 1}).detail
    assert "per 90 s" in refusal(store, [Limit("requests", 0, 90)], {"requests": 1}).detail


def test_settling_makes_the_charge_what_was_really_taken(store: Backend) -> None:
    allowance = admit(store, "demo", LIMITS, {"requests": 1, "tokens": 400})
    less = settle(store, "demo", allowance, {"tokens": 150})
    assert less.states["tokens"]["used"] == states(store, "demo", LIMITS)["tokens"]["used"] == 150
    assert less.states["requests"] == allowance.states["requests"]
    more = settle(store, "demo", less, {"tokens": 1_200})
    assert (more.states["tokens"]["used"], more.states["tokens"]["remaining"]) == (1_200, 0)
    assert allowance.states["tokens"]["used"] == 400
    assert refusal(store, LIMITS, {"requests": 1, "tokens": 1}).values["counter"] == "tokens"


def test_what_is_settled_late_stays_out_of_the_next_window(store: Backend, clock: Clock) -> None:
    first = admit(store, "demo", LIMITS, {"requests": 1})
    advance(clock, 60)
    admit(store, "demo", LIMITS, {"requests": 1})
    late = settle(store, "demo", first, {"requests": 3})
    assert states(store, "demo", LIMITS)["requests"]["used"] == 1
    assert late.states["requests"]["retry_after"] == 1


STEPS = st.lists(
    st.one_of(
        st.floats(0, 70, allow_nan=False),
        st.dictionaries(st.sampled_from(["requests", "tokens"]), st.integers(0, 700)),
        st.integers(0, 700),
    ),
    max_size=30,
)


@settings(max_examples=100, deadline=None)
@given(st.floats(0, 1, exclude_max=True), STEPS)
def test_retry_after_reaches_reset_and_a_refused_charge_changes_nothing(
    offset: float, steps: list[float | dict[str, int] | int]
) -> None:
    clock = manual(manual().now() + offset)
    store = MemoryBackend(clock)
    last: Allowance | None = None
    for step in steps:
        if isinstance(step, float):
            advance(clock, step)
        elif isinstance(step, int):
            last = last and settle(store, "demo", last, {"tokens": step})
        else:
            before, answer = store.dump(), ask(store, step)
            if isinstance(answer, Allowance):
                last = answer
                check(clock, answer.states)
            else:
                assert store.dump() == before
                told = answer.values
                assert told["retry_after"] == told["limits"][told["counter"]]["retry_after"]
                check(clock, told["limits"])
        check(clock, states(store, "demo", LIMITS))


def ask(store: Backend, cost: dict[str, int]) -> Allowance | ApiError:
    try:
        return admit(store, "demo", LIMITS, cost)
    except ApiError as error:
        return error


def check(clock: Clock, told: dict[str, dict[str, int]]) -> None:
    for name, state in told.items():
        assert clock.now() < state["reset"] <= clock.now() + state["retry_after"] + 1
        assert 1 <= state["retry_after"] <= {"requests": 60, "tokens": 86_400}[name]
        assert state["remaining"] == max(0, state["limit"] - state["used"]) <= state["limit"]
        assert state["used"] >= 0


@settings(max_examples=50, deadline=None)
@given(st.floats(0, 200, allow_nan=False))
def test_a_client_that_waits_as_long_as_it_was_told_is_admitted(offset: float) -> None:
    clock = manual(manual().now() + offset)
    store = MemoryBackend(clock)
    admit(store, "demo", LIMITS, {"requests": 3})
    error = refusal(store, LIMITS, {"requests": 1})
    advance(clock, error.values["retry_after"])
    assert admit(store, "demo", LIMITS, {"requests": 1}).states["requests"]["used"] == 1


@pytest.mark.parametrize(("wait", "said"), [(0.0, 0), (0.001, 1), (1.0, 1), (1.2, 2), (59.999, 60)])
def test_a_wait_is_rounded_up_so_that_no_client_comes_too_early(wait: float, said: int) -> None:
    assert delay_seconds(wait) == said


@pytest.mark.parametrize(("wait", "said"), [(-3.0, 1), (0.0, 1), (0.2, 1), (1.5, 2)])
def test_it_is_no_less_than_the_least_even_when_the_time_has_passed(wait: float, said: int) -> None:
    assert delay_seconds(wait, least=1) == said
