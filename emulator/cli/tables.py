"""Tables: what the control API answers, as lines for a person."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from emulator.dates import LATEST, iso
from emulator.log.escape import escaped
from emulator.playbook.limits import written

TIMES = frozenset(
    {"at", "next", "next_at", "reset", "started_at", "ends_at", "ended_at", "started", "seen"}
)  # seconds since the epoch
MAX_WIDTH = 100  # characters of a cell; the last of a line is not cut
SMALL = 1e-4  # what is smaller would be written with an exponent
EMPTY: tuple[Any, ...] = (None, "", [], {}, ())


def answer_lines(answer: Any, rows: str, columns: str, none: str) -> Iterator[str]:
    """Yields the lines of an answer: a table of what it has in `rows`, or without any its fields, one a line.

    Columns in which nothing stands are left out; `none` is yielded for no lines, and may name {fields} of the answer.
    """
    names = columns.split()
    if not rows:
        shown = {name: answer.get(name) for name in names if answer.get(name) not in EMPTY}
        width = max(map(len, shown), default=0)
        yield from (f"{name.ljust(width)}  {_cell(name, value)}" for name, value in shown.items())
        if not shown and none:
            yield none
        return
    found = answer[rows]
    if isinstance(found, Mapping):
        found = [{"name": name, **each} for name, each in found.items()]
    yield from table(found, names) if found else [escaped(none.format_map(answer)) or f"no {rows}"]


def table(rows: Sequence[Mapping[str, Any]], names: Iterable[str]) -> Iterator[str]:
    """Yields a line of names and one for each row, in columns."""
    used = [name for name in names if any(row.get(name) not in EMPTY for row in rows)]
    lines = [used, *([_cell(name, row.get(name)) for name in used] for row in rows)]
    widths = [min(MAX_WIDTH, max(len(line[at]) for line in lines)) for at in range(len(used))]
    for line in lines:
        yield "  ".join(_fit(text, width) for text, width in zip(line, [*widths[:-1], 0], strict=True)).rstrip()


def _fit(text: str, width: int) -> str:
    return text if not width else text.ljust(width) if len(text) <= width else f"{text[: width - 1]}…"


def _cell(name: str, value: Any) -> str:
    if value in EMPTY:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (int, float)):
        if name in TIMES and 0 <= value <= LATEST:
            return iso(value, milliseconds=True)
        return written(value) if 0 < abs(value) < SMALL else f"{value:.10g}"
    if isinstance(value, Mapping):
        return json.dumps(value, ensure_ascii=False) if name in ("record", "json") else _pairs(value)
    if isinstance(value, Sequence) and not isinstance(value, str):
        return ", ".join(
            each["name"] if isinstance(each, Mapping) and "name" in each else _cell("", each) for each in value
        )
    return escaped(str(value))


def _pairs(value: Mapping[str, Any]) -> str:
    """Counters as `used/limit`, other fields as `name=value`."""
    return " ".join(
        f"{name} {_cell('', each['used'])}/{_cell('', each['limit'])}"
        if isinstance(each, Mapping) and "used" in each
        else f"{name}={_cell('', each)}"
        for name, each in value.items()
    )
