"""Tool: what the row of a control route says of the tool that agents get for it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from msgspec import Struct, field

Effect = Literal["reads", "adds", "changes", "removes"]


class Tool(Struct, frozen=True):
    """The tool of a control route: its name, what it is for in the words that an agent reads, and what it does.

    `effect` is what a call does to the world: it `reads`, `adds` something to it, `changes` what is there, or `removes`
    it. `idempotent`: a second call with the same arguments changes nothing more. `only` are the parameters of the body
    or the query that agents are shown, all by default. `first` are values for those that a call leaves out, `words` say
    what a parameter is for whose class does not say it. `whole` names the argument that is the body, where the body is
    any object. `rest` says how to get what a long result leaves out; with `newest`, its lists keep the last items.
    """

    name: str
    about: str
    effect: Effect = "reads"
    idempotent: bool = False
    only: tuple[str, ...] | None = None
    first: Mapping[str, Any] = field(default_factory=dict)
    words: Mapping[str, str] = field(default_factory=dict)
    whole: str = ""
    rest: str = ""
    newest: bool = False

    @property
    def reads(self) -> bool:
        """Whether a call changes nothing."""
        return self.effect == "reads"

    @property
    def overwrites(self) -> bool:
        """Whether a call replaces or removes what was there."""
        return self.effect in ("changes", "removes")


class NoTool(Struct, frozen=True):
    """Why a control route has no tool."""

    reason: str
