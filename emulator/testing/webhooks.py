"""Webhooks as a test sees them: each attempt that a world has made to tell a receiver something."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, overload

import msgspec
from msgspec import Struct

from emulator.testing.client import Client, ControlError


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


class Webhooks(Sequence[Attempt]):
    """The attempts of a world, the oldest first; each look asks the server anew."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def all(self) -> list[Attempt]:
        """All attempts."""
        return _attempts(self._client.get("/webhooks"))

    @property
    def last(self) -> Attempt:
        """The newest attempt. Raises IndexError when there was none."""
        return self[-1]

    def wait(self, count: int = 1, timeout: float | str = "5s", *, delivered: bool = False) -> Sequence[Attempt]:
        """Wait, in real time, for so many attempts; only `delivered` ones when the receiver must have said yes.

        Raises AssertionError when they are not made.
        """
        order = {"count": count, "timeout": timeout, "delivered": delivered}
        try:
            return _attempts(self._client.post("/webhooks/wait", order, waits=True))
        except ControlError as error:
            if error.status != 408:
                raise
            raise AssertionError(str(error)) from None

    def redeliver(self, id: str) -> None:
        """Send a webhook again, at once."""
        self._client.post(f"/webhooks/{id}/redeliver")

    def clear(self) -> None:
        """Forget the attempts."""
        self._client.delete("/webhooks")

    def __len__(self) -> int:
        return len(self.all())

    def __iter__(self) -> Iterator[Attempt]:
        return iter(self.all())

    @overload
    def __getitem__(self, at: int) -> Attempt: ...

    @overload
    def __getitem__(self, at: slice) -> list[Attempt]: ...

    def __getitem__(self, at: int | slice) -> Attempt | list[Attempt]:
        found = self.all()
        if isinstance(at, int) and not -len(found) <= at < len(found):
            raise IndexError(f"{len(found)} webhook attempts have been made")
        return found[at]


def _attempts(answer: Any) -> list[Attempt]:
    return msgspec.convert(answer["webhooks"], list[Attempt], strict=False)
