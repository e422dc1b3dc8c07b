"""The table that is printed: what was measured, its bar and the verdict."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """One figure. `good` is None when no bar is set for it; `detail` holds the numbers behind it.

    `problem` says why the figure is not valid; such a one meets no bar.
    """

    what: str
    figure: str
    bar: str
    good: bool | None
    detail: str = ""
    problem: str = ""

    @property
    def verdict(self) -> str:
        """In a word."""
        return "NOT VALID" if self.problem else {True: "met", False: "MISSED", None: "-"}[self.good]

    @property
    def met(self) -> bool:
        """Whether nothing is wrong: a valid figure that meets its bar, or has none."""
        return not self.problem and self.good is not False


HEADINGS = ("what", "figure", "bar", "verdict", "numbers behind it")


def lines(rows: Sequence[Row]) -> list[str]:
    """The rows under their headings, columns aligned."""
    cells = [HEADINGS, *((row.what, row.figure, row.bar, row.verdict, _numbers(row)) for row in rows)]
    widths = [max(len(line[column]) for line in cells) for column in range(len(HEADINGS))]
    shown = ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in cells]
    return [shown[0], "  ".join("-" * width for width in widths), *shown[1:]]


def _numbers(row: Row) -> str:
    return f"{row.problem}; {row.detail}" if row.problem else row.detail


def at_least(what: str, ratio: float, bar: float | None, detail: str) -> Row:
    """A ratio that is good when it is high."""
    return Row(
        what, f"{ratio:.2f}", "-" if bar is None else f">= {bar:.2f}", None if bar is None else ratio >= bar, detail
    )


def at_most(what: str, value: float, bar: float, unit: str, detail: str) -> Row:
    """A quantity that is good when it is low."""
    return Row(what, f"{value:.3g} {unit}", f"<= {bar:g} {unit}", value <= bar, detail)
