"""Jobs as a test steers them: what a world works at, finished or failed when the test says so."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import quote

import msgspec

from emulator.testing.asynchronous import twin
from emulator.testing.client import Client, RemoteSequence
from emulator.testing.clock import Span
from emulator.testing.faults import duration
from emulator.webhooks.views import WebhookView

Job = Mapping[str, Any]  # as the control API shows it


class Jobs:
    """The jobs of a world; each look asks the server anew. `jobs[id]` is one of them."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def all(self, *, api: str | None = None, kind: str | None = None, state: str | None = None) -> list[Job]:
        """All jobs, or those of an API, of a kind, in a state."""
        found: list[Job] = self._client.get("/jobs", api=api, kind=kind, state=state)["jobs"]
        return found

    def start(
        self,
        kind: str,
        *,
        key: str,
        items: Sequence[Any] | int = 0,
        api: str | None = None,
        id: str | None = None,
        state: str | None = None,
        age: Span | None = None,
        finished: int | None = None,
        data: Mapping[str, Any] | None = None,
        result: Any = None,
    ) -> Job:
        """Begin a job without a request, as it would be for this key: so old, or with so many items finished, and in
        this state. Raises ControlError for what its API does not have."""
        body = {
            "kind": kind,
            "as": key,
            "items": items if isinstance(items, int) else list(items),
            "api": api,
            "id": id,
            "state": state,
            "age": None if age is None else duration(age),
            "finished": finished,
            "data": None if data is None else dict(data),
            "result": result,
        }
        job: Job = self._client.post("/jobs", {name: value for name, value in body.items() if value is not None})
        return job

    def complete(self, id: str) -> None:
        """Let a job come to its end at once."""
        self._client.post(f"{_path(id)}/complete")

    def fail(self, id: str) -> None:
        """Let a job fail at once."""
        self._client.post(f"{_path(id)}/fail")

    def set(self, id: str, state: str) -> None:
        """Put a job into a state of its kind."""
        self._client.post(_path(id), {"state": state})

    def polls(self, id: str) -> int:
        """How often a job was asked for by the operation that polls its kind."""
        polls: int = self[id]["polls"]
        return polls

    def __getitem__(self, id: str) -> Job:
        found: Job = self._client.get(_path(id))
        return found

    def __len__(self) -> int:
        return len(self.all())

    def __iter__(self) -> Iterator[Job]:
        return iter(self.all())


def _path(id: str) -> str:
    return f"/jobs/{quote(id, safe='')}"


class Attempt(WebhookView, frozen=True):
    """One attempt, counted from 1 for each webhook `id`; `at` and `next_at` (None: none follows) are on the world's
    clock. `status` is what the receiver answered; None when nobody did, and `error` says why."""

    @property
    def data(self) -> Any:
        """The body, which is JSON, as data."""
        return msgspec.json.decode(self.body)


class Webhooks(RemoteSequence[Attempt]):
    """The attempts of a world, the oldest first; each look asks the server anew."""

    def wait(self, count: int = 1, timeout: float | str = "5s", *, delivered: bool = False) -> Sequence[Attempt]:
        """Wait, in real time, for so many attempts; only `delivered` ones when the receiver must have said yes.

        Raises AssertionError when they are not made.
        """
        body = {"count": count, "timeout": timeout, "delivered": delivered}
        return _attempts(self._waited("/webhooks/wait", body))

    wait_async = twin(wait)

    def redeliver(self, id: str) -> None:
        """Send a webhook again, at once."""
        self._client.post(f"/webhooks/{id}/redeliver")

    def clear(self) -> None:
        """Forget the attempts."""
        self._client.delete("/webhooks")

    def _newest(self, count: int | None = None) -> tuple[list[Attempt], int, int]:
        answer = self._client.get("/webhooks")
        found = _attempts(answer)
        return found, len(found), answer["dropped"]

    def _lost(self, dropped: int) -> str:
        return f"this world has dropped {dropped} older webhook attempts; clear them before"

    def _missing(self, count: int) -> str:
        return f"{count} webhook attempts have been made"


def _attempts(answer: Any) -> list[Attempt]:
    return msgspec.convert(answer["webhooks"], list[Attempt], strict=False)
