"""Markdown: a summary of a run for a person, as `$GITHUB_STEP_SUMMARY` takes it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from emulator.reports.coverage import coverage_markdown
from emulator.reports.record import NO_OPERATION, RunRecord, amount_text, place, status_text


def markdown(record: RunRecord) -> str:
    """Returns the summary; everything that came from outside is escaped."""
    return "\n".join(_lines(record)) + "\n"


def _lines(record: RunRecord) -> Iterator[str]:
    yield f"## emulator: {record.calls} call{'' if record.calls == 1 else 's'}, exit status {record.status}"
    yield ""
    if record.summary["called"]:
        yield "| API | operation | calls | statuses |"
        yield "|---|---|---:|---|"
        yield from map(_row, record.summary["called"])
        yield ""
    for api, amounts in record.summary["spent"].items():
        spent = ", ".join(f"{amount_text(amount)} {unit}" for unit, amount in amounts.items())
        yield f"- {_escape(api)} would have charged {_escape(spent)}"
    if faults := record.summary["faults"]:
        yield f"- faults played: {_escape(', '.join(f'{name} × {times}' for name, times in faults.items()))}"
    for host in record.blocked:
        yield f"- **blocked**: {_escape(host)} is not emulated"
    for host, times in record.untrusted.items():
        yield f"- {_escape(host)}: {times} connection{'' if times == 1 else 's'} ended before a request"
    if record.missing:
        yield f"- **{_escape(record.missing)}**"
    yield from ("", "### Verdict", "")
    findings = record.verdict["findings"]
    yield from map(_finding, findings) if findings else ("No findings.",)
    if record.expected:
        yield from ("", "### Expectations", "")
        yield from map(_expectation, record.unmet) if record.unmet else (f"{len(record.expected)} met.",)
    if record.coverage:
        yield from ("", *coverage_markdown(record.coverage).rstrip().split("\n"))
        yield from (f"- **{_escape(each)}**" for each in record.uncovered)


def _row(called: Mapping[str, Any]) -> str:
    statuses = ", ".join(f"{count} × {status_text(status)}" for status, count in called["statuses"].items())
    api, operation = _escape(called["api"] or "-"), _escape(called["operation"] or NO_OPERATION)
    return f"| {api} | {operation} | {called['calls']} | {statuses} |"


def _finding(finding: Mapping[str, Any]) -> str:
    numbers = ", ".join(map(str, finding["exchanges"]))
    text = f"{finding['message']} (expected {finding['wanted']}; found {finding['found']}; exchanges {numbers})"
    return f"- {finding['severity']}: **{_escape(finding['rule'])}**: {_escape(text)}"


def _expectation(judged: Mapping[str, Any]) -> str:
    text = "; ".join((f"expected {judged['expected']}; {judged['found']}", *judged["instead"]))
    return f"- **{_escape(place(judged))}**: {_escape(text)}"


def _escape(text: str) -> str:
    """Escapes what Markdown and HTML would read as markup."""
    text = " ".join(text.split()).replace("&", "&amp;").replace("<", "&lt;")
    return "".join(f"\\{letter}" if letter in "\\`*_[]|" else letter for letter in text)
