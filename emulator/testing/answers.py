"""Answers as a test adds them: what the APIs say to certain prompts, until they are removed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any

from emulator.testing.client import Client, ControlError

Texts = str | Sequence[str] | None


class AddedAnswer:
    """An answer of this test's world. As a context manager it is removed at the end."""

    def __init__(self, client: Client, id: str, entry: dict[str, Any]) -> None:
        self._client = client
        self.id = id
        self.entry = entry

    def remove(self) -> None:
        """Remove it; nothing happens when it is gone already."""
        try:
            self._client.delete(f"/answers/{self.id}")
        except ControlError as error:
            if error.status != 404:
                raise

    def __enter__(self) -> AddedAnswer:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.remove()

    def __repr__(self) -> str:
        value = " ".join(f"{name}={value!r}" for name, value in self.entry.items())
        return f"<AddedAnswer {self.id} {value}>"


def add_answer(
    client: Client,
    prompt: Texts,
    answer: str | None,
    contains: Texts,
    matches: str | None,
    on: Texts,
    json: Mapping[str, Any] | None,
) -> AddedAnswer:
    """Adds an answer to the client's world. Raises ControlError when it is invalid."""
    __tracebackhide__ = True
    given = {"prompt": prompt, "contains": contains, "matches": matches, "on": on, "answer": answer, "json": json}
    entry = {name: _plain(value) for name, value in given.items() if value is not None}
    return AddedAnswer(client, client.post("/answers", entry)["id"], entry)


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return dict(value)
    return value if isinstance(value, str) else list(value)
