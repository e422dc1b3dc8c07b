"""Grades: how well a promise is founded, and how much of that is left where an operation serves it."""

from __future__ import annotations

from typing import Final, Literal, Protocol, get_args

Provenance = Literal["documented", "inferred", "invented"]  # the best first
PROVENANCES: Final[tuple[Provenance, ...]] = get_args(Provenance)


class ClaimLike(Protocol):
    """A claim."""

    @property
    def grade(self) -> Provenance: ...


class Classed(Protocol):
    """An operation; None when it has no class of its own."""

    @property
    def grade(self) -> Provenance | None: ...


def provenance_within(operation: Classed, claim: ClaimLike) -> Provenance:
    """The class of a claim where this operation serves it: a route that we made up proves nothing of a document."""
    return max(claim.grade, operation.grade or claim.grade, key=PROVENANCES.index)
