"""Caller: whose key a request carries."""

from __future__ import annotations

from typing import Any

from msgspec import Struct


class Caller(Struct, frozen=True):
    """Caller of a request. Limits, which `plan` has, count for `subject`, templates see `view`, and the journal shows
    `masked`."""

    key: str
    workspace: str
    tier: str
    subject: str
    view: dict[str, Any]
    masked: str
    plan: Any = None
