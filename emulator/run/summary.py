"""What a run was, in a few lines for a person: calls, would-be cost, faults, the verdict, and what tried to leave."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from emulator.https.hosts import joined
from emulator.testing.verdict import Verdict

NO_OPERATION = "(no operation)"


def summary_lines(
    summary: Mapping[str, Any],
    verdict: Verdict,
    departures: Sequence[Mapping[str, Any]],
    emulated: Collection[str],
    whole: bool,
) -> Iterator[str]:
    """`summary` and `departures` are what the control API tells, `emulated` the hosts that are answered here; with
    `whole` every finding is told."""
    calls = sum(each["calls"] for each in summary["called"])
    yield f"emulator: {_count(calls, 'call')}{_missing(calls, summary, departures)}"
    yield from _called(summary["called"])
    for api, amounts in summary["spent"].items():
        yield f"  {api} would have charged {', '.join(f'{_number(amount)} {unit}' for unit, amount in amounts.items())}"
    if summary["faults"]:
        yield f"  faults played: {', '.join(f'{name} x {times}' for name, times in summary['faults'].items())}"
    if whole:
        yield from (f"  {line}" for line in verdict.text.splitlines())
    elif calls:
        yield f"  verdict: {_judged(verdict)}"
    yield from _refused(departures, emulated)


def _missing(calls: int, summary: Mapping[str, Any], departures: Sequence[Mapping[str, Any]]) -> str:
    """What the number of calls does not say."""
    said = f" in the journal, which had dropped {summary['dropped']} earlier ones" if summary["dropped"] else ""
    if summary["elsewhere"]:
        return f"{said}, and {summary['elsewhere']} in other worlds"
    return said if calls or said or departures else "; a program that heeds no proxy variable gets past it"


def _called(called: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    rows = [
        (
            each["api"] or "-",
            each["operation"] or NO_OPERATION,
            ", ".join(f"{count} x {_status(status)}" for status, count in each["statuses"].items()),
        )
        for each in called
    ]
    widths = [max((len(row[at]) for row in rows), default=0) for at in range(2)]
    for api, operation, statuses in rows:
        yield f"  {api:<{widths[0]}}  {operation:<{widths[1]}}  {statuses}"


def _judged(verdict: Verdict) -> str:
    if verdict.ok:
        return "nothing found"
    rules = Counter(each.rule for each in verdict.findings)
    return f"{', '.join(f'{rule} x {times}' for rule, times in rules.items())} (--verdict tells more)"


def _refused(departures: Sequence[Mapping[str, Any]], emulated: Collection[str]) -> Iterator[str]:
    hosts = Counter((each["host"], each["port"]) for each in departures)
    for (host, port), times in hosts.items():
        yield f"  FAILED: {_count(times, 'call')} tried to leave for {joined(host, port)}, which is not emulated"
        if host in emulated:
            yield "          (the host is, at ports 80 and 443 only)"
        else:
            yield f"          (--allow-host {host} would let it through to the real one)"


def _status(status: str) -> str:
    return "no answer" if status == "0" else status


def _number(amount: float) -> str:
    """Without an exponent, and without digits that say nothing."""
    return f"{amount:,.9f}".rstrip("0").rstrip(".")


def _count(number: int, word: str) -> str:
    return f"{number} {word}{'' if number == 1 else 's'}"
