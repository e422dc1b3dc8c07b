"""Provenance: how well a promise is founded."""

from __future__ import annotations

from typing import Final, Literal, Protocol, get_args

Provenance = Literal["documented", "inferred", "invented"]  # the best first
PROVENANCES: Final[tuple[Provenance, ...]] = get_args(Provenance)


class ClaimLike(Protocol):
    """A claim."""

    @property
    def grade(self) -> Provenance: ...
