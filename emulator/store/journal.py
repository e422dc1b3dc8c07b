"""The journal: the last exchanges, bounded in number and in bytes."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qsl

import orjson
from msgspec.structs import replace

from emulator.http import Exchange, Header, NearMiss

OVERHEAD = 1_500  # bytes that an exchange takes beside its bodies and what stands in its header lines
Watcher = Callable[[Exchange], None]


class Journal:
    """Keeps the newest exchanges: at most `entries`, and at most `size` bytes of them in all."""

    def __init__(self, entries: int = 500, size: int = 16 * 2**20) -> None:
        self.entries = entries
        self.size = size
        self.dropped = 0
        self._most = size // 10
        self._kept: deque[Exchange] = deque()
        self._held = 0
        self._watchers: list[Watcher] = []

    def add(self, exchange: Exchange) -> None:
        """Keep an exchange, which may still be open. Of what is larger than a tenth of the whole journal, a part."""
        held = OVERHEAD + len(exchange.body) + len(exchange.reply_body)
        for name, value in exchange.headers:
            held += len(name) + len(value)
        for _, value in exchange.reply_headers:  # their names are the scenario's, which are there once
            held += len(value)
        if exchange.error:
            held += _size_of_error(exchange)
        if held > self._most:
            held = _cut(exchange, self._most)
        exchange.held = held
        kept = self._kept
        kept.append(exchange)
        self._held += held
        while len(kept) > self.entries or (self._held > self.size and kept):
            self._held -= kept.popleft().held
            self.dropped += 1
        if self._watchers:
            self._tell(exchange)

    def finish(self, exchange: Exchange) -> None:
        """Note that an exchange that was added while it was open has ended, however it did."""
        if exchange.outcome == "open":
            exchange.outcome = "stopped"
        if self._watchers:
            self._tell(exchange)

    @contextmanager
    def watched(self, watcher: Watcher) -> Iterator[None]:
        """Tell somebody of each exchange that is added, and again when one that was open has ended."""
        self._watchers.append(watcher)
        try:
            yield
        finally:
            self._watchers.remove(watcher)

    def clear(self) -> None:
        self._kept.clear()
        self._held = 0

    @property
    def seen(self) -> int:
        """How many exchanges there were, kept or not, since it was cleared."""
        return len(self._kept) + self.dropped

    def __len__(self) -> int:
        return len(self._kept)

    def __iter__(self) -> Iterator[Exchange]:
        """The exchanges, the oldest first."""
        return iter(tuple(self._kept))

    def _tell(self, exchange: Exchange) -> None:
        for watcher in tuple(self._watchers):
            watcher(exchange)


def _cut(exchange: Exchange, most: int) -> int:
    """Cut each part of an exchange to `most` bytes; gives what it then takes."""
    exchange.body, exchange.reply_body = exchange.body[:most], exchange.reply_body[:most]
    exchange.headers = _cut_lines(exchange.headers, most)
    exchange.reply_headers = _cut_lines(exchange.reply_headers, most)
    exchange.error = exchange.error.encode()[:most].decode(errors="ignore")
    exchange.near_misses = _cut_misses(exchange.near_misses, most)
    lines = (*exchange.headers, *exchange.reply_headers)
    bodies = len(exchange.body) + len(exchange.reply_body)
    return OVERHEAD + bodies + sum(len(name) + len(value) for name, value in lines) + _size_of_error(exchange)


def _cut_lines(lines: Sequence[Header], most: int) -> Sequence[Header]:
    """The header lines up to the one that is too much, as a list of their own: these may still have to be sent."""
    kept: list[Header] = []
    for name, value in lines:
        most -= len(name) + len(value)
        if most < 0:
            break
        kept.append((name, value))
    return kept


def _cut_misses(misses: tuple[NearMiss, ...], most: int) -> tuple[NearMiss, ...]:
    """Near misses of at most so many bytes; when they are too large, each of their texts gets the same share."""
    if sum(map(_size, misses)) <= most:
        return misses
    texts = sum(3 * len(miss.differences) + 3 for miss in misses)
    share = most // (4 * texts)  # a character may take four bytes
    return tuple(
        NearMiss(
            miss.rule[:share],
            miss.name[:share],
            miss.file[:share],
            miss.line,
            tuple(
                replace(each, field=each.field[:share], wanted=each.wanted[:share], found=each.found[:share])
                for each in miss.differences
            ),
        )
        for miss in misses
    )


def _size_of_error(exchange: Exchange) -> int:
    return len(exchange.error.encode(errors="replace")) + sum(map(_size, exchange.near_misses))


def _size(miss: NearMiss) -> int:
    texts = [miss.rule, miss.name, miss.file]
    texts += [text for each in miss.differences for text in (each.field, each.wanted, each.found)]
    return sum(len(text.encode(errors="replace")) for text in texts)


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
