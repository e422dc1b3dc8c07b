"""Summary of a run: calls, would-be cost, faults, verdict and blocked calls, in a few lines."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from emulator.https.hosts import joined
from emulator.reports.record import NO_OPERATION, amount_text, status_text
from emulator.testing.verdict import Verdict


def summary_lines(
    summary: Mapping[str, Any],
    verdict: Verdict,
    blocked_calls: Sequence[Mapping[str, Any]],
    emulated: Collection[str],
    full: bool,
    untrusted: Mapping[str, int] = {},
) -> Iterator[str]:
    """Yields the lines; `summary`, `blocked_calls` and `untrusted` are from the control API.

    `emulated` are the emulated hosts. With `full` the lines contain every finding.
    """
    calls = sum(each["calls"] for each in summary["called"])
    yield f"emulator: {_count(calls, 'call')}{_note(calls, summary, bool(blocked_calls or untrusted))}"
    yield from _calls(summary["called"])
    yield from (f"  hint: {hint}{f' ({times} times)' if times > 1 else ''}" for hint, times in summary["hints"].items())
    for api, amounts in summary["spent"].items():
        spent = ", ".join(f"{amount_text(amount)} {unit}" for unit, amount in amounts.items())
        yield f"  {api} would have charged {spent}"
    if summary["faults"]:
        yield f"  faults played: {', '.join(f'{name} x {times}' for name, times in summary['faults'].items())}"
    if full:
        yield from (f"  {line}" for line in verdict.text.splitlines())
    elif calls:
        yield f"  verdict: {_verdict(verdict)}"
    yield from _blocked(blocked_calls, emulated)
    for host, times in untrusted.items():
        yield f"  {_count(times, 'connection')} to {host} ended before a request: the certificate was not trusted?"
        yield "          (the client may read none of the variables that name it; docs/run.md says what it needs)"


def arrived(summary: Mapping[str, Any]) -> int:
    """Returns how many calls came, to whichever world; `summary` is from the control API."""
    return int(summary["exchanges"] + summary["dropped"] + summary["elsewhere"])


def missing_calls(summary: Mapping[str, Any], expected: int) -> str:
    """Returns the line that says that fewer calls came than were expected, or an empty text."""
    found = arrived(summary)
    return "" if found >= expected else f"  FAILED: {_count(found, 'call')} arrived; expected at least {expected}"


def expectation_lines(expectations: Mapping[str, Any]) -> Iterator[str]:
    """Yields a line for what is expected, and one or a few for each expectation that is not met, with its place."""
    if expectations["expectations"]:
        yield from expectations["text"].splitlines()


def _note(calls: int, summary: Mapping[str, Any], came: bool) -> str:
    """Returns what the number of calls does not say; `came` says whether a client has used the proxy all the same."""
    note = f" in the journal, which had dropped {summary['dropped']} earlier ones" if summary["dropped"] else ""
    if summary["elsewhere"]:
        return f"{note}, and {summary['elsewhere']} in other worlds"
    return note if calls or note or came else "; a program that ignores the proxy variables is not redirected"


def _calls(called: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    rows = [
        (
            each["api"] or "-",
            each["operation"] or NO_OPERATION,
            ", ".join(f"{count} x {status_text(status)}" for status, count in each["statuses"].items()),
        )
        for each in called
    ]
    widths = [max((len(row[at]) for row in rows), default=0) for at in range(2)]
    for api, operation, statuses in rows:
        yield f"  {api:<{widths[0]}}  {operation:<{widths[1]}}  {statuses}"


def _verdict(verdict: Verdict) -> str:
    if verdict.ok:
        return "no findings"
    rules = Counter(each.rule for each in verdict.findings)
    return f"{', '.join(f'{rule} x {times}' for rule, times in rules.items())} (--verdict shows details)"


def _blocked(blocked_calls: Sequence[Mapping[str, Any]], emulated: Collection[str]) -> Iterator[str]:
    hosts = Counter((each["host"], each["port"]) for each in blocked_calls)
    for (host, port), times in hosts.items():
        yield f"  FAILED: {_count(times, 'call')} to {joined(host, port)} blocked, which is not emulated"
        if host in emulated:
            yield "          (the host is emulated at ports 80 and 443 only)"
        else:
            yield f"          (--allow-host {host} lets it through to the real host)"


def _count(number: int, word: str) -> str:
    return f"{number} {word}{'' if number == 1 else 's'}"
