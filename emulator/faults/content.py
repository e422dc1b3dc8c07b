"""Content faults: an answer that arrives whole and in the right shape, and says what a model gets wrong."""

from __future__ import annotations

from typing import Annotated, ClassVar

from emulator.faults.base import Family, Fault, choice
from emulator.generate.content_faults import HOWS, KINDS

BROKEN = "broken_json"


class Answer(Fault, frozen=True):
    """The answer arrives whole, with usage and stop reason that fit, and says what a model gets wrong: its `kind`.

    `how` says in which way JSON is broken, by default by a cut at `max_tokens`.
    """

    name: ClassVar[str] = "answer"
    family: ClassVar[Family] = "content"
    kind: Annotated[str, choice(*KINDS)]
    how: Annotated[str, choice(*HOWS)] | None = None

    def __post_init__(self) -> None:
        if self.how is not None and self.kind != BROKEN:
            raise ValueError(f"`how` is for the kind {BROKEN}; leave it out with {self.kind}")


CONTENT_FAULTS: tuple[type[Fault], ...] = (Answer,)
