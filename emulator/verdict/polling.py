"""Rules about polling: how fast, and whether it ends. Polls are of one job: the same caller asks at the same path."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from emulator.errors import EmulatorError
from emulator.http.exchange import Exchange
from emulator.verdict.finding import Finding, Thresholds, finding, seconds
from emulator.verdict.history import Attempts, History, broken, data_of, end, parts, pause
from emulator.verdict.retries import due

GONE = frozenset((404, 410))


def polled_too_fast(history: History) -> Iterator[Finding | None]:
    """A job that had not ended was polled several times in a row with hardly a pause (the emulator's judgement).

    What counts is from one poll to the next, or the `Retry-After` of the one before (RFC 9110 section 10.2.3). A quick
    second look is let pass, and so is what happens while the clock stands still.
    """
    thresholds = history.thresholds
    for attempts in _polls(history):
        pairs = [pair for pair in attempts.pairs() if pair[1].at > end(pair[0]) and _unended(history, pair[0])]
        if not pairs:
            continue
        fast = _fastest(pairs, thresholds)
        if len(fast) <= thresholds.quick_polls:
            yield None
            continue
        apart = [_apart(one, other) for one, other in pairwise(fast)]
        mean = seconds(sum(apart) / len(apart))
        yield finding(
            "polled_too_fast",
            fast,
            f"{fast[0].operation} polled {fast[0].path} {len(fast)} times with {mean} between two polls",
            "what Retry-After says" if due(fast[0]) else f"{seconds(thresholds.polls_apart)} or more",
            f"{seconds(min(apart))} at the least",
            "warning",
        )


def never_stopped_polling(history: History) -> Iterator[Finding | None]:
    """A job was polled on and on after a response reported its end (`polled.until` of its kind), or that there is none.

    A few more looks are let pass. A cancelled job is the business of ignored_a_cancel.
    """
    for final, later in _beyond_end(history):
        if _cancelled(history, final):
            continue
        yield _unstopped(
            "never_stopped_polling", history, final, later, f"learned from exchange {final.number} how it ended"
        )


def ignored_a_cancel(history: History) -> Iterator[Finding | None]:
    """A job was polled on and on after a response reported that it was cancelled, by this client or by somebody else.

    The emulator's judgement. Polling until the cancelling is over is right, and so is cancelling twice.
    """
    for final, later in _beyond_end(history):
        if _cancelled(history, final):
            about = f"learned from exchange {final.number} that the job is cancelled"
            yield _unstopped("ignored_a_cancel", history, final, later, about)


def ended(history: History, exchange: Exchange) -> bool:
    """Whether an answer to a poll says that the job has ended, or that there is no such job."""
    polls = history.role(exchange).polls
    if exchange.outcome != "complete" or not polls:
        return False
    if exchange.status >= 400:
        return exchange.status in GONE
    answer = data_of(exchange.reply_body)
    try:
        return isinstance(answer, dict) and any(each.polled and each.polled.until.matches(answer) for each in polls)
    except EmulatorError:  # an expression that this answer has nothing for
        return False


def _polls(history: History) -> Iterator[Attempts]:
    return (each for each in history.attempts if history.role(each.exchanges[0]).polls)


def _unended(history: History, exchange: Exchange) -> bool:
    return exchange.status < 400 and exchange.outcome == "complete" and not ended(history, exchange)


def _fastest(pairs: Sequence[tuple[Exchange, Exchange]], thresholds: Thresholds) -> list[Exchange]:
    """The longest stretch of polls without a pause."""
    best: list[Exchange] = []
    stretch: list[Exchange] = []
    for one, other in pairs:
        if not stretch or stretch[-1] is not one:
            stretch = [one]
        named = due(one)
        min_pause = thresholds.polls_apart if named is None else named - one.at - thresholds.slack
        fast = _apart(one, other) < min_pause
        stretch = [*stretch, other] if fast else []
        best = max(best, stretch, key=len)
    return best


def _apart(one: Exchange, other: Exchange) -> float:
    """From one poll to the next."""
    return one.took + (pause(one, other) or 0.0)


def _beyond_end(history: History) -> Iterator[tuple[Exchange, list[Exchange]]]:
    """Yields the first response that reported the end, and the polls with which the same sender went on in a loop."""
    for attempts in _polls(history):
        final: Exchange | None = None
        later: list[Exchange] = []
        for one, other in attempts.pairs():
            if final is None and ended(history, one):
                final = one
            if final is not None and (pause(one, other) or 0.0) <= history.thresholds.again:
                later.append(other)
        last = attempts.exchanges[-1]
        if final is not None or (ended(history, last) and not attempts.parallel):
            yield final or last, later


def _unstopped(rule: str, history: History, final: Exchange, later: Sequence[Exchange], about: str) -> Finding | None:
    if len(later) <= history.thresholds.last_polls:
        return None
    return finding(
        rule,
        [final, *later],
        f"{final.operation} {about}, and polled {final.path} {len(later)} times more",
        f"at most {history.thresholds.last_polls} polls after the end",
        f"{len(later)} polls",
    )


def _cancelled(history: History, final: Exchange) -> bool:
    """Returns whether the reported end is a cancelled job's: the client cancelled it, or the answer names the state."""
    if any(kind.cancel and kind.cancel.end in _texts(final) for kind in history.role(final).polls):
        return True
    jobs = history.jobs(final)
    return any(
        history.role(each).cancels and each.status < 300 and history.jobs(each) & jobs
        for each in history.exchanges
        if each.api == final.api and history.place(each) < history.place(final)
    )


def _texts(exchange: Exchange) -> set[str]:
    return {each for each in parts(data_of(exchange.reply_body)) if isinstance(each, str)}


def batch_sent_twice(history: History) -> Iterator[Finding | None]:
    """The same batch was accepted twice within a minute, so all of it is worked and paid for twice.

    A batch is a job of many items (`rows`). Source: RFC 9110 section 9.2.2 on what is not idempotent. Batches that
    several workers send at once are let pass, and so is one that is sent again after the first had ended or was
    cancelled, or with an Idempotency-Key.
    """
    for attempts in history.attempts:
        if not history.role(attempts.exchanges[0]).batches or b"idempotency-key" in _names(attempts.exchanges[0]):
            continue
        for one, other in attempts.pairs():
            if max(one.status, other.status) >= 300:
                continue
            again = (pause(one, other) or 0.0) <= history.thresholds.again and not _over(history, one, other)
            yield _twice(one, other) if again else None


def _twice(one: Exchange, other: Exchange) -> Finding:
    lost = f", whose answer did not arrive in whole ({one.outcome})" if broken(one) else ""
    return finding(
        "batch_sent_twice",
        [one, other],
        f"{one.operation} was accepted in exchange {one.number}{lost}, and the same was sent and accepted again "
        f"{seconds(pause(one, other) or 0.0)} later",
        "one batch; look whether it is there before sending it again",
        "two batches",
    )


def _over(history: History, one: Exchange, other: Exchange) -> bool:
    """Whether the first batch was cancelled, or reported to have ended, before the second one was sent."""
    final = {each for each in parts(data_of(one.reply_body)) if isinstance(each, str)}
    return any(
        history.jobs(each) & final and ((history.role(each).cancels and each.status < 300) or ended(history, each))
        for each in history.between(one, other)
    )


def _names(exchange: Exchange) -> set[bytes]:
    return {name.lower() for name, _ in exchange.headers}
