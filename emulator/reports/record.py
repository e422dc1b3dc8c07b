"""Record of a run: everything that its reports are made of, as the control API returned it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct

from emulator.https.hosts import joined
from emulator.playbook.expectations import amount_text

__all__ = ["NO_OPERATION", "RunRecord", "amount_text", "place", "status_text"]

NO_OPERATION = "(no operation)"


class ExchangesRecord(Struct, frozen=True, kw_only=True):
    """What was requested at `url`: `exchanges` are views of the control API.

    `sent` are the times at which the events of an exchange left, in seconds after its response began.
    """

    url: str
    exchanges: Sequence[Mapping[str, Any]] = ()
    sent: Mapping[int, Sequence[float]] = {}


class RunRecord(ExchangesRecord, frozen=True, kw_only=True):
    """What a command did: `summary`, `verdict` and `departures` are views of the control API, too.

    `command_status` is how the command ended, `status` how the run did; `missing` says which calls are missing;
    `expectations` says how they stand. `coverage` is there if it was counted, `uncovered` says what of it is missed.
    """

    command: Sequence[str]
    command_status: int
    status: int
    summary: Mapping[str, Any]
    verdict: Mapping[str, Any]
    departures: Sequence[Mapping[str, Any]]
    untrusted: Mapping[str, int]
    missing: str
    expectations: Mapping[str, Any] = {}
    coverage: Mapping[str, Any] = {}
    uncovered: Sequence[str] = ()

    @property
    def expected(self) -> Sequence[Mapping[str, Any]]:
        """How each expectation turned out."""
        return tuple(self.expectations.get("expectations", ()))

    @property
    def unmet(self) -> list[Mapping[str, Any]]:
        """The expectations that are not met."""
        return [each for each in self.expected if not each["ok"]]

    @property
    def calls(self) -> int:
        """How many calls the journal holds."""
        return sum(each["calls"] for each in self.summary["called"])

    @property
    def blocked(self) -> list[str]:
        """The hosts, each with its port, to which calls were blocked."""
        return sorted({joined(each["host"], each["port"]) for each in self.departures})


def status_text(status: str) -> str:
    """Formats a status as the summary counts it."""
    return "no response" if status == "0" else status


def place(judged: Mapping[str, Any]) -> str:
    """Returns where an expectation stands, or the id of one that was added."""
    return f"{judged['file']}:{judged['line']}" if judged["line"] else str(judged["id"])
