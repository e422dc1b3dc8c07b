"""Viewing: an exchange as plain data for people and for JSON, its credentials masked."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl

import orjson

from emulator.exchange import Exchange, Header, NearMiss

MOST_FIELDS = 1_000
FORM = "application/x-www-form-urlencoded"


def view(exchange: Exchange) -> dict[str, Any]:
    """Everything about an exchange, as JSON can say it: times in seconds, header names in lower case, the secrets
    masked."""
    return {name: show(exchange) for name, show in PARTS.items()}


def said(body: bytes, lines: Sequence[Header]) -> Any:
    """What a body says: JSON or a form as its content, else text; None when it is empty.

    Bytes that are not UTF-8 are shown as `\\xff`. A single number or text is JSON only when the header lines say so.
    """
    if not body:
        return None
    kind = next((value for name, value in lines if name.lower() == b"content-type"), b"").decode("latin-1").lower()
    if kind.startswith(FORM):
        return _pairs(body.decode("latin-1"))
    if "json" in kind or body.lstrip()[:1] in (b"{", b"["):
        try:
            content = orjson.loads(body)
            orjson.dumps({"around": [{"it": content}]})  # what is nested too deeply to be written is left as text
            return content
        except (orjson.JSONDecodeError, TypeError):
            pass
    return body.decode("utf-8", "backslashreplace")


def _pairs(text: str) -> Any:
    """The pairs of a form or of a query, the last of a name as rules see it; the text when there are too many."""
    try:
        return dict(parse_qsl(text, keep_blank_values=True, max_num_fields=MOST_FIELDS))
    except ValueError:
        return text


def _headers(lines: Sequence[Header]) -> dict[str, str]:
    """Header lines by name in lower case; of a name sent twice the values follow each other (RFC 9110 section 5.2)."""
    shown: dict[str, str] = {}
    for raw, value in lines:
        name, text = raw.decode("latin-1").lower(), value.decode("latin-1")
        shown[name] = f"{shown[name]}, {text}" if name in shown else text
    return shown


def _near(miss: NearMiss) -> dict[str, Any]:
    differences = [{"field": each.field, "wanted": each.wanted, "found": each.found} for each in miss.differences]
    return {
        "rule": miss.rule,
        "name": miss.name,
        "file": miss.file,
        "line": miss.line,
        "differences": differences,
    }


PARTS: Mapping[str, Callable[[Exchange], Any]] = {
    "number": lambda exchange: exchange.number,
    "at": lambda exchange: exchange.at,
    "api": lambda exchange: exchange.api,
    "operation": lambda exchange: exchange.operation,
    "method": lambda exchange: exchange.method,
    "path": lambda exchange: exchange.path,
    "query": lambda exchange: _pairs(exchange.query),
    "headers": lambda exchange: _headers(exchange.headers),
    "body": lambda exchange: said(exchange.body, exchange.headers),
    "status": lambda exchange: exchange.status,
    "reply_headers": lambda exchange: _headers(exchange.reply_headers),
    "reply_body": lambda exchange: said(exchange.reply_body, exchange.reply_headers),
    "events_sent": lambda exchange: exchange.sent_events,
    "bytes_sent": lambda exchange: exchange.sent_bytes,
    "outcome": lambda exchange: exchange.outcome,
    "took": lambda exchange: exchange.took,
    "key": lambda exchange: exchange.caller,
    "workspace": lambda exchange: exchange.workspace,
    "rule": lambda exchange: exchange.rule,
    "faults": lambda exchange: list(exchange.faults),
    "near_misses": lambda exchange: [_near(miss) for miss in exchange.near_misses],
}
