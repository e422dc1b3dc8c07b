"""Coverage for people: what tests never touched, as text or Markdown, and which requirements it does not meet.

Takes the view that `GET /_emulator/coverage` returns.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from emulator.errors import ConfigError
from emulator.faults.registry import FAULTS
from emulator.language.document.diagnostics import closest, did_you_mean
from emulator.verdict.coverage import OF_STREAMS, OUTCOMES
from emulator.verdict.expectations import NO_REQUEST

UNUSED = "unused-rules"
View = Mapping[str, Any]


def coverage_lines(view: View) -> Iterator[str]:
    """Yields the table of operations, and a line for each rule and fault that was never used."""
    rows = [("", "calls", *OUTCOMES, "")]
    rows += [
        (each["operation"], str(each["calls"]), *(_cell(each, name) for name in OUTCOMES), never_text(each))
        for each in view["operations"]
    ]
    widths = [max(len(row[at]) for row in rows) for at in range(len(rows[0]) - 1)]
    for row in rows if view["operations"] else ():
        cells = [f"{row[0]:<{widths[0]}}", *(f"{row[at]:>{widths[at]}}" for at in range(1, len(widths)))]
        yield "  ".join([*cells, row[-1]]).rstrip()
    if not view["operations"]:
        yield "no operation was called"
    yield from unused_lines(view)


def unused_lines(view: View) -> Iterator[str]:
    """Yields a line for each rule of a scenario that never answered, and each fault of one that never played."""
    for each in view["rules"]:
        where = f"{each['file']}:{each['line']}" + (f" {each['name']!r}" if each["name"] else "")
        nearest = f" ({each['nearest'] or NO_REQUEST})"
        kind = "this answer was never given" if each["kind"] == "answer" else "has never answered"
        if each["replies"] and not each["answered"]:
            yield f"{where} {kind}{nearest}"
        elif len(each["replies"]) > 1 and 0 in each["replies"]:
            given = [str(at) for at, times in enumerate(each["replies"], 1) if not times]
            yield f"{where} has never given reply {', '.join(given)} of {len(each['replies'])}"
        for fault in each["faults"]:
            if not fault["played"]:
                yield f"{where} fault {fault['name']} has never played" + ("" if each["replies"] else nearest)


def coverage_markdown(view: View) -> str:
    """Returns the same for a pull request."""
    lines = ["### What the tests never touched", ""]
    if view["operations"]:
        lines.append(f"| operation | calls | {' | '.join(OUTCOMES)} | |")
        lines.append(f"|---|---:|{'---:|' * len(OUTCOMES)}---|")
        for each in view["operations"]:
            cells = " | ".join(_cell(each, name) for name in OUTCOMES)
            lines.append(f"| `{each['operation']}` | {each['calls']} | {cells} | {never_text(each)} |")
        lines.append("")
    lines += [f"- `{line.replace('`', chr(39))}`" for line in unused_lines(view)] or ["Every rule was used."]
    return "\n".join(lines) + "\n"


def never_text(operation: View) -> str:
    """`never: 429, stalled`, or `never refused`; empty when everything was seen."""
    refusals = [operation["outcomes"][name] for name in ("4xx", "429", "5xx", *OF_STREAMS)]
    if not any(refusals):
        return "never refused"
    return f"never: {', '.join(operation['never'])}" if operation["never"] else ""


def check_requirements(requirements: Sequence[str]) -> None:
    """Raises ConfigError for a requirement that is none: `unused-rules`, or `PATTERN:OUTCOME`."""
    known = dict.fromkeys((*OUTCOMES, *FAULTS))
    for requirement in requirements:
        pattern, colon, outcome = requirement.rpartition(":")
        if requirement != UNUSED and not (colon and pattern):
            expected = f"expected {UNUSED}, or an operation and what it must have met, as in messages.*:429"
            raise ConfigError(f"{requirement!r} is no requirement; {expected}")
        if requirement != UNUSED and outcome not in known and not _is_status(outcome):
            raise ConfigError(f"{requirement!r}: nothing ends as {outcome!r}; {did_you_mean(outcome, known)}")


def unmet_requirements(view: View, requirements: Sequence[str]) -> Iterator[str]:
    """Yields why each requirement fails that is not met."""
    for requirement in requirements:
        if requirement == UNUSED:
            count = sum(1 for _ in unused_lines(view))
            if count:
                yield f"{requirement}: {count} never used"
            continue
        pattern, _, outcome = requirement.rpartition(":")
        called = [each for each in view["operations"] if _fits(pattern, each)]
        missing = [each["operation"] for each in called if not _met(each, outcome)]
        if not called:
            yield f"{requirement}: no such operation was called; {_nearest(pattern, view)}"
        elif missing:
            yield f"{requirement}: never met by {', '.join(missing)}"


def write_coverage(path: Path, view: View) -> None:
    """Writes JSON or Markdown, by the file's name. Raises ConfigError."""
    text = coverage_markdown(view) if path.suffix == ".md" else json.dumps(view, indent=2) + "\n"
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"{path}: can't be written: {error.strerror}") from error


def _cell(operation: View, outcome: str) -> str:
    count = operation["outcomes"][outcome]
    if count:
        return str(count)
    return "." if outcome in OF_STREAMS and not operation["streams"] else "-"


def _fits(pattern: str, operation: View) -> bool:
    name = operation["operation"]
    return fnmatchcase(name, pattern) or fnmatchcase(f"{operation['api']}/{name}", pattern)


def _nearest(pattern: str, view: View) -> str:
    """Names the operations that were called, and what the pattern may have meant: one of them, or a family."""
    _, slash, name = pattern.rpartition("/")
    called = [each["api"] + "/" + each["operation"] if slash else each["operation"] for each in view["operations"]]
    families = {each.rpartition(".")[0] + ".*" for each in called if "." in each}
    hint = did_you_mean(pattern, dict.fromkeys(called))
    guess = closest(pattern, families) if name.endswith("*") else None
    return f"{hint.partition('; did you mean')[0]}; did you mean {guess!r}?" if guess is not None else hint


def _met(operation: View, outcome: str) -> bool:
    if _is_status(outcome) and operation["statuses"].get(outcome, 0):
        return True
    return bool(operation["outcomes"].get(outcome) or operation["faults"].get(outcome))


def _is_status(outcome: str) -> bool:
    return len(outcome) == 3 and outcome.isdecimal()
