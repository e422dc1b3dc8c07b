"""Answers: what came back for an example, as far as it can be compared."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import httpx
import orjson
from msgspec import Struct

from emulator.record.events import EventReader


class Answer(Struct, frozen=True):
    """A status, header lines by their names in lower case, and a body: JSON, text, or events (name and data)."""

    status: int
    headers: Mapping[str, str]
    body: Any = None
    events: tuple[tuple[str | None, Any], ...] | None = None


def read(response: httpx.Response) -> Answer:
    """A response that has come whole."""
    headers = {name.lower(): value for name, value in response.headers.items()}
    if headers.get("content-type", "").startswith("text/event-stream"):
        reader = EventReader()
        reader.feed(response.content, 0.0)
        events = tuple((each.name, _json(each.data)) for each in reader.events)
        return Answer(response.status_code, headers, events=events)
    return Answer(response.status_code, headers, _json(response.text))


def _json(text: str) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return text
