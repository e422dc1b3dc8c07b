"""The rule about work that is handed in twice."""

from __future__ import annotations

from collections.abc import Iterator

from emulator.exchange import Exchange
from emulator.verdict.attempts import broken, pause
from emulator.verdict.evidence import Evidence, data_of, parts
from emulator.verdict.finding import Finding, finding, seconds
from emulator.verdict.polls import ended


def batch_sent_twice(evidence: Evidence) -> Iterator[Finding | None]:
    """The same batch was accepted twice within a minute, so all of it is worked and paid for twice.

    A batch is a job of many items (`rows`). Source: RFC 9110 section 9.2.2 on what is not idempotent. Batches that
    several workers send at once are let pass, and so is one that is sent again after the first had ended or was
    cancelled, or with an Idempotency-Key.
    """
    for attempts in evidence.attempts:
        if not evidence.role(attempts.exchanges[0]).batches or b"idempotency-key" in _names(attempts.exchanges[0]):
            continue
        for one, other in attempts.pairs():
            if max(one.status, other.status) >= 300:
                continue
            again = (pause(one, other) or 0.0) <= evidence.bounds.again and not _over(evidence, one, other)
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


def _over(evidence: Evidence, one: Exchange, other: Exchange) -> bool:
    """Whether the first batch was cancelled, or was told to have ended, before the second one was sent."""
    told = {each for each in parts(data_of(one.reply_body)) if isinstance(each, str)}
    between = [each for each in evidence.exchanges if one.number < each.number < other.number and each.api == one.api]
    return any(
        evidence.jobs(each) & told and ((evidence.role(each).cancels and each.status < 300) or ended(evidence, each))
        for each in between
    )


def _names(exchange: Exchange) -> set[bytes]:
    return {name.lower() for name, _ in exchange.headers}
