"""Attempts: what is the same request, and what follows from what."""

from __future__ import annotations

import pytest

from emulator.verdict.finding import Thresholds
from emulator.verdict.history import Attempts, failed, grouped, identity
from tests.verdict.conftest import HOME, Seen

OTHER = ("127.0.0.1", 40_001)


def test_the_same_caller_operation_target_and_body_are_one_request(seen: Seen) -> None:
    assert identity(seen.add(0)) == identity(seen.add(1))


@pytest.mark.parametrize(
    "differing",
    [
        {"body": {"model": "other"}},
        {"caller": "axp_********_two"},
        {"workspace": "elsewhere"},
        {"operation": "messages.stream"},
        {"query": "page=2"},
        {"headers": [(b"idempotency-key", b"2")]},
        {"headers": [(b"x-api-key", b"axp_********_two")]},
    ],
    ids=lambda differing: next(iter(differing)),
)
def test_two_that_differ_in_one_thing_are_not(seen: Seen, differing: dict[str, object]) -> None:
    assert identity(seen.add(0)) != identity(seen.add(1, **differing))  # type: ignore[arg-type]


def test_what_the_journal_masks_or_cuts_is_only_itself(seen: Seen) -> None:
    masked = [seen.add(at, body={"secret": "********"}) for at in (0, 1)]
    cut = [seen.add(at, headers=[(b"content-length", b"99999")]) for at in (2, 3)]
    nowhere = [seen.add(at, operation="") for at in (4, 5)]
    assert len(grouped([*masked, *cut, *nowhere], Thresholds())) == 6


def test_a_request_follows_over_the_same_connection_or_clearly_later(seen: Seen) -> None:
    one, soon, elsewhere, later = seen.add(0), seen.add(0.1), seen.add(0.1, peer=OTHER), seen.add(1.2, peer=OTHER)
    attempts = Attempts((one,), Thresholds())
    assert attempts.follows(one, soon)
    assert not attempts.follows(one, elsewhere)
    assert attempts.follows(one, later)


def test_connections_that_take_turns_are_workers_side_by_side(seen: Seen) -> None:
    for at, peer in enumerate((HOME, OTHER, HOME)):
        seen.add(at, 500, peer=peer)
    (attempts,) = grouped(seen.exchanges, Thresholds())
    assert attempts.parallel
    assert list(attempts.runs()) == []


def test_requests_that_overlap_are_of_workers_side_by_side(seen: Seen) -> None:
    seen.add(0, 500, took=2.0)
    seen.add(1, 500, peer=OTHER)
    (attempts,) = grouped(seen.exchanges, Thresholds())
    assert attempts.parallel


def test_a_run_ends_with_the_first_success(seen: Seen) -> None:
    for at, status in enumerate((200, 500, 503, 200, 200, 429, 200)):
        seen.add(at, status)
    (attempts,) = grouped(seen.exchanges, Thresholds())
    assert [[each.number for each in run] for run in attempts.runs()] == [[2, 3, 4], [6, 7]]


def test_a_client_that_leaves_at_the_last_event_has_not_failed(seen: Seen) -> None:
    assert not failed(seen.add(0, outcome="left"))
    assert failed(seen.add(0, outcome="left", sent_bytes=1))
    assert failed(seen.add(0, outcome="cut"))
