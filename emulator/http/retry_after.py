"""Retry-After: how long a client is to wait before its next attempt, as the header says it."""

from __future__ import annotations

from math import ceil


def delay_seconds(wait: float, least: int = 0) -> int:
    """Returns a wait in seconds as `Retry-After` has it: in whole ones, at least `least` (RFC 9110 section 10.2.3).

    It is rounded up, because a client that waits as long as it says must not come too early.
    """
    return max(least, ceil(wait))
