"""Expectations as a test adds and reads them: what must have been asked of its world in the end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from msgspec import Struct

from emulator.testing.client import Client
from emulator.verdict.expectations import Judged

Times = int | str | Mapping[str, int]
Patterns = str | Sequence[str]
Ordered = Sequence[str | Mapping[str, Any]]


class ExpectationResults(Struct, frozen=True):
    """How the expectations of a world stand; `assert emulator.expectations.ok` shows what is not met."""

    ok: bool
    expectations: tuple[Judged, ...] = ()
    text: str = ""

    @property
    def failed(self) -> list[Judged]:
        """Those that are not met."""
        return [each for each in self.expectations if not each.ok]

    def __repr__(self) -> str:
        return f"<{self.text}>"


def add_expectation(client: Client, given: Mapping[str, Any]) -> str:
    """Adds an expectation to the client's world; returns its id. Raises ControlError when it is invalid."""
    __tracebackhide__ = True
    entry = {name: value for name, value in given.items() if value is not None}
    id: str = client.post("/expectations", entry)["id"]
    return id


def read_expectations(client: Client) -> ExpectationResults:
    """How the expectations of the client's world stand. Raises ControlError."""
    return msgspec.convert(client.get("/expectations"), ExpectationResults)
