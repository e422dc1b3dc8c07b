"""Reading events: the bytes of a stream become server-sent events, each with the moment at which it came."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import orjson
from msgspec import Struct, field

BLANK = re.compile(rb"\r\n\r\n|\n\n|\r\r")
LINE_ENDS = re.compile(r"\r\n|\r|\n")
AT_ONCE = 0.02  # seconds after the answer began
TOGETHER = 0.001  # seconds: what comes within this time has come at once


class Event(Struct):
    """One event: `data` is as it was sent, `at` in seconds after the answer began."""

    at: float
    name: str | None
    id: str | None
    data: str

    @property
    def content(self) -> tuple[str, Any]:
        """The key of a scenario's event, `data` or `text`, that sends the same bytes, and its value."""
        try:
            said = orjson.loads(self.data)
            if orjson.dumps(said).decode() == self.data:
                return "data", said
        except orjson.JSONDecodeError:
            pass
        return "text", self.data

    def encoded(self) -> bytes:
        """The event as the emulator writes it."""
        lines = [f"id: {self.id}"] if self.id is not None else []
        lines += [f"event: {self.name}"] if self.name is not None else []
        lines += [f"data: {line}" for line in self.data.split("\n")]
        return ("\n".join(lines) + "\n\n").encode()


class EventReader(Struct):
    """Takes the bytes as they come; `exact` says whether the emulator would write the same."""

    events: list[Event] = field(default_factory=list)
    exact: bool = True
    _rest: bytes = b""

    def feed(self, chunk: bytes, at: float) -> None:
        """Read what has come, so many seconds after the answer began."""
        self._rest += chunk
        while found := BLANK.search(self._rest):
            raw, self._rest = self._rest[: found.end()], self._rest[found.end() :]
            event = _read(raw, at)
            if event is not None:
                self.events.append(event)
            if event is None or event.encoded() != raw:
                self.exact = False

    @property
    def whole(self) -> bool:
        """Whether nothing is left of an event that never ended."""
        return not self._rest.strip()


def _read(raw: bytes, at: float) -> Event | None:
    """An event as WHATWG HTML 9.2.6 reads it; None for a comment."""
    fields: dict[str, list[str]] = {}
    for line in LINE_ENDS.split(raw.decode("utf-8", "replace")):
        name, _, value = line.partition(":")
        if name:
            fields.setdefault(name, []).append(value.removeprefix(" "))
    if "data" not in fields:
        return None
    return Event(at, fields.get("event", [None])[-1], fields.get("id", [None])[-1], "\n".join(fields["data"]))


def stream_of(events: Sequence[Event]) -> dict[str, Any]:
    """The `stream` of a reply that sends these events: what came together leaves together, and the pace is that of the
    first event and the mean of those after it."""
    bursts: list[list[Event]] = []
    for event in events:
        if bursts and event.at - bursts[-1][-1].at < TOGETHER:
            bursts[-1].append(event)
        else:
            bursts.append([event])
    # What comes at once is not waited for; the pace begins with what comes after it.
    written = [_plain(event) for event in bursts.pop(0)] if len(bursts) > 1 and bursts[0][0].at < AT_ONCE else []
    for head, *others in bursts:
        _add_paced(written, head)
        written += [_plain(event) for event in others]
    stream: dict[str, Any] = {"events": written}
    if bursts and (pace := _pace([burst[0].at for burst in bursts])):
        stream = {"pace": pace, **stream}
    return stream


def _pace(moments: Sequence[float]) -> dict[str, str]:
    gap = (moments[-1] - moments[0]) / (len(moments) - 1) if len(moments) > 1 else 0.0
    waits = {"first": round(moments[0] * 1000), "each": round(gap * 1000)}
    return {name: f"{wait}ms" for name, wait in waits.items() if wait}


def _lead(event: Event) -> dict[str, Any]:
    lead: dict[str, Any] = {} if event.name is None else {"event": event.name}
    return lead if event.id is None else {**lead, "id": {"$literal": event.id}}


def _plain(event: Event) -> dict[str, Any]:
    key, value = event.content
    return {**_lead(event), key: {"$literal": value}}


def _add_paced(written: list[dict[str, Any]], event: Event) -> None:
    """Paced events of one kind in a row are the items of one list."""
    key, value = event.content
    made = {**_lead(event), key: "{{ item }}"}
    if written and "$each" in written[-1] and {k: v for k, v in written[-1].items() if k != "$each"} == made:
        written[-1]["$each"]["$literal"].append(value)
    else:
        written.append({"$each": {"$literal": [value]}, **made})
