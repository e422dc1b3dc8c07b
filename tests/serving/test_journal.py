"""The journal: the newest exchanges, never more than it may hold."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from emulator.exchange import Exchange
from emulator.serving.journal import OVERHEAD, Journal
from emulator.serving.redact import Redactor


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


def test_credentials_are_masked_before_anybody_reads_them() -> None:
    journal = Journal()
    kept = exchange(1)
    kept.headers, kept.covers = [(b"x-api-key", b"axp_live_0123456789"), (b"host", b"x")], Redactor().headers
    journal.add(kept)
    for _ in range(2):
        assert [[*read.headers] for read in journal] == [[(b"x-api-key", b"axp_********6789"), (b"host", b"x")]]
    assert "0123456789" not in repr(vars(kept))


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
