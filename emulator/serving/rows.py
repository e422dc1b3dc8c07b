"""Hold what became of a job's items: all worked out when the job starts, and shown one by one as it grows older."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, overload

from msgspec import Struct


class RowOutcome(Struct, frozen=True):
    """The answer to one item: `body` is its JSON, rendered; `usage` maps a field to its amount."""

    ok: bool
    body: bytes
    usage: Mapping[str, Any]


class Rows:
    """The outcomes of a job in the order of its items, with their running sums; `planned` are those of all of them."""

    __slots__ = ("_reached", "_succeeded", "_usage", "outcomes", "planned")

    def __init__(self, outcomes: Sequence[RowOutcome]) -> None:
        self.outcomes = tuple(outcomes)
        self.planned: dict[str, Any] = {}
        for outcome in self.outcomes:
            _add(self.planned, outcome.usage)
        self._reached = 0
        self._succeeded = 0
        self._usage: dict[str, Any] = {}

    def __len__(self) -> int:
        return len(self.outcomes)

    def upto(self, count: int) -> tuple[int, dict[str, Any]]:
        """How many of the first `count` rows succeeded, and the sums of their numeric usage.

        A job only grows older as a rule, so each row is added once however often the job is polled.
        """
        if count < self._reached:
            self._reached, self._succeeded, self._usage = 0, 0, {}
        for outcome in self.outcomes[self._reached : count]:
            self._succeeded += outcome.ok
            _add(self._usage, outcome.usage)
        self._reached = max(self._reached, count)
        return self._succeeded, dict(self._usage)


def _add(sums: dict[str, Any], usage: Mapping[str, Any]) -> None:
    for field, amount in usage.items():
        if isinstance(amount, int | float) and not isinstance(amount, bool):
            sums[field] = sums.get(field, 0) + amount


class RowViews(Sequence[dict[str, Any]]):
    """The rows as templates see them, each made when it is asked for.

    A row is {index, status, body, usage}; status is succeeded, errored, cancelled or processing; body is JSON as bytes,
    None for the last two.
    """

    __slots__ = ("_finished", "_rest", "_rows")

    def __init__(self, rows: Rows, finished: int, rest: str) -> None:
        self._rows = rows
        self._finished = finished
        self._rest = rest

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return map(self._view, range(len(self._rows)))

    @overload
    def __getitem__(self, index: int) -> dict[str, Any]: ...

    @overload
    def __getitem__(self, index: slice) -> list[dict[str, Any]]: ...

    def __getitem__(self, index: int | slice) -> dict[str, Any] | list[dict[str, Any]]:
        chosen = range(len(self._rows))[index]
        return self._view(chosen) if isinstance(chosen, int) else [self._view(each) for each in chosen]

    def _view(self, index: int) -> dict[str, Any]:
        if index >= self._finished:
            return {"index": index, "status": self._rest, "body": None, "usage": {}}
        outcome = self._rows.outcomes[index]
        status = "succeeded" if outcome.ok else "errored"
        return {"index": index, "status": status, "body": outcome.body, "usage": outcome.usage}
