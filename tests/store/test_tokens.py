"""Tokens: how long each one is valid, in time and in uses."""

from __future__ import annotations

import asyncio

import pytest

from emulator.clock.world_clock import Clock, manual
from emulator.playbook.model import CollectionPlan
from emulator.store.memory import MemoryBackend
from emulator.store.records import Records
from emulator.store.tokens import Tokens, expired


@pytest.fixture
def clock() -> Clock:
    return manual(1_000.0)


@pytest.fixture
def tokens(clock: Clock) -> Tokens:
    store = MemoryBackend(clock)
    records = Records(CollectionPlan("tokens", "token", {"t": {"token": "t"}}, 10), "api", store)
    return Tokens("api", store, {"tokens": records})


def test_a_token_is_valid_for_any_number_of_uses_by_default(tokens: Tokens) -> None:
    assert [tokens.use("t") for _ in range(5)] == [True] * 5


def test_only_tokens_with_a_record_were_issued(tokens: Tokens) -> None:
    assert tokens.issued("t")
    assert not tokens.issued("other")


def test_without_a_time_or_a_count_a_token_expires_at_once(tokens: Tokens) -> None:
    tokens.expire("t")
    assert not tokens.use("t")
    assert tokens.use("other")


def test_a_token_expires_at_its_time(tokens: Tokens, clock: Clock) -> None:
    tokens.expire("t", after=10.0)
    asyncio.run(clock.advance(9.9))
    assert tokens.use("t")
    asyncio.run(clock.advance(0.1))
    assert not tokens.use("t")


def test_each_use_counts_and_the_last_one_is_still_valid(tokens: Tokens) -> None:
    tokens.expire("t", uses=2)
    assert [tokens.use("t") for _ in range(3)] == [True, True, False]


def test_the_earlier_of_two_expiries_holds(tokens: Tokens, clock: Clock) -> None:
    tokens.expire("t", after=10.0, uses=1)
    tokens.expire("t", after=100.0, uses=5)
    assert [tokens.use("t"), tokens.use("t")] == [True, False]
    tokens.expire("other", after=10.0)
    tokens.expire("other", after=100.0)
    asyncio.run(clock.advance(10.0))
    assert not tokens.use("other")


def test_an_expired_token_is_reported_as_one() -> None:
    assert (expired().kind, expired().detail) == ("expired_token", "the token has expired")
