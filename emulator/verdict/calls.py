"""Rules about calls as such: those that no API has."""

from __future__ import annotations

from collections.abc import Iterator

from emulator.http.exchange import Exchange
from emulator.verdict.finding import Finding, finding
from emulator.verdict.history import History, header

NOWHERE = frozenset((404, 405))
BROWSERS_OWN = "/favicon.ico"  # which a browser looks for by itself


def called_what_no_api_has(history: History) -> Iterator[Finding | None]:
    """A method and path were called that no API has, whatever was answered: one finding for each.

    Source: the API's routes. An operation that is there may answer 404 too; that is its own affair.
    """
    unknown: dict[tuple[str, str], list[Exchange]] = {}
    for exchange in history.exchanges:
        if exchange.operation:
            yield None
        elif exchange.status in NOWHERE and exchange.path != BROWSERS_OWN:
            unknown.setdefault((exchange.method, exchange.path), []).append(exchange)
    for (method, path), exchanges in unknown.items():
        yield finding(
            "called_what_no_api_has",
            exchanges,
            f"{method} {path} was called, which no API has",
            header(exchanges[0].reply_headers, b"x-emulator-hint") or "a path and a method of an API",
            f"{len(exchanges)} x {exchanges[0].status}",
        )
