"""Rules about polling: how fast, and whether it ends. Polls are of one job: the same caller asks at the same path."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from emulator.errors import EmulatorError
from emulator.exchange import Exchange
from emulator.verdict.attempts import Attempts, end, pause
from emulator.verdict.bounds import Bounds
from emulator.verdict.evidence import Evidence, data_of, parts
from emulator.verdict.finding import Finding, finding, seconds
from emulator.verdict.retries import due

GONE = frozenset((404, 410))


def polled_too_fast(evidence: Evidence) -> Iterator[Finding | None]:
    """A job that had not ended was polled several times in a row with hardly a pause (the emulator's judgement).

    What counts is from one poll to the next, or the `Retry-After` of the one before (RFC 9110 section 10.2.3). A quick
    second look is let pass, and so is what happens while the clock stands still.
    """
    bounds = evidence.bounds
    for attempts in _polls(evidence):
        pairs = [pair for pair in attempts.pairs() if pair[1].at > end(pair[0]) and _unended(evidence, pair[0])]
        if not pairs:
            continue
        fast = _fastest(pairs, bounds)
        if len(fast) <= bounds.quick_polls:
            yield None
            continue
        apart = [_apart(one, other) for one, other in pairwise(fast)]
        mean = seconds(sum(apart) / len(apart))
        yield finding(
            "polled_too_fast",
            fast,
            f"{fast[0].operation} polled {fast[0].path} {len(fast)} times with {mean} between two polls",
            "what Retry-After says" if due(fast[0]) else f"{seconds(bounds.polls_apart)} or more",
            f"{seconds(min(apart))} at the least",
            "warning",
        )


def never_stopped_polling(evidence: Evidence) -> Iterator[Finding | None]:
    """A job was polled on and on after an answer had told its end (`polled.until` of its kind), or that there is none.

    A few more looks are let pass. A job that was cancelled is told of by ignored_a_cancel.
    """
    for told, later in _beyond_end(evidence):
        if _cancelled(evidence, told):
            continue
        yield _unstopped(
            "never_stopped_polling", evidence, told, later, f"was told by exchange {told.number} how it ended"
        )


def ignored_a_cancel(evidence: Evidence) -> Iterator[Finding | None]:
    """A job was polled on and on after an answer had told that it was cancelled, by this client or by somebody else.

    The emulator's judgement. Polling until the cancelling is over is right, and so is cancelling twice.
    """
    for told, later in _beyond_end(evidence):
        if _cancelled(evidence, told):
            about = f"was told by exchange {told.number} that the job is cancelled"
            yield _unstopped("ignored_a_cancel", evidence, told, later, about)


def ended(evidence: Evidence, exchange: Exchange) -> bool:
    """Whether an answer to a poll says that the job has ended, or that there is no such job."""
    polls = evidence.role(exchange).polls
    if exchange.outcome != "complete" or not polls:
        return False
    if exchange.status >= 400:
        return exchange.status in GONE
    said = data_of(exchange.reply_body)
    try:
        return isinstance(said, dict) and any(each.polled and each.polled.until.matches(said) for each in polls)
    except EmulatorError:  # an expression that this answer has nothing for
        return False


def _polls(evidence: Evidence) -> Iterator[Attempts]:
    return (each for each in evidence.attempts if evidence.role(each.exchanges[0]).polls)


def _unended(evidence: Evidence, exchange: Exchange) -> bool:
    return exchange.status < 400 and exchange.outcome == "complete" and not ended(evidence, exchange)


def _fastest(pairs: Sequence[tuple[Exchange, Exchange]], bounds: Bounds) -> list[Exchange]:
    """The longest stretch of polls without a pause."""
    best: list[Exchange] = []
    stretch: list[Exchange] = []
    for one, other in pairs:
        if not stretch or stretch[-1] is not one:
            stretch = [one]
        named = due(one)
        wanted = bounds.polls_apart if named is None else named - one.at - bounds.slack
        fast = _apart(one, other) < wanted
        stretch = [*stretch, other] if fast else []
        best = max(best, stretch, key=len)
    return best


def _apart(one: Exchange, other: Exchange) -> float:
    """From one poll to the next."""
    return one.took + (pause(one, other) or 0.0)


def _beyond_end(evidence: Evidence) -> Iterator[tuple[Exchange, list[Exchange]]]:
    """The first answer that told the end, and the polls that the same sender went on with at the pace of a loop."""
    for attempts in _polls(evidence):
        told: Exchange | None = None
        later: list[Exchange] = []
        for one, other in attempts.pairs():
            if told is None and ended(evidence, one):
                told = one
            if told is not None and (pause(one, other) or 0.0) <= evidence.bounds.again:
                later.append(other)
        last = attempts.exchanges[-1]
        if told is not None or (ended(evidence, last) and not attempts.parallel):
            yield told or last, later


def _unstopped(rule: str, evidence: Evidence, told: Exchange, later: Sequence[Exchange], about: str) -> Finding | None:
    if len(later) <= evidence.bounds.last_polls:
        return None
    return finding(
        rule,
        [told, *later],
        f"{told.operation} {about}, and polled {told.path} {len(later)} times more",
        f"at most {evidence.bounds.last_polls} polls after the end",
        f"{len(later)} polls",
    )


def _cancelled(evidence: Evidence, told: Exchange) -> bool:
    """Whether the end that was told is a cancelled job's: the client cancelled it, or the answer names the state."""
    if any(kind.cancel and list(kind.cancel)[-1] in _texts(told) for kind in evidence.role(told).polls):
        return True
    jobs = evidence.jobs(told)
    return any(
        evidence.role(each).cancels and each.status < 300 and evidence.jobs(each) & jobs
        for each in evidence.exchanges
        if each.api == told.api and each.number < told.number
    )


def _texts(exchange: Exchange) -> set[str]:
    return {each for each in parts(data_of(exchange.reply_body)) if isinstance(each, str)}
