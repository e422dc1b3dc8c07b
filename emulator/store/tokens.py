"""Tokens that die before their time: which ones do, and whether one that is presented still lives."""

from __future__ import annotations

from typing import TYPE_CHECKING

from emulator.errors import ApiError
from emulator.jobs.timeline import SLACK

if TYPE_CHECKING:
    from emulator.engine.service import Service

KEYS = "keys"  # the collection whose credentials do not expire


def condemn(service: Service, token: str, after: float | None = None, uses: int | None = None) -> None:
    """Let a token die after so many seconds or uses, whichever comes first; at once without either.

    It never gains by it: what it was condemned to before holds if that is less.
    """
    store, now = service.state.store, service.state.clock.now()
    at = now if after is None and uses is None else None if after is None else now + after
    known = store.get(_name(service), token) or {"at": None, "uses": None}
    store.put(_name(service), token, {"at": _least(at, known["at"]), "uses": _least(uses, known["uses"])})


def lives(service: Service, token: str) -> bool:
    """Whether a token still lives when it is presented, which is a use."""
    store = service.state.store
    known = store.get(_name(service), token)
    if known is None:
        return True
    at, uses = known["at"], known["uses"]
    if (at is not None and service.state.clock.now() + SLACK >= at) or uses == 0:
        return False
    if uses is not None:
        store.put(_name(service), token, {"at": at, "uses": uses - 1})
    return True


def expired(hint: str | None = None) -> ApiError:
    """What is said of a token that nobody issued, or that is over; the hint goes beside the answer, not into it."""
    return ApiError("unknown_key", "the token is not valid, or it has expired", hint=hint)


def token_collections(service: Service) -> set[str]:
    """The collections whose records are tokens."""
    return {collection for _, _, collection in service.served.credentials} - {KEYS}


def _name(service: Service) -> str:
    return f"{service.api.name}/condemned"


def _least(one: float | None, other: float | None) -> float | None:
    return min((each for each in (one, other) if each is not None), default=None)
