"""Record of a run: everything that its reports are made of, as the control API returned it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct


class RunRecord(Struct, frozen=True):
    """What a command did: `summary`, `verdict`, `departures` and `exchanges` are views of the control API.

    `command_status` is how the command ended, `status` how the run did; `missing` says which calls are missing;
    `sent` are the times at which the events of an exchange left, in seconds after its response began.
    """

    command: Sequence[str]
    command_status: int
    status: int
    summary: Mapping[str, Any]
    verdict: Mapping[str, Any]
    departures: Sequence[Mapping[str, Any]]
    untrusted: Mapping[str, int]
    missing: str
    url: str
    exchanges: Sequence[Mapping[str, Any]] = ()
    sent: Mapping[int, Sequence[float]] = {}

    @property
    def calls(self) -> int:
        """How many calls the journal holds."""
        return sum(each["calls"] for each in self.summary["called"])
