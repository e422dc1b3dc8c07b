"""What was seeded is known by its names, in texts and in bodies."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from emulator.clock.world_clock import manual
from emulator.store.memory import MemoryBackend, MemoryRecords
from emulator.store.seeded import MAX_BYTES, MAX_NAMED, MAX_TEXTS, Seeded


class Counting(MemoryRecords):
    """Records that count how often they are looked at."""

    looked = 0

    def get(self, collection: str, id: str) -> Any | None:
        self.looked += 1
        return super().get(collection, id)

    def items(self, collection: str) -> list[tuple[str, Any]]:
        self.looked += self.count(collection)
        return super().items(collection)


@pytest.fixture
def records() -> Counting:
    return Counting(manual(0.0))


@pytest.fixture
def seeded(records: Counting) -> Seeded:
    store = MemoryBackend(manual(0.0))
    store.records = records
    return Seeded(store)


def test_nothing_is_seeded_at_first(seeded: Seeded) -> None:
    assert not seeded.all


def test_what_was_noted_is_seeded(seeded: Seeded) -> None:
    seeded.note("api", "agents", "a1")
    assert seeded.all
    assert seeded.has("api", "agents", "a1")
    assert not seeded.has("api", "agents", "a2")


def test_it_is_named_by_a_whole_text_only(seeded: Seeded) -> None:
    seeded.note("api", "agents", "a1")
    assert seeded.named("api", ["a1"]) == ("api/agents/a1",)
    assert seeded.named("api", [], b"", b'{"id":"a1"}') == ("api/agents/a1",)
    assert seeded.named("api", ["a11"], b'{"id":"xa1"}', b"a1") == ()
    assert seeded.named("other", ["a1"]) == ()


def test_another_name_of_it_is_remembered(seeded: Seeded) -> None:
    seeded.note("api", "sessions", "team/s1", "s1")
    seeded.note("api", "sessions", "team/s1")
    assert seeded.named("api", ["s1"]) == ("api/sessions/team/s1",)


def test_one_exchange_names_so_many_and_no_more(seeded: Seeded) -> None:
    for number in range(MAX_NAMED + 1):
        seeded.note("api", "agents", str(number), "all")
    assert len(seeded.named("api", ["all"])) == MAX_NAMED


BOUND = pytest.mark.bound("names of seeded records and jobs that an exchange is searched for")


@BOUND
def test_an_exchange_costs_the_same_however_much_is_seeded(seeded: Seeded, records: Counting) -> None:
    body = b'{"id":"a1","of":["a2","a1"]}'
    looked = []
    for count in (1, 1_000):
        for number in range(count):
            seeded.note("api", "agents", f"a{number}")
        records.looked = 0
        seeded.named("api", ["a1"], body)
        looked.append(records.looked)
    assert looked == [4, 4]  # id, of, a1, a2


@pytest.mark.bound("records and jobs that are seeded")
def test_beyond_the_bound_the_first_is_no_longer_seeded(seeded: Seeded, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("emulator.store.seeded.MAX_SEEDED", 2)
    for id in ("a1", "a2", "a3"):
        seeded.note("api", "agents", id)
    assert [seeded.has("api", "agents", id) for id in ("a1", "a2", "a3")] == [False, True, True]
    assert seeded.named("api", ["a1", "a2"]) == ("api/agents/a2",)


def test_an_api_of_which_nothing_is_seeded_looks_at_no_body(seeded: Seeded, records: Counting) -> None:
    seeded.note("other", "agents", "a1")
    records.looked = 0
    assert seeded.named("api", ["a1"], b'{"id":"a1"}') == ()
    assert records.looked == 0


@BOUND
def test_only_the_first_texts_and_bytes_of_a_body_are_looked_at(seeded: Seeded) -> None:
    seeded.note("api", "agents", "a1")
    for texts, found in ((MAX_TEXTS - 1, True), (MAX_TEXTS, False)):
        body = orjson.dumps([*map(str, range(texts)), "a1"])
        assert bool(seeded.named("api", [], body[:0], body.replace(b'"1"', b'"one"'))) is found
    for length, found in ((MAX_BYTES - len('["","a1"'), True), (MAX_BYTES, False)):
        assert bool(seeded.named("api", [], orjson.dumps(["x" * length, "a1"]))) is found


def test_a_body_of_quotes_that_never_end_is_read_once(seeded: Seeded) -> None:
    seeded.note("api", "agents", "a1")
    for body in (b'"' + b'\\"' * 500_000, b'"' * 1_000_001, b'["' + b"\\" * 1_000_001):
        assert seeded.named("api", [], body) == ()


def test_a_name_is_found_however_it_is_escaped(seeded: Seeded) -> None:
    seeded.note("api", "agents", 'the "ä" /1')
    body = rb'["the \"\u00e4\" \/1"]'
    assert seeded.named("api", [], body) == ('api/agents/the "ä" /1',)
    assert seeded.named("api", [], orjson.dumps({'the "ä" /1': 1})) == ('api/agents/the "ä" /1',)
    assert seeded.named("api", [], b'["\\x", "a') == ()
