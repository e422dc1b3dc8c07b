"""Views of exchanges: one definition of how the journal is shown, for the control API, its clients and queries."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl

import orjson
from msgspec import Struct

from emulator.http.exchange import Exchange, NearMiss
from emulator.http.headers import Header
from emulator.playbook.apis import Playbook
from emulator.store.passed_over import passed_over

MAX_FIELDS = 1_000
FORM = "application/x-www-form-urlencoded"


class ExchangeView(Struct, frozen=True):
    """One request and its answer. `at` is epoch seconds, `took` seconds; keys are masked; a body is JSON or text.

    `seeded` are the records and jobs that it names and that were written by hand.
    `passed_over` is how many rules of scenarios stood before the API's own that answered. `shortened`: the journal has
    only the beginning of what was too large for it.
    """

    number: int
    at: float
    api: str
    operation: str
    method: str
    path: str
    query: dict[str, str | list[str]] | str
    headers: Mapping[str, str]
    body: Any
    status: int
    reply_headers: Mapping[str, str]
    reply_body: Any
    events_sent: int
    bytes_sent: int
    outcome: str
    took: float
    key: str
    workspace: str
    rule: str
    faults: Sequence[str] = ()
    near_misses: Sequence[Mapping[str, Any]] = ()
    error: str = ""
    events: int = 0
    seeded: Sequence[str] = ()
    passed_over: int = 0
    done: bool = True
    shortened: bool = False


def exchange_view(exchange: Exchange, playbook: Playbook | None = None) -> ExchangeView:
    """Returns an exchange as it is shown: times in seconds, header names in lower case, secrets masked.

    Without the playbook of its world it has passed over no rule.
    """
    shown = {name: show(exchange) for name, show in FIELDS.items()}
    return ExchangeView(**shown, passed_over=0 if playbook is None else passed_over(exchange, playbook))


def content(body: bytes, lines: Sequence[Header]) -> Any:
    """Returns what a body holds: JSON or a form as data, anything else as text; None when it is empty.

    Bytes that are not UTF-8 are shown as `\\xff`. A single number or text is JSON only when the header lines say so.
    """
    if not body:
        return None
    kind = media_type(lines).decode("latin-1").lower()
    if kind.startswith(FORM):
        return _pairs(body.decode("latin-1"))
    if "json" in kind or body.lstrip()[:1] in (b"{", b"["):
        try:
            data = orjson.loads(body)
            orjson.dumps({"around": [{"it": data}]})  # what is nested too deeply to be written is left as text
            return data
        except (orjson.JSONDecodeError, TypeError):
            pass
    return body.decode("utf-8", "backslashreplace")


def media_type(lines: Sequence[Header]) -> bytes:
    """Returns the value of Content-Type, empty where there is none; each line of the request log asks for it."""
    for name, value in lines:
        if name.lower() == b"content-type":
            return value
    return b""


def gather(pairs: Sequence[tuple[str, str]]) -> dict[str, str | list[str]]:
    """Returns names with their values; a name that comes more than once has all of them, in order."""
    lists: dict[str, list[str]] = {}
    for name, value in pairs:
        lists.setdefault(name, []).append(value)
    return {name: values[0] if len(values) == 1 else values for name, values in lists.items()}


def _pairs(text: str) -> Any:
    """The pairs of a form or of a query; the text when there are too many."""
    try:
        return gather(parse_qsl(text, keep_blank_values=True, max_num_fields=MAX_FIELDS))
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


# What each field shows; who needs a few of them only works out those.
FIELDS: Mapping[str, Callable[[Exchange], Any]] = {
    "number": lambda exchange: exchange.number,
    "at": lambda exchange: exchange.at,
    "api": lambda exchange: exchange.api,
    "operation": lambda exchange: exchange.operation,
    "method": lambda exchange: exchange.method,
    "path": lambda exchange: exchange.path,
    "query": lambda exchange: _pairs(exchange.query),
    "headers": lambda exchange: _headers(exchange.headers),
    "body": lambda exchange: content(exchange.body, exchange.headers),
    "status": lambda exchange: exchange.status,
    "reply_headers": lambda exchange: _headers(exchange.reply_headers),
    "reply_body": lambda exchange: content(exchange.reply_body, exchange.reply_headers),
    "events_sent": lambda exchange: exchange.sent_events,
    "bytes_sent": lambda exchange: exchange.sent_bytes,
    "outcome": lambda exchange: exchange.outcome,
    "took": lambda exchange: exchange.took,
    "key": lambda exchange: exchange.caller,
    "workspace": lambda exchange: exchange.workspace,
    "rule": lambda exchange: exchange.rule,
    "faults": lambda exchange: list(exchange.faults),
    "near_misses": lambda exchange: list(map(_near, exchange.near_misses)),
    "error": lambda exchange: exchange.error,
    "events": lambda exchange: exchange.events,
    "seeded": lambda exchange: list(exchange.seeded),
    "done": lambda exchange: exchange.done,
    "shortened": lambda exchange: exchange.cut,
}
