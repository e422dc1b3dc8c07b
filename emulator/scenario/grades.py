"""Grades: how well a promise is founded, and how much of that is left where an operation serves it."""

from __future__ import annotations

from typing import Final, Literal, Protocol, get_args

Grade = Literal["documented", "inferred", "invented"]  # the best first
GRADES: Final[tuple[Grade, ...]] = get_args(Grade)


class Claimed(Protocol):
    """A claim."""

    @property
    def grade(self) -> Grade: ...


class Graded(Protocol):
    """An operation; None when it has no class of its own."""

    @property
    def grade(self) -> Grade | None: ...


def grade_within(operation: Graded, claim: Claimed) -> Grade:
    """The class of a claim where this operation serves it: a route that we made up proves nothing of a document."""
    return max(claim.grade, operation.grade or claim.grade, key=GRADES.index)
