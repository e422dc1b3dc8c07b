"""Tokens that expire early: when each of them does, and whether one that a request carries is still valid.

A token is valid as long as its record is there, unless `expire` gave it a shorter life. Each `use` counts.
"""

from __future__ import annotations

from collections.abc import Mapping

from emulator.clock import SLACK
from emulator.errors import ApiError
from emulator.store import Store
from emulator.store.records import Records

KEYS = "keys"  # the collection whose credentials do not expire


class Tokens:
    """The access tokens of one API in one world; `collections` are those whose records are tokens."""

    def __init__(self, api: str, store: Store, collections: Mapping[str, Records]) -> None:
        self.collections = collections
        self._store = store
        self._namespace = f"{api}/condemned"

    def issued(self, token: str) -> bool:
        """Whether the API has issued this token."""
        return any(token in records for records in self.collections.values())

    def expire(self, token: str, after: float | None = None, uses: int | None = None) -> None:
        """Expire a token after so many seconds or uses, whichever comes first; at once without either.

        This never lengthens its life: the earlier of two expiries holds.
        """
        now = self._store.clock.now()
        at = now if after is None and uses is None else None if after is None else now + after
        known = self._store.get(self._namespace, token) or {"at": None, "uses": None}
        self._store.put(
            self._namespace, token, {"at": _earliest(at, known["at"]), "uses": _earliest(uses, known["uses"])}
        )

    def use(self, token: str) -> bool:
        """Count one use of a token, and return whether it was still valid."""
        known = self._store.get(self._namespace, token)
        if known is None:
            return True
        at, uses = known["at"], known["uses"]
        if (at is not None and self._store.clock.now() + SLACK >= at) or uses == 0:
            return False
        if uses is not None:
            self._store.put(self._namespace, token, {"at": at, "uses": uses - 1})
        return True


def expired(hint: str | None = None) -> ApiError:
    """The error for a token that was never issued or has expired; the hint goes beside the reply, not into it."""
    return ApiError("unknown_key", "the token is not valid, or it has expired", hint=hint)


def _earliest(one: float | None, other: float | None) -> float | None:
    return min((each for each in (one, other) if each is not None), default=None)
