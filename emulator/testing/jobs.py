"""Jobs as a test steers them: what a world works at, finished or failed when the test says so."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

from emulator.testing.client import Client

Job = Mapping[str, Any]  # as the control API shows it


class Jobs:
    """The jobs of a world; each look asks the server anew. `jobs[id]` is one of them."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def all(self, *, api: str | None = None, kind: str | None = None, state: str | None = None) -> list[Job]:
        """All jobs, or those of an API, of a kind, in a state."""
        found: list[Job] = self._client.get("/jobs", api=api, kind=kind, state=state)["jobs"]
        return found

    def complete(self, id: str) -> None:
        """Let a job come to its end at once."""
        self._client.post(f"{_path(id)}/complete")

    def fail(self, id: str) -> None:
        """Let a job fail at once."""
        self._client.post(f"{_path(id)}/fail")

    def set(self, id: str, state: str) -> None:
        """Put a job into a state of its kind."""
        self._client.post(_path(id), {"state": state})

    def __getitem__(self, id: str) -> Job:
        found: Job = self._client.get(_path(id))
        return found

    def __len__(self) -> int:
        return len(self.all())

    def __iter__(self) -> Iterator[Job]:
        return iter(self.all())


def _path(id: str) -> str:
    return f"/jobs/{quote(id, safe='')}"
