"""Faults of webhooks, as a receiver on this machine sees them, and as the attempts tell."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from standardwebhooks import Webhook
from standardwebhooks.webhooks import WebhookVerificationError

from emulator.clock.world_clock import Clock
from emulator.faults.webhooks import BadSignature
from emulator.webhooks.message import DeliveryAttempt, Message
from tests.apis.aiexport_calls import HAIKU, asking, caller, create
from tests.faults.conftest import complaint
from tests.receiver import Receiver, receiving
from tests.running import Emulated, Running

SECRET = "whsec_ZGVtby13ZWJob29rLXNlY3JldC1vZi1haWV4cG9ydCE="
START = 1_767_225_600.0
DAY = 86_400.0
A_DAY = """
scenario: a-day
about: A batch takes a day.
extends: default
apis: {aiexport: {jobs: {batch: {queued: 0s, in_progress: 1m, completed: 24h}}}}
"""
ROW = asking("Hello!", HAIKU)  # a batch of one row is completed after 1.01 s


def batch(emulator: Emulated, receiver: Receiver, fault: str | None = None) -> str:
    """Start a batch whose webhook goes to the receiver; its id."""
    client = caller(emulator)
    if fault is not None:
        client.headers["X-Emulator-Fault"] = fault
    id: str = create(client, ROW, webhook_url=receiver.url)["id"]
    return id


def attempts(emulator: Emulated) -> list[DeliveryAttempt]:
    return emulator.app.state.sender.attempts()


def ages(emulator: Emulated) -> list[float]:
    """When each try was made, in seconds from the end of a batch that was started first."""
    return [round(attempt.at - START - 1.01, 6) for attempt in attempts(emulator)]


def subject(got: tuple[dict[str, str], bytes]) -> str:
    """The batch that a webhook tells of."""
    id: str = json.loads(got[1])["data"]["id"]
    return id


def fits(got: tuple[dict[str, str], bytes]) -> bool:
    """Whether the signature is that of this body at this timestamp."""
    headers, body = got
    signed = b".".join((headers["webhook-id"].encode(), headers["webhook-timestamp"].encode(), body))
    secret = base64.b64decode(SECRET.removeprefix("whsec_"))
    expected = b"v1," + base64.b64encode(hmac.digest(secret, signed, hashlib.sha256))
    return headers.get("webhook-signature", "").encode() == expected


def test_a_day_long_batch_with_three_retries_passes_at_once(running: Running, tmp_path: Path) -> None:
    scenario = tmp_path / "a-day.yaml"
    scenario.write_text(A_DAY)
    emulator = Emulated(running, (str(scenario),))
    with receiving(500, 503, 429) as receiver:
        id = batch(emulator, receiver)
        emulator.advance(DAY - 1)
        assert caller(emulator).get(f"/batch/{id}").json()["status"] == "in_progress"
        assert receiver.got == []
        emulator.advance(DAY)
        assert [attempt.status for attempt in attempts(emulator)] == [500, 503, 429, 200]
        assert [attempt.at - START - DAY for attempt in attempts(emulator)] == [0, 5, 305, 2_105]
        assert all(map(fits, receiver.got))
        assert {subject(got) for got in receiver.got} == {id}
        assert len({headers["webhook-id"] for headers, _ in receiver.got}) == 1
    emulator.close()


def test_a_duplicate_arrives_again_under_the_same_id_though_it_was_welcome(emulator: Emulated) -> None:
    with receiving() as receiver:
        batch(emulator, receiver, "duplicate; copies=2; apart=10s")
        emulator.advance(DAY)
        assert len({headers["webhook-id"] for headers, _ in receiver.got}) == 1
        assert len({body for _, body in receiver.got}) == 1
        assert all(map(fits, receiver.got))
    assert ages(emulator) == [0, 10, 20]
    assert [attempt.next_at is None for attempt in attempts(emulator)] == [False, False, True]
    assert attempts(emulator)[0].faults == ("duplicate",)


def test_a_duplicate_that_is_refused_is_retried_before_it_is_sent_again(emulator: Emulated) -> None:
    with receiving(200, 500) as receiver:
        batch(emulator, receiver, "duplicate")
        emulator.advance(DAY)
    assert [(attempt.status, age) for attempt, age in zip(attempts(emulator), ages(emulator), strict=True)] == [
        (200, 0),
        (500, 0),
        (200, 5),
    ]


def test_of_two_webhooks_the_one_to_be_reordered_comes_second(emulator: Emulated) -> None:
    with receiving() as receiver:
        first = batch(emulator, receiver, "reorder")
        emulator.advance(0.5)
        second = batch(emulator, receiver)
        emulator.advance(0.6)
        assert receiver.got == []  # the first has ended, and its webhook is held back
        emulator.advance(1)
        assert [subject(got) for got in receiver.got] == [second, first]


def test_webhooks_that_are_all_to_be_reordered_change_places_in_pairs(emulator: Emulated) -> None:
    with receiving() as receiver:
        ids = []
        for _ in range(4):
            ids.append(batch(emulator, receiver, "reorder"))
            emulator.advance(1)
        emulator.advance(2)
        assert [subject(got) for got in receiver.got] == [ids[1], ids[0], ids[3], ids[2]]


def test_a_webhook_may_wait_for_several_and_does_not_wait_for_ever(emulator: Emulated) -> None:
    with receiving() as receiver:
        first = batch(emulator, receiver, "reorder=2")
        emulator.advance(1)
        others = [batch(emulator, receiver) for _ in range(2)]
        emulator.advance(2)
        assert [subject(got) for got in receiver.got][-1] == first
        assert sorted(subject(got) for got in receiver.got) == sorted([first, *others])
        batch(emulator, receiver, "reorder; within=1h")
        emulator.advance(3_600)
        assert len(receiver.got) == 3
        emulator.advance(2)
        assert len(receiver.got) == 4


def test_a_webhook_that_could_not_wait_any_longer_is_sent_once(emulator: Emulated) -> None:
    with receiving() as receiver:
        first = batch(emulator, receiver, "reorder; within=10s")
        second = batch(emulator, receiver, "delay=1h")
        emulator.advance(DAY)
        assert [subject(got) for got in receiver.got] == [first, second]


def test_a_dropped_webhook_never_arrives_and_nobody_tries_again(emulator: Emulated) -> None:
    with receiving() as receiver:
        batch(emulator, receiver, "drop")
        emulator.advance(7 * DAY)
        assert receiver.got == []
    [attempt] = attempts(emulator)
    assert (attempt.status, attempt.error, attempt.headers) == (None, "dropped: nothing was sent", {})
    assert attempt.next_at is None


def test_a_webhook_may_be_dropped_twice_and_then_arrive(emulator: Emulated) -> None:
    with receiving() as receiver:
        batch(emulator, receiver, "drop=2")
        emulator.advance(DAY)
        assert len(receiver.got) == 1
    assert ages(emulator) == [0, 5, 305]
    assert [attempt.status for attempt in attempts(emulator)] == [None, None, 200]


def test_a_dropped_webhook_can_be_sent_again_by_hand(emulator: Emulated) -> None:
    with receiving() as receiver:
        batch(emulator, receiver, "drop")
        emulator.advance(DAY)
        id = attempts(emulator)[0].id

        async def again() -> None:
            emulator.app.state.sender.redeliver(id)

        emulator.running.call(again())
        emulator.advance(0)
        [(headers, _)] = receiver.got
        assert headers["webhook-id"] == id


def test_a_delayed_webhook_comes_later(emulator: Emulated) -> None:
    with receiving() as receiver:
        batch(emulator, receiver, "delay=2h")
        emulator.advance(7_200)
        assert receiver.got == []
        emulator.advance(2)
        assert len(receiver.got) == 1
    assert ages(emulator) == [7_200]


@pytest.mark.parametrize(
    ("how", "wrong"),
    [
        ("bad_signature", lambda headers, body: headers["webhook-signature"].startswith("v1,")),
        ("bad_signature=changed_body", lambda headers, body: json.loads(body)["changed"] is True),
        ("bad_signature=missing", lambda headers, body: "webhook-signature" not in headers),
        ("bad_signature=malformed", lambda headers, body: "," not in headers["webhook-signature"]),
    ],
)
def test_a_receiver_that_verifies_refuses_a_bad_signature(
    emulator: Emulated, how: str, wrong: Callable[[dict[str, str], bytes], bool]
) -> None:
    with receiving() as receiver:
        batch(emulator, receiver, how)
        emulator.advance(DAY)
        [(headers, body)] = receiver.got
        assert wrong(headers, body)
        assert not fits((headers, body))
        json.loads(body)
    [attempt] = attempts(emulator)
    assert attempt.body == body
    assert attempt.headers.get("webhook-signature") == headers.get("webhook-signature")


def test_only_the_first_tries_may_be_signed_badly(emulator: Emulated) -> None:
    with receiving(401) as receiver:
        batch(emulator, receiver, "bad_signature; tries=1")
        emulator.advance(60)
        assert [fits(got) for got in receiver.got] == [False, True]


def test_an_old_timestamp_is_signed_well_and_refused_for_its_age(emulator: Emulated) -> None:
    emulator.running.call(emulator.clock.set(Clock().now()))
    with receiving(400) as receiver:
        batch(emulator, receiver, "old_timestamp; by=6m; tries=1")
        emulator.advance(60)
        old, fresh = receiver.got
        assert fits(old)
        assert fits(fresh)
        with pytest.raises(WebhookVerificationError, match="too old"):
            Webhook(SECRET).verify(old[1], old[0])
        Webhook(SECRET).verify(fresh[1], fresh[0])
        first, second = attempts(emulator)
        assert int(first.at) - int(old[0]["webhook-timestamp"]) == 360
        assert int(second.at) == int(fresh[0]["webhook-timestamp"])


def test_faults_of_webhooks_go_together(emulator: Emulated) -> None:
    with receiving() as receiver:
        batch(emulator, receiver, "delay=1m, old_timestamp, bad_signature; tries=1, duplicate")
        emulator.advance(DAY)
        assert [fits(got) for got in receiver.got] == [False, True]
    assert ages(emulator) == [60, 60]
    assert attempts(emulator)[0].faults == ("delay", "old_timestamp", "bad_signature", "duplicate")


def test_a_body_that_is_no_object_is_changed_too() -> None:
    delivery = BadSignature("changed_body").send(Message("msg_1", "http://127.0.0.1/", SECRET, b"[]"))
    _, body = delivery.signed(1, START)
    assert body == b"[] "


@pytest.mark.parametrize(
    ("name", "given", "reason"),
    [
        ("bad_signature", {"how": "other_secert"}, "did you mean 'other_secret'?"),
        ("bad_signature", {"tires": 1}, "did you mean 'tries'?"),
        ("duplicate", {"copies": 0}, "copies: expected a whole number from 1 to 1000; found 0"),
        ("delay", "later", "by: expected a duration such as '340ms'"),
        ("reorder", {"within": -1}, "within: expected a duration"),
        ("drop", "none", "tries: expected a whole number from 1"),
        ("old_timestamp", True, "by: expected a duration"),
    ],
)
def test_invalid_parameters_are_refused(name: str, given: Any, reason: str) -> None:
    assert reason in complaint(name, given)
