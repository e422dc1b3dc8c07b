"""The verdict on a client as a test reads it: what it did that the real service would not forgive."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec import Struct


class Finding(Struct, frozen=True):
    """One thing that a client did wrong: what was `wanted`, what was `found`, and the numbers of the `exchanges`."""

    rule: str
    message: str
    severity: str = "error"
    wanted: str = ""
    found: str = ""
    api: str = ""
    operation: str = ""
    count: int = 0
    exchanges: tuple[int, ...] = ()

    def __str__(self) -> str:
        numbers = ", ".join(map(str, self.exchanges)) + (", …" if self.count > len(self.exchanges) else "")
        return f"{self.rule}: {self.message} (expected {self.wanted}; found {self.found}; exchanges {numbers})"


class Verdict(Struct, frozen=True):
    """What was found; `assert emulator.verdict.ok` shows it.

    `checked` counts the cases that each rule could judge, `exchanges` those that were looked at, `dropped` older ones
    that the journal had forgotten; `text` is all of it for a person.
    """

    ok: bool
    findings: tuple[Finding, ...] = ()
    checked: Mapping[str, int] = {}
    exchanges: int = 0
    dropped: int = 0
    text: str = ""

    def of(self, *rules: str) -> Sequence[Finding]:
        """The findings by these rules."""
        return [each for each in self.findings if each.rule in rules]

    def __repr__(self) -> str:
        return f"<{self.text}>"
