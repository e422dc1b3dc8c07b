"""Views of webhooks: one definition of how an attempt is shown, for the control API and its clients."""

from __future__ import annotations

from msgspec import Struct

from emulator.webhooks.message import DeliveryAttempt


class WebhookView(Struct, frozen=True):
    """One attempt, counted from 1. `at` and `next_at` (null: none follows) are on the world's clock, in seconds since
    the epoch; `took` is in real seconds. `status` null: nobody answered, and `error` says why."""

    id: str
    url: str
    attempt: int
    at: float
    headers: dict[str, str]
    body: str
    status: int | None = None
    error: str | None = None
    reply_headers: dict[str, str] = {}
    reply_body: str = ""
    took: float = 0.0
    next_at: float | None = None
    faults: tuple[str, ...] = ()


def webhook_view(attempt: DeliveryAttempt) -> WebhookView:
    """Returns an attempt as it is shown; bodies are text."""
    return WebhookView(
        attempt.id,
        attempt.url,
        attempt.number,
        attempt.at,
        attempt.headers,
        attempt.body.decode(errors="replace"),
        attempt.status,
        attempt.error,
        attempt.reply_headers,
        attempt.reply_body.decode(errors="replace"),
        attempt.took,
        attempt.next_at,
        attempt.faults,
    )
