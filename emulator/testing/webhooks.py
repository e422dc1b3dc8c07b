"""Webhooks as a test sees them: each attempt that a world has made to tell a receiver something."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from msgspec import Struct

from emulator.testing.listing import Listing


class Attempt(Struct, frozen=True):
    """One attempt, counted from 1 for each webhook `id`; `at` and `next_at` (None: none follows) are on the world's
    clock. `status` is what the receiver answered; None when nobody did, and `error` says why."""

    id: str
    url: str
    attempt: int
    at: float
    headers: Mapping[str, str]
    body: str
    status: int | None = None
    error: str | None = None
    reply_headers: Mapping[str, str] = {}
    reply_body: str = ""
    took: float = 0.0
    next_at: float | None = None
    faults: tuple[str, ...] = ()

    @property
    def data(self) -> Any:
        """The body, which is JSON, as data."""
        return msgspec.json.decode(self.body)


class Webhooks(Listing[Attempt]):
    """The attempts of a world, the oldest first; each look asks the server anew."""

    def all(self) -> list[Attempt]:
        """All attempts."""
        return _attempts(self._client.get("/webhooks"))

    def wait(self, count: int = 1, timeout: float | str = "5s", *, delivered: bool = False) -> Sequence[Attempt]:
        """Wait, in real time, for so many attempts; only `delivered` ones when the receiver must have said yes.

        Raises AssertionError when they are not made.
        """
        order = {"count": count, "timeout": timeout, "delivered": delivered}
        return _attempts(self._waited("/webhooks/wait", order))

    def redeliver(self, id: str) -> None:
        """Send a webhook again, at once."""
        self._client.post(f"/webhooks/{id}/redeliver")

    def clear(self) -> None:
        """Forget the attempts."""
        self._client.delete("/webhooks")

    def _missing(self, count: int) -> str:
        return f"{count} webhook attempts have been made"


def _attempts(answer: Any) -> list[Attempt]:
    return msgspec.convert(answer["webhooks"], list[Attempt], strict=False)
