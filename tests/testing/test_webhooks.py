"""Webhooks as a test sees them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from emulator import ControlError, Emulator
from emulator.testing.jobs import Attempt
from tests.receiver import receiving

pytestmark = pytest.mark.emulator(frozen=True)


SECRET = "whsec_ZGVtby13ZWJob29rLXNlY3JldC1vZi1haWV4cG9ydCE="
ATTEMPT = {"id": "msg_1", "url": "http://127.0.0.1:9", "attempt": 4, "at": 0, "headers": {}, "body": "{}"}


@pytest.fixture
def receiver() -> Iterator[str]:
    with receiving(204, 204) as receiver:
        yield receiver.url


def test_each_attempt_is_seen(emulator: Emulator, http: httpx.Client, hello: dict[str, Any], receiver: str) -> None:
    batch = http.post("/batch", json={"requests": [hello], "webhook_url": receiver}).json()["id"]
    assert list(emulator.webhooks) == []
    emulator.clock.advance("2s")
    (attempt,) = emulator.webhooks.wait(1, delivered=True)
    assert (attempt.url, attempt.attempt, attempt.status, attempt.next_at) == (receiver, 1, 204, None)
    assert attempt.data["data"]["id"] == batch
    assert attempt == emulator.webhooks.last == emulator.webhooks[0]

    emulator.webhooks.redeliver(attempt.id)
    assert [each.id for each in emulator.webhooks.wait(2)] == [attempt.id] * 2
    assert len(emulator.webhooks[:1]) == 1

    emulator.webhooks.clear()
    assert len(emulator.webhooks) == 0


def test_looking_and_waiting_in_vain_are_told(emulator: Emulator) -> None:
    with pytest.raises(IndexError, match="0 webhook attempts"):
        _ = emulator.webhooks.last
    with pytest.raises(AssertionError, match="there were 0"):
        emulator.webhooks.wait(1, timeout="1ms")
    with pytest.raises(ControlError, match="timeout"):
        emulator.webhooks.wait(1, timeout="soon")


@pytest.mark.finding("G2")
def test_attempts_that_are_not_kept_any_more_are_missed(emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    answer: dict[str, Any] = {"webhooks": [ATTEMPT], "dropped": 3}
    monkeypatch.setattr(emulator.client, "get", lambda path: answer)
    monkeypatch.setattr(emulator.client, "post", lambda path, body, waits: answer)
    assert emulator.webhooks.last.id == "msg_1"
    with pytest.raises(ControlError, match="has dropped 3 older webhook attempts"):
        len(emulator.webhooks)
    with pytest.warns(UserWarning, match="has dropped 3 older webhook attempts"):
        emulator.webhooks.wait(1)


@pytest.mark.finding("G5")
@pytest.mark.emulator(frozen="2026-01-01T00:00:00Z", webhook_time="real")
def test_a_receivers_library_accepts_webhooks_signed_with_real_time(
    emulator: Emulator, http: httpx.Client, hello: dict[str, Any], receiver: str
) -> None:
    attempt = delivered(emulator, http, hello, receiver)
    assert 0 < attempt.at - 1767225600 < 2
    assert Webhook(SECRET).verify(attempt.body, attempt.headers) == attempt.data


@pytest.mark.finding("G5")
@pytest.mark.emulator(frozen="2026-01-01T00:00:00Z")
def test_a_receivers_library_refuses_webhooks_signed_with_the_time_of_a_moved_clock(
    emulator: Emulator, http: httpx.Client, hello: dict[str, Any], receiver: str
) -> None:
    attempt = delivered(emulator, http, hello, receiver)
    assert attempt.headers["webhook-timestamp"] == str(int(attempt.at))
    with pytest.raises(WebhookVerificationError, match="timestamp too old"):
        Webhook(SECRET).verify(attempt.body, attempt.headers)


def delivered(emulator: Emulator, http: httpx.Client, hello: dict[str, Any], url: str) -> Attempt:
    """The webhook that tells of the end of a batch."""
    http.post("/batch", json={"requests": [hello], "webhook_url": url}).raise_for_status()
    emulator.clock.advance("2s")
    (attempt,) = emulator.webhooks.wait(1, delivered=True)
    return attempt
