"""Tokens that expire early: when each of them does, and whether one that a request carries is still valid.

A token is valid as long as its record is there, unless `expire` gave it a shorter life. Each `use` counts.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from msgspec import Meta, Struct

from emulator.clock.world_clock import SLACK
from emulator.errors import ApiError
from emulator.store.backend import Backend
from emulator.store.records import Records

KEYS = "keys"  # the collection whose credentials do not expire


class TokenExpiry(Struct, frozen=True):
    """When a token dies, or after how many more uses, whichever comes first."""

    at: Annotated[float, Meta(ge=0, le=1e12)] | None = None
    uses: Annotated[int, Meta(ge=0, le=2**53)] | None = None


class Tokens:
    """The access tokens of one API in one world; `collections` are those whose records are tokens."""

    def __init__(self, api: str, store: Backend, collections: Mapping[str, Records]) -> None:
        self.collections = collections
        self._records = store.records
        self._clock = store.clock
        self._namespace = f"expiry/{api}"

    def issued(self, token: str) -> bool:
        """Whether the API has issued this token."""
        return any(token in records for records in self.collections.values())

    def expire(self, token: str, after: float | None = None, uses: int | None = None) -> None:
        """Expire a token after so many seconds or uses, whichever comes first; at once without either.

        This never lengthens its life: the earlier of two expiries holds.
        """
        now = self._clock.now()
        at = now if after is None and uses is None else None if after is None else now + after
        known: TokenExpiry = self._records.get(self._namespace, token) or TokenExpiry()
        times = [each for each in (at, known.at) if each is not None]
        counts = [each for each in (uses, known.uses) if each is not None]
        self._records.put(self._namespace, token, TokenExpiry(min(times, default=None), min(counts, default=None)))

    def use(self, token: str) -> bool:
        """Count one use of a token, and return whether it was still valid."""
        known: TokenExpiry | None = self._records.get(self._namespace, token)
        if known is None:
            return True
        if (known.at is not None and self._clock.now() + SLACK >= known.at) or known.uses == 0:
            return False
        if known.uses is not None:
            self._records.put(self._namespace, token, TokenExpiry(known.at, known.uses - 1))
        return True


def expired() -> ApiError:
    """The error for a token that was issued and has expired."""
    return ApiError("expired_token", "the token has expired")
