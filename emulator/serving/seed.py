"""Fixtures of usage: what happened before the emulator started, checked and made ready for the ledger."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pydantic import Field, model_validator

from emulator.scenario.parts import Part
from emulator.serving.usage import DAYS, Seed


class SeedRow(Part):
    """Usage that happened before the emulator started: one hour (UTC) of one key on a day counted back from today.

    `latency_ms` and `tokens` are means over all `requests`; today is left out, for its hours may still lie ahead.
    """

    asset: str
    key: str
    workspace: str = ""
    days_ago: int = Field(ge=1, le=DAYS)
    hour: int = Field(ge=0, le=23)
    requests: int = Field(ge=1)
    successful: int = Field(ge=0)
    latency_ms: float = Field(0.0, ge=0)
    tokens: float = Field(0.0, ge=0)

    @model_validator(mode="after")
    def _no_more_successes_than_requests(self) -> SeedRow:
        if self.successful > self.requests:
            raise ValueError(f"{self.successful} of {self.requests} requests were successful; expected at most all")
        return self


class SeedFile(Part):
    """A fixture of usage."""

    usage: list[SeedRow]


def seeds(rows: Sequence[Any]) -> list[Seed]:
    """The rows of a fixture. Raises pydantic's ValidationError, which is a ValueError, for one that is no SeedRow."""
    return [Seed(**row.model_dump()) for row in SeedFile.model_validate({"usage": list(rows)}).usage]
