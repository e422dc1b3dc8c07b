"""Rules about calls as such: what no API has of them, the path and method, or a field."""

from __future__ import annotations

from collections.abc import Iterator

from emulator.http.exchange import Exchange
from emulator.playbook.unknown_fields import IGNORED
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


def undocumented_fields(history: History) -> Iterator[Finding | None]:
    """Fields were sent that the API's schemas do not name: one finding for each operation and set of fields.

    Source: the API's own schemas, where its `unknown_fields` asks for a hint.
    """
    ignored: dict[tuple[str, str, str], list[Exchange]] = {}
    for exchange in history.exchanges:
        hint = header(exchange.reply_headers, b"x-emulator-hint") or ""
        if hint.startswith(IGNORED):
            fields = hint.removeprefix(IGNORED)
            ignored.setdefault((exchange.api, exchange.operation, fields), []).append(exchange)
        elif history.checks_fields(exchange):
            yield None
    for (_, operation, fields), exchanges in ignored.items():
        yield finding(
            "undocumented_fields",
            exchanges,
            f"{operation} was sent fields that are not documented, and which were ignored",
            "documented fields",
            fields,
            "warning",
        )
