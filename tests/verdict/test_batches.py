"""Batches that are handed in twice."""

from __future__ import annotations

from emulator.http.exchange import Exchange
from tests.apis.aiexport_calls import asking, caller, create
from tests.verdict.conftest import Seen, Story, verdict


def batch(seen: Seen, at: float, number: int = 1, status: int = 202, **more: object) -> Exchange:
    body = {"requests": [asking()]}
    return seen.add(
        at,
        status,
        body,
        "batch.create",
        "POST /v2/batch",
        {"id": f"batch_{number}"},
        **more,  # type: ignore[arg-type]
    )


def test_a_batch_that_is_accepted_twice_is_told(story: Story) -> None:
    emulated = story("")
    client = caller(emulated)
    for _ in range(2):
        create(client, asking())
        emulated.advance(3)
    found = verdict(emulated, 2)
    assert list(found) == ["batch_sent_twice"]
    assert found["batch_sent_twice"].exchanges == (1, 2)
    assert "sent and accepted again 3 s later" in found["batch_sent_twice"].message


def test_a_batch_whose_answer_was_lost_is_told_as_such(seen: Seen) -> None:
    batch(seen, 0, outcome="cut", sent_bytes=0)
    batch(seen, 5, 2)
    assert "whose answer did not arrive in whole (cut)" in seen.found()["batch_sent_twice"].message


def test_a_batch_of_other_rows_is_another_batch(story: Story) -> None:
    emulated = story("")
    client = caller(emulated)
    create(client, asking("one"))
    create(client, asking("two"))
    assert verdict(emulated, 2) == {}


def test_a_batch_is_sent_again_once_the_first_was_cancelled_or_has_ended(story: Story) -> None:
    emulated = story("")
    client = caller(emulated)
    client.delete(f"/batch/{create(client, asking())['id']}/cancel")
    emulated.advance(2)
    second = create(client, asking())
    emulated.advance(5)
    assert client.get(f"/batch/{second['id']}").json()["status"] == "completed"
    create(client, asking())
    assert verdict(emulated, 5) == {}


def test_a_batch_that_was_refused_is_sent_again(seen: Seen) -> None:
    batch(seen, 0, status=503, retry_after="30")
    batch(seen, 31)
    assert seen.found() == {}


def test_workers_that_hand_in_the_same_at_once_are_let_pass(seen: Seen) -> None:
    batch(seen, 0)
    batch(seen, 0.01, 2, peer=("127.0.0.1", 40_001))
    assert seen.found() == {}


def test_an_idempotency_key_makes_it_right(seen: Seen) -> None:
    for at in (0, 5):
        batch(seen, at, headers=[(b"Idempotency-Key", b"one")])
    assert seen.found() == {}


def test_the_same_batch_the_next_day_is_right(seen: Seen) -> None:
    batch(seen, 0)
    batch(seen, 86_400, 2)
    assert seen.found() == {}
