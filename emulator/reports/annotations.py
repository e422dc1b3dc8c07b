"""Annotations of GitHub Actions: workflow commands that show a message beside a job or a line of a file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from emulator.errors import Diagnostic
from emulator.reports.record import RunRecord

VARIABLE = "GITHUB_ACTIONS"


def wanted(env: Mapping[str, str]) -> bool:
    """Whether this is a job of GitHub Actions."""
    return env.get(VARIABLE) == "true"


def annotation(level: str, message: str, **properties: str | int) -> str:
    """Returns the command; `level` is error, warning or notice. Empty properties are left out."""
    given = ",".join(f"{name}={_property(str(value))}" for name, value in properties.items() if value)
    return f"::{level}{f' {given}' if given else ''}::{_data(message)}"


def diagnostic_annotation(diagnostic: Diagnostic) -> str:
    """Returns the annotation of an error in a file, at its place."""
    place = diagnostic.place
    return annotation("error", str(diagnostic), file=place.file, line=place.line, col=place.column)


def run_annotations(record: RunRecord, strict: bool) -> Iterator[str]:
    """Yields those of a run: findings (errors only if `strict`: if they fail the run), blocked and missing calls, and
    expectations that are not met."""
    for each in record.verdict["findings"]:
        level = each["severity"] if strict else "warning"
        message = f"{each['message']} (expected {each['wanted']}; found {each['found']})"
        yield annotation(level, message, title=f"emulator: {each['rule']}")
    for host in record.blocked:
        yield annotation("error", f"calls to {host} were blocked: not emulated", title="emulator: blocked call")
    if record.missing:
        yield annotation("error", record.missing, title="emulator: missing calls")
    for each in record.unmet:
        message = "\n".join((f"expected {each['expected']}; {each['found']}", *each["instead"]))
        yield annotation("error", message, file=each["file"], line=each["line"], title="emulator: not as expected")


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
