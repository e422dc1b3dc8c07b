"""A rule about what requests say: fields that no document speaks of, and which the emulator ignored."""

from __future__ import annotations

from collections.abc import Iterator

from emulator.http.exchange import Exchange
from emulator.playbook.unknown_fields import IGNORED
from emulator.verdict.finding import Finding, finding
from emulator.verdict.history import History, header


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
