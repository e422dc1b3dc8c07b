"""Spending: what an exchange used, by the units that its API file names in `client.spent`, such as tokens and money."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from math import isfinite
from typing import Any

import orjson

from emulator.engine.context import Context, Service
from emulator.errors import EmulatorError
from emulator.http.exchange import Exchange
from emulator.store.views import content, media_type

STREAM = b"text/event-stream"


def spending(service: Service, exchange: Exchange, units: Collection[str] | None = None) -> dict[str, float]:
    """Returns what one exchange used, by unit; of a stream, each unit as the last event tells it that tells it.

    With `units`, only those. A refusal uses nothing.
    """
    plans = service.api.client.spent
    missing = {unit: plans[unit] for unit in plans if units is None or unit in units}
    found: dict[str, float] = {}
    if not missing or exchange.status >= 400:
        return found
    said: list[Any] = []

    def body(context: Context) -> Any:
        """Reads the request's body, once, when a template names it: few do."""
        if not said:
            said.append(content(exchange.body, exchange.headers))
        return said[0]

    makers = {**service.makers, "body": body}
    for answer in _answers(exchange):
        context = service.background(status=exchange.status, operation=exchange.operation, answer=answer)
        context.makers = makers
        for unit in [*missing]:
            try:
                value = missing[unit].value(context)
            except (EmulatorError, KeyError):
                continue
            if isinstance(value, (int, float)) and isfinite(value) and value > 0:
                found[unit] = float(value)
                del missing[unit]
        if not missing:
            break
    return found


def _answers(exchange: Exchange) -> Iterator[Mapping[str, Any]]:
    """Yields the bodies that a response is made of, those that are JSON objects; of a stream, the last event first."""
    if STREAM not in media_type(exchange.reply_headers):
        whole = content(exchange.reply_body, exchange.reply_headers)
        if isinstance(whole, dict):
            yield whole
        return
    for line in reversed(exchange.reply_body.split(b"\n")):
        if line.startswith(b"data: {"):
            try:
                yield orjson.loads(line[len(b"data: ") :])
            except orjson.JSONDecodeError:
                continue
