"""Rules about retries: when the same is asked again, and whether it should be."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from email.utils import parsedate_to_datetime
from itertools import accumulate, pairwise
from math import floor

from emulator.http.exchange import Exchange
from emulator.verdict.finding import Finding, Thresholds, finding, seconds, waits
from emulator.verdict.history import INTENT, History, broken, end, failed, header, pause

MAY_COME = frozenset((404, 410, 412))  # with a safe method: somebody else may make it meanwhile
SAFE = frozenset(("GET", "HEAD", "OPTIONS"))


def retried_too_early(history: History) -> Iterator[Finding | None]:
    """The same request came again before the time that `Retry-After` had named (RFC 9110 section 10.2.3).

    Seconds count from the whole second that `Date` shows, as a client does that waits for the reset of a window. A
    wait counts on the world's clock or in real time, whichever is longer. The time is named to whoever has the key, so
    the connection doesn't matter, unless it shows that several workers were under way.
    """
    for run in history.runs(any_connection=True):
        guided = [pair for pair in pairwise(run) if _guided(pair[0]) and pause(*pair) is not None]
        if guided:
            early = [pair for pair in guided if _early(*pair, history.thresholds)]
            yield _early_finding(early) if early else None


def retried_what_must_not_be_retried(history: History) -> Iterator[Finding | None]:
    """The same request came again after a refusal that does not pass with time, and was refused again alike.

    Source: RFC 9110 section 15.5, or `retry` at the API's kinds of error. One that succeeded, because a plan was
    changed meanwhile or a scenario, was right; and a safe method may look whether what was missing has come.
    """
    for run in history.runs():
        first = run[0]
        if not history.roles.futile(first.api, first.status) or header(first.reply_headers, b"retry-after"):
            continue
        if first.method in SAFE and first.status in MAY_COME:
            continue
        alike = [first]
        for one, other in pairwise(run):
            if other.status != first.status or (pause(one, other) or 0.0) > history.thresholds.again:
                break
            alike.append(other)
        if len(alike) < 2:
            yield None
            continue
        yield finding(
            "retried_what_must_not_be_retried",
            alike,
            f"{first.operation} was refused with {first.status}, which the same request meets again, "
            f"and was sent {_times(len(alike) - 1)} more",
            "another request, or none",
            f"{len(alike)} times {first.status}",
        )


def repeated_what_was_done(history: History) -> Iterator[Finding | None]:
    """A POST was done and its response lost, and the same came again without an `Idempotency-Key`.

    Source: RFC 9110 section 9.2.2. A client can't know whether what it lost was done, so it has to name its intent, or
    look before it repeats. A request that was lost before it was done is repeated rightly, and so is a stream that
    broke off after it had begun to arrive, of which the client knows.
    """
    for run in history.runs(polls=False, any_connection=True):
        for one, other in pairwise(run):
            served = (one.api, one.operation) in history.roles.roles
            if not served or one.method != "POST" or not broken(one) or one.status >= 400 or one.sent_events:
                continue
            if not one.done or header(one.headers, INTENT):
                yield None
                continue
            how = " and ".join(one.faults) or "the client, which did not wait"
            yield finding(
                "repeated_what_was_done",
                [one, other],
                f"{one.operation} was done in exchange {one.number}, whose response was lost by {how}, and was sent "
                f"again in exchange {other.number} without an Idempotency-Key",
                "an Idempotency-Key, or a look whether it was done",
                "the same request again",
            )


def no_back_off(history: History) -> Iterator[Finding | None]:
    """One request failed again and again, and the pauses between the attempts were none, or short and all alike.

    The emulator's own judgement. Attempts whose answer has a `Retry-After` are judged by that alone, polls by their
    own rule, and a storm is reported as one. A first retry at once is common and is let pass.
    """
    thresholds = history.thresholds
    for run in _unguided(history):
        pauses = _pauses(run)
        if pauses is None or len(pauses) < thresholds.few_waits or _storm(run, thresholds):
            continue
        nothing = sum(pauses[-thresholds.few_waits :]) < thresholds.quick and not _grow(pauses)
        fixed = (
            len(pauses) >= thresholds.steady_waits
            and max(pauses) < thresholds.patient
            and _alike(pauses, thresholds.jitter)
        )
        if not (nothing or fixed):
            yield None
            continue
        yield finding(
            "no_back_off",
            run,
            f"{run[0].operation} failed and was sent {_times(len(pauses))} more without waiting longer each time",
            "pauses that grow",
            waits(pauses),
            "warning",
        )


def retry_storm(history: History) -> Iterator[Finding | None]:
    """One request was tried so often in so short a time that it keeps the service down (the emulator's judgement)."""
    thresholds = history.thresholds
    for run in history.runs(polls=False):
        if _pauses(run) is None:
            continue
        storm = _storm(run, thresholds)
        if not storm:
            yield None
            continue
        took = seconds(sum(_pauses(storm) or ()) + sum(each.took for each in storm))
        yield finding(
            "retry_storm",
            storm,
            f"{run[0].operation} was tried {len(storm)} times in {took}",
            f"fewer than {thresholds.storm} attempts in {seconds(thresholds.storm_within)}",
            f"{len(storm)} in {took}",
        )


def due(exchange: Exchange) -> float | None:
    """From when on `Retry-After` allows another attempt, in seconds since the epoch; None when it says nothing."""
    value = (header(exchange.reply_headers, b"retry-after") or "").strip()
    if value.isascii() and value.isdecimal() and len(value) < 10:
        return floor(exchange.at) + int(value)
    try:
        return parsedate_to_datetime(value).timestamp()
    except (ValueError, OverflowError, TypeError):
        return None


def _guided(exchange: Exchange) -> bool:
    return failed(exchange) and due(exchange) is not None


def _required_wait(exchange: Exchange) -> float:
    """How long to wait after an answer."""
    return max(0.0, (due(exchange) or 0.0) - end(exchange))


def _early(one: Exchange, other: Exchange, thresholds: Thresholds) -> bool:
    return (pause(one, other) or 0.0) < _required_wait(one) - thresholds.slack


def _early_finding(pairs: Sequence[tuple[Exchange, Exchange]]) -> Finding:
    worst, again = max(pairs, key=lambda pair: _required_wait(pair[0]) - (pause(*pair) or 0.0))
    wait, required = pause(worst, again) or 0.0, _required_wait(worst)
    shown = list(dict.fromkeys(exchange for pair in pairs for exchange in pair))
    value = header(worst.reply_headers, b"retry-after")
    message = (
        f"{worst.operation} was answered {worst.status} with Retry-After: {value} in exchange {worst.number}, "
        f"and sent again {seconds(wait)} later in exchange {again.number}"
    )
    more = f"; {_times(len(pairs))} in all" if len(pairs) > 1 else ""
    return finding("retried_too_early", shown, message + more, f"{seconds(required)} or more", seconds(wait))


def _unguided(history: History) -> Iterator[list[Exchange]]:
    """Runs in which only the client decides how long to wait."""
    for run in history.runs(polls=False):
        free = not any(_guided(each) or history.roles.futile(each.api, each.status) for each in run[:-1])
        if free:
            yield run


def _pauses(run: Sequence[Exchange]) -> list[float] | None:
    """The waits between attempts; None when one of them is not known."""
    known = [wait for wait in map(pause, run, run[1:]) if wait is not None]
    return known if len(known) == len(run) - 1 else None


def _storm(run: Sequence[Exchange], thresholds: Thresholds) -> list[Exchange]:
    """The longest part of a run with as many attempts as make a storm."""
    best: list[Exchange] = []
    times = list(accumulate((one.took + (pause(one, other) or 0.0) for one, other in pairwise(run)), initial=0.0))
    first = 0
    for at in range(len(run)):
        while times[at] - times[first] > thresholds.storm_within:
            first += 1
        if at - first + 1 >= max(thresholds.storm, len(best) + 1):
            best = list(run[first : at + 1])
    return best


def _grow(pauses: Sequence[float]) -> bool:
    return all(later > 1.3 * earlier for earlier, later in pairwise(pauses))


def _alike(pauses: Sequence[float], jitter: float) -> bool:
    return max(pauses) <= jitter * min(pauses)


def _times(count: int) -> str:
    return "once" if count == 1 else "twice" if count == 2 else f"{count} times"
