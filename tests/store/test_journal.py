"""The journal: the newest exchanges, never more than it may hold."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.http.exchange import Differing, Exchange, NearMiss
from emulator.store.journal import OVERHEAD, Journal


def exchange(number: int, body: int = 0, reply: int = 0) -> Exchange:
    kept = Exchange(number, 0.0, "GET", "/", "")
    kept.body, kept.reply_body = b"a" * body, b"b" * reply
    return kept


def numbers(journal: Journal) -> list[int]:
    return [kept.number for kept in journal]


def test_the_newest_stay() -> None:
    journal = Journal(entries=3)
    for number in range(5):
        journal.add(exchange(number))
    assert (numbers(journal), len(journal), journal.dropped) == ([2, 3, 4], 3, 2)


def test_a_large_body_is_kept_in_part_and_pushes_others_out() -> None:
    journal = Journal(size=10 * OVERHEAD)
    for number in range(12):
        journal.add(exchange(number, body=10 * OVERHEAD))
    kept = list(journal)
    assert {len(each.body) for each in kept} == {OVERHEAD}
    assert numbers(journal) == list(range(7, 12))


def test_clearing_forgets_everything_and_the_room_is_free_again() -> None:
    journal = Journal(entries=100, size=10 * OVERHEAD)
    for number in range(9):
        journal.add(exchange(number))
    journal.clear()
    assert numbers(journal) == []
    for number in range(10):
        journal.add(exchange(number))
    assert len(journal) == 10


def test_what_is_read_does_not_change_while_others_are_added() -> None:
    journal = Journal()
    journal.add(exchange(1))
    reading = iter(journal)
    journal.add(exchange(2))
    assert [kept.number for kept in reading] == [1]


def test_long_header_lines_count_and_those_that_are_too_much_are_not_kept() -> None:
    journal = Journal(size=10 * OVERHEAD)
    lines = [(b"x-one", b"1" * 1_000), (b"x-two", b"2" * 1_000), (b"x-three", b"3")]
    for number in range(12):
        kept = exchange(number)
        kept.headers, kept.reply_headers = lines, lines
        journal.add(kept)
    assert [[name for name, _ in kept.headers] for kept in journal] == [[b"x-one"]] * 4
    assert lines[-1] == (b"x-three", b"3")  # the answer is still to be sent


def test_what_is_said_of_an_error_counts_and_is_kept_in_part() -> None:
    journal = Journal(size=10 * OVERHEAD)
    for number in range(12):
        kept = exchange(number)
        kept.error = "é" * 2_000
        near = Differing("body.text", "'x'", "é" * 20_000)
        kept.near_misses = (NearMiss("r:1:1", "", "r", 1, (near, near)), NearMiss("r:2:1", "two", "r", 2, ()))
        journal.add(kept)
    first = next(iter(journal))
    assert len(journal) == 4
    assert len(first.error) == OVERHEAD // 2
    assert [miss.name for miss in first.near_misses] == ["", "two"]
    assert {len(each.found) for each in first.near_misses[0].differences} == {OVERHEAD // 48}
    assert held(journal) <= 10 * OVERHEAD


def test_small_near_misses_are_kept_whole_beside_a_large_body() -> None:
    journal = Journal(size=10 * OVERHEAD)
    kept = exchange(1, body=10 * OVERHEAD)
    kept.error = "no rule"
    kept.near_misses = (NearMiss("r:1:1", "one", "r", 1, (Differing("body.a", "1", "2"),)),)
    journal.add(kept)
    assert kept.near_misses[0].differences[0].found == "2"


def test_who_watches_is_told_of_what_is_added_and_of_what_ends_until_they_leave() -> None:
    journal, told = Journal(), list[tuple[int, str]]()
    with journal.watched(lambda kept: told.append((kept.number, kept.outcome))):
        first, second = exchange(1), exchange(2)
        second.outcome = "complete"
        journal.add(first)
        journal.add(second)
        first.outcome = "left"
        journal.finish(first)
    journal.add(exchange(3))
    assert told == [(1, "open"), (2, "complete"), (1, "left")]


def test_an_open_exchange_whose_end_nobody_knows_was_stopped() -> None:
    journal, kept = Journal(), exchange(1)
    journal.add(kept)
    journal.finish(kept)
    assert [each.outcome for each in journal] == ["stopped"]


def held(journal: Journal) -> int:
    return sum(kept.held for kept in journal)


@pytest.mark.bound("exchanges in the journal")
@given(st.lists(st.tuples(st.integers(0, 30_000), st.integers(0, 30_000)), max_size=40), st.integers(1, 10))
def test_it_never_holds_more_than_it_may(bodies: list[tuple[int, int]], entries: int) -> None:
    size = 60_000
    journal = Journal(entries, size)
    for number, (body, reply) in enumerate(bodies):
        journal.add(exchange(number, body, reply))
        assert len(journal) <= entries
        assert sum(OVERHEAD + len(each.body) + len(each.reply_body) for each in journal) <= size
    held = numbers(journal)
    assert held == list(range(len(bodies) - len(held), len(bodies)))
    assert journal.dropped == len(bodies) - len(held)
