"""What was seeded is known by its names, in texts and in bodies."""

from __future__ import annotations

import pytest

from emulator.clock import manual
from emulator.store.memory import MemoryBackend
from emulator.store.seeded import MAX_NAMED, Seeded


@pytest.fixture
def seeded() -> Seeded:
    return Seeded(MemoryBackend(manual(0.0)))


def test_nothing_is_seeded_at_first(seeded: Seeded) -> None:
    assert not seeded.any


def test_what_was_noted_is_seeded(seeded: Seeded) -> None:
    seeded.note("api", "agents", "a1")
    assert seeded.any
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
