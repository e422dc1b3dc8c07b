"""The ledger of what was served, and the statistics read from it."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from emulator.clock.world_clock import manual
from emulator.compile.data import SeedFile
from emulator.playbook.model import Seed
from emulator.store.memory import MAX_BUCKETS, MemoryBackend
from emulator.store.usage import UsageLedger

START = 1_767_225_600.0
DAY = 86_400.0
HOUR = 3_600.0


def ledger(start: float = START, most: int = 1_000) -> UsageLedger:
    return UsageLedger(MemoryBackend(manual(start), max_buckets=most))


def serve(
    ledger: UsageLedger,
    at: float,
    key: str = "key-of-one-1",
    asset: str = "model",
    workspace: str = "one",
    **figures: Any,
) -> None:
    ledger.record("api", asset, key, workspace, at, **{"ok": True, "latency_ms": 10.0, "tokens": 30, **figures})


def month(
    ledger: UsageLedger, owner: str = "one", key: str | None = None, asset: str = "model"
) -> dict[str, Any] | None:
    return ledger.statistics("api", asset, START - 31 * DAY, START, owner, key)


def row(**changes: Any) -> Seed:
    row = {"asset": "model", "key": "key-of-one-1", "days_ago": 3, "hour": 14, "requests": 6, "successful": 6}
    (seed,) = SeedFile.model_validate([{**row, "latency_ms": 0.88, "tokens": 491.5, **changes}]).seeds()
    return seed


def test_nothing_served_is_none() -> None:
    assert month(ledger()) is None


def test_totals_keys_and_hours_add_up_to_what_was_recorded() -> None:
    book = ledger()
    serve(book, START + 10, latency_ms=1.0, tokens=10)
    serve(book, START + 20, latency_ms=2.0, tokens=20, ok=False)
    serve(book, START + HOUR, latency_ms=4.0, tokens=41)
    serve(book, START + HOUR + 1, key="key-of-two-2", workspace="two", latency_ms=8.0, tokens=8)
    assert month(book) == {
        "total": {"requests": 4, "successful": 3, "failed": 1, "latency_ms": 3.75, "tokens": 19.75},
        "keys": [
            {
                "key": "key-of-one-1",
                "masked": "key-********ne-1",
                "owned": True,
                "total": {"requests": 3, "successful": 2, "failed": 1, "latency_ms": 2.33, "tokens": 23.67},
                "series": [
                    {"at": START, "requests": 2, "successful": 1, "failed": 1, "latency_ms": 1.5, "tokens": 15.0},
                    {
                        "at": START + HOUR,
                        "requests": 1,
                        "successful": 1,
                        "failed": 0,
                        "latency_ms": 4.0,
                        "tokens": 41.0,
                    },
                ],
            },
            {
                "key": "key-of-two-2",
                "masked": "key-********wo-2",
                "owned": False,
                "total": {"requests": 1, "successful": 1, "failed": 0, "latency_ms": 8.0, "tokens": 8.0},
                "series": [
                    {"at": START + HOUR, "requests": 1, "successful": 1, "failed": 0, "latency_ms": 8.0, "tokens": 8.0}
                ],
            },
        ],
    }


@pytest.mark.finding("D1")
def test_a_request_that_has_not_ended_counts_as_a_request_only() -> None:
    book = ledger()
    serve(book, START, latency_ms=8.0, tokens=20)
    for _ in range(3):
        book.begin("api", "model", "key-of-one-1", "one", START + HOUR - 1)
    book.end("api", "model", "key-of-one-1", START + HOUR - 1, True, 4.0, 10)
    book.end("api", "model", "key-of-one-1", START + HOUR - 1, False, 3.0, 0)
    result = month(book)
    assert result is not None
    assert result["total"] == {"requests": 4, "successful": 2, "failed": 1, "latency_ms": 5.0, "tokens": 10.0}
    assert [hour["at"] for hour in result["keys"][0]["series"]] == [START]


@pytest.mark.finding("D1")
def test_means_of_nothing_that_has_ended_are_0() -> None:
    book = ledger()
    book.begin("api", "model", "key-of-one-1", "one", START)
    result = month(book)
    assert result is not None
    assert result["total"] == {"requests": 1, "successful": 0, "failed": 0, "latency_ms": 0, "tokens": 0}


@pytest.mark.finding("D1")
def test_an_end_whose_hour_was_dropped_opens_no_other() -> None:
    book = ledger()
    book.end("api", "model", "key-of-one-1", START, True, 4.0, 10)
    assert month(book) is None


def test_both_days_of_a_range_are_whole() -> None:
    book = ledger()
    for at in (START - 1, START, START + DAY - 1, START + DAY):
        serve(book, at)
    result = book.statistics("api", "model", START, START, "one")
    assert result is not None
    assert result["total"]["requests"] == 2


def test_a_key_narrows_everything_and_another_asset_or_api_is_another_matter() -> None:
    book = ledger()
    serve(book, START)
    serve(book, START, key="key-of-two-2", workspace="two")
    narrowed = month(book, key="key-of-two-2")
    assert narrowed is not None
    assert narrowed["total"]["requests"] == 1
    assert [entry["key"] for entry in narrowed["keys"]] == ["key-of-two-2"]
    assert month(book, key="nobody") is None
    assert month(book, asset="other") is None
    assert book.statistics("other", "model", START, START, "one") is None


def test_the_owners_keys_come_first_then_the_busiest() -> None:
    book = ledger()
    for key, times in (("key-quiet", 1), ("key-busy", 3), ("key-mine", 1)):
        for _ in range(times):
            serve(book, START, key=key, workspace=key)
    by_workspace, by_key = month(book, owner="key-mine"), month(book, owner="key-busy")
    assert by_workspace is not None
    assert by_key is not None
    assert [entry["key"] for entry in by_workspace["keys"]] == ["key-mine", "key-busy", "key-quiet"]
    assert [entry["owned"] for entry in by_key["keys"]] == [True, False, False]


def test_every_key_of_a_workspace_is_its_own() -> None:
    book = ledger()
    serve(book, START, key="key-old")
    serve(book, START, key="key-new")
    result = month(book, owner="one")
    assert result is not None
    assert [entry["owned"] for entry in result["keys"]] == [True, True]


def test_seeds_lie_in_the_hours_they_name_whatever_today_is() -> None:
    for start in (START, START + 200 * DAY + 12_345.6, 951_782_400.0):
        book = ledger(start)
        book.seed("api", [row(), row(days_ago=31, hour=0, requests=2, successful=1)], {"key-of-one-1": "one"})
        today = start // DAY * DAY
        result = book.statistics("api", "model", today - 31 * DAY, today, "one")
        assert result is not None
        assert result["total"]["requests"] == 8
        assert result["keys"][0]["owned"]
        oldest, latest = result["keys"][0]["series"]
        assert (oldest["at"], oldest["requests"], oldest["failed"]) == (today - 31 * DAY, 2, 1)
        assert (latest["at"], latest["requests"], latest["failed"]) == (today - 3 * DAY + 14 * HOUR, 6, 0)
        assert (latest["latency_ms"], latest["tokens"]) == (0.88, 491.5)


def test_seeds_are_still_within_the_month_after_a_year_of_service() -> None:
    clock = manual(START)
    book = UsageLedger(MemoryBackend(clock))
    book.seed("api", [row()], {})
    asyncio.run(clock.advance(365 * DAY))
    assert book.statistics("api", "model", START + 334 * DAY, START + 365 * DAY, "one") is not None
    assert month(book) is None


def test_what_is_served_adds_to_a_seeded_hour() -> None:
    book = ledger()
    book.seed("api", [row(workspace="seeded")], {})
    serve(book, START - 3 * DAY + 14 * HOUR, latency_ms=7.88, tokens=491.5)
    result = month(book)
    assert result is not None
    assert len(result["keys"][0]["series"]) == 1
    assert result["total"] == {"requests": 7, "successful": 7, "failed": 0, "latency_ms": 1.88, "tokens": 491.5}


def test_seeding_again_replaces_what_was_seeded_for_the_api() -> None:
    book = ledger()
    book.seed("other", [row()], {})
    book.seed("api", [row(), row(hour=15)], {})
    book.seed("api", [row(requests=9)], {})
    mine, other = month(book), book.statistics("other", "model", START - 31 * DAY, START, "one")
    assert mine is not None
    assert other is not None
    assert (mine["total"]["requests"], other["total"]["requests"]) == (9, 6)


def test_forgetting_leaves_the_seeds() -> None:
    store = MemoryBackend(manual(START))
    book = UsageLedger(store)
    book.seed("api", [row()], {})
    serve(book, START)
    store.clear()
    result = month(book)
    assert result is not None
    assert result["total"]["requests"] == 6


@pytest.mark.parametrize(
    "changes",
    [
        {"days_ago": 0},
        {"days_ago": 32},
        {"hour": 24},
        {"successful": 7},
        {"requests": 0},
        {"latency_ms": -1},
        {"nonsense": 1},
    ],
)
def test_a_seed_that_cannot_have_happened_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        row(**changes)


def test_a_million_requests_take_no_more_room_than_the_hours_they_fall_in() -> None:
    store = MemoryBackend(manual(START), max_buckets=1_000)
    book = UsageLedger(store)
    for number in range(20_000):
        serve(book, START + number, key=f"key-{number % 700}", asset=f"model-{number % 3}")
    assert len(store.usage.opened) == sum(map(len, store.usage.assets.values())) <= 1_000


def test_hours_older_than_the_month_are_dropped() -> None:
    store = MemoryBackend(manual(START))
    book = UsageLedger(store)
    serve(book, START)
    serve(book, START, asset="asked-once")
    serve(book, START + 32 * DAY)
    assert len(store.usage.opened) == 3
    serve(book, START + 33 * DAY)
    assert month(book) is None
    assert len(store.usage.opened) == 2
    assert list(store.usage.assets) == [("api", "model")]


def test_what_was_served_is_in_the_dump_of_the_backend() -> None:
    stores = [MemoryBackend(manual(START)) for _ in range(2)]
    book, other = map(UsageLedger, stores)
    for hours in (0, 1, 1, 30):
        serve(book, START + hours * HOUR, key="abc", ok=hours != 1, tokens=hours)
    serve(other, START, key="gone")
    stores[1].load(json.loads(json.dumps(stores[0].dump())))
    assert month(other) == month(book) is not None
    serve(other, START, key="abc")
    serve(book, START, key="abc")
    assert stores[1].dump() == stores[0].dump()


@given(
    st.lists(
        st.tuples(st.integers(0, 40 * 24), st.sampled_from("abc"), st.booleans(), st.integers(0, 9_999)), max_size=60
    )
)
def test_any_history_adds_up(history: list[tuple[int, str, bool, int]]) -> None:
    book = ledger()
    for hours, key, ok, tokens in sorted(history):
        serve(book, START + hours * HOUR, key=key, ok=ok, tokens=tokens)
    last = max((hours for hours, *_ in history), default=0)
    kept = [entry for entry in history if entry[0] > last - 31 * 24]
    result = book.statistics("api", "model", START + (last // 24 - 30) * DAY, START + 41 * DAY, "one")
    kept = [entry for entry in kept if entry[0] >= (last // 24 - 30) * 24]
    assert (result is None) == (not kept)
    if result is not None:
        total = result["total"]
        assert total["requests"] == len(kept) == sum(entry["total"]["requests"] for entry in result["keys"])
        assert total["successful"] == sum(ok for _, _, ok, _ in kept)
        assert total["tokens"] == round(sum(tokens for *_, tokens in kept) / len(kept), 2)
        for entry in result["keys"]:
            assert entry["total"]["requests"] == sum(hour["requests"] for hour in entry["series"])


@pytest.mark.bound("distinct assets and keys that are counted")
def test_of_more_sums_than_are_kept_the_oldest_goes() -> None:
    assert MAX_BUCKETS == 50_000
    store = MemoryBackend(manual(START), max_buckets=3)
    book = UsageLedger(store)
    for number in range(5):
        serve(book, START + number * HOUR, asset=f"model-{number}")
    assets = [f"model-{number}" for number in range(5)]
    assert [asset for asset in assets if list(store.usage.buckets("api", asset))] == assets[2:]
