"""Server-sent events: parses a stream, with the time of each event, and writes it as that of a scenario."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import orjson
from msgspec import Struct, field

from emulator.language.document.reader import MAX_BYTES

BLANK = re.compile(rb"\r\n\r\n|\n\n|\r\r")
LINE_ENDS = re.compile(r"\r\n|\r|\n")
AT_ONCE = 0.02  # seconds after the request: an event this early did not wait
TOGETHER = 0.001  # seconds: events this close came together
EVEN = 0.01, 0.1  # seconds, and as a part of the mean wait, by which events may deviate from an even pace


class StreamEvent(Struct):
    """Server-sent event: `data` as it was sent, `at` in seconds after the request."""

    at: float
    name: str | None
    id: str | None
    data: str

    @property
    def content(self) -> tuple[str, Any]:
        """Returns the key of a scenario's event, `data` or `text`, that sends the same bytes, and its value."""
        try:
            value = orjson.loads(self.data)
            if orjson.dumps(value).decode() == self.data:
                return "data", value
        except orjson.JSONDecodeError:
            pass
        return "text", self.data

    @property
    def is_writable(self) -> bool:
        """Whether a scenario can have an event of this name."""
        return self.name is None or (self.name.isprintable() and "{{" not in self.name)

    def encoded(self) -> bytes:
        """Returns the event as the emulator writes it."""
        lines = [f"id: {self.id}"] if self.id is not None else []
        lines += [f"event: {self.name}"] if self.name is not None else []
        lines += [f"data: {line}" for line in self.data.split("\n")]
        return ("\n".join(lines) + "\n\n").encode()


class EventReader(Struct):
    """Parser of an event stream; `exact` is whether the emulator writes the same bytes, `size` how many there were.

    A stream of more than `most` bytes is dropped.
    """

    most: int = MAX_BYTES
    events: list[StreamEvent] = field(default_factory=list)
    exact: bool = True
    size: int = 0
    _rest: bytes = b""

    def feed(self, chunk: bytes, at: float) -> None:
        """Parses more bytes, which came `at` seconds after the request."""
        self.size += len(chunk)
        if self.size > self.most:
            self.events, self._rest = [], b""
            return
        self._rest += chunk
        while match := BLANK.search(self._rest):
            raw, self._rest = self._rest[: match.end()], self._rest[match.end() :]
            event = _read(raw, at)
            if event is not None:
                self.events.append(event)
            if event is None or event.encoded() != raw:
                self.exact = False

    @property
    def complete(self) -> bool:
        """Whether the last event was complete."""
        return not self._rest.strip()


def _read(raw: bytes, at: float) -> StreamEvent | None:
    """Parses an event (WHATWG HTML 9.2.6); None for a comment."""
    fields: dict[str, list[str]] = {}
    for line in LINE_ENDS.split(raw.decode("utf-8", "replace")):
        name, _, value = line.partition(":")
        if name:
            fields.setdefault(name, []).append(value.removeprefix(" "))
    if "data" not in fields:
        return None
    return StreamEvent(at, fields.get("event", [None])[-1], fields.get("id", [None])[-1], "\n".join(fields["data"]))


def stream_of(events: Sequence[StreamEvent]) -> dict[str, Any]:
    """Returns the `stream` of a reply that sends these events at their times: at a pace if that was even, else with a
    wait before each. Events that came together are sent together, and those that came at once do not wait."""
    bursts: list[list[StreamEvent]] = []
    for event in events:
        if bursts and event.at - bursts[-1][-1].at < TOGETHER:
            bursts[-1].append(event)
        else:
            bursts.append([event])
    at_once = bursts.pop(0) if bursts and bursts[0][0].at < AT_ONCE else []
    written = [_plain(event) for event in at_once]
    times = [burst[0].at for burst in bursts]
    if not _is_even(times):
        return {"events": written + _waiting(bursts)}
    for head, *others in bursts:
        _add_paced(written, head)
        written += [_plain(event) for event in others]
    return {"pace": _pace(times), "events": written} if bursts else {"events": written}


def _mean(times: Sequence[float]) -> float:
    return (times[-1] - times[0]) / (len(times) - 1) if len(times) > 1 else 0.0


def _is_even(times: Sequence[float]) -> bool:
    """Whether each time is close to that of an even pace."""
    mean = _mean(times)
    tolerance = max(EVEN[0], EVEN[1] * mean)
    return all(abs(time - times[0] - mean * number) <= tolerance for number, time in enumerate(times))


def _pace(times: Sequence[float]) -> dict[str, str]:
    return {"first": _milliseconds(times[0]), "each": _milliseconds(_mean(times))}


def _waiting(bursts: Sequence[Sequence[StreamEvent]]) -> list[dict[str, Any]]:
    """Returns events with waits in complete milliseconds, whose rounding does not add up."""
    written: list[dict[str, Any]] = []
    before = 0
    for head, *others in bursts:
        time = round(head.at * 1000)
        written += [{"wait": f"{time - before}ms", **_plain(head)}, *map(_plain, others)]
        before = time
    return written


def _milliseconds(seconds: float) -> str:
    return f"{round(seconds * 1000)}ms"


def _name_and_id(event: StreamEvent) -> dict[str, Any]:
    fields: dict[str, Any] = {} if event.name is None else {"event": event.name}
    return fields if event.id is None else {**fields, "id": {"$literal": event.id}}


def _plain(event: StreamEvent) -> dict[str, Any]:
    key, value = event.content
    return {**_name_and_id(event), key: {"$literal": value}}


def _add_paced(written: list[dict[str, Any]], event: StreamEvent) -> None:
    """Adds a paced event; consecutive events of one kind become the items of one list."""
    key, value = event.content
    item = {**_name_and_id(event), key: "{{ item }}"}
    if written and "$each" in written[-1] and {k: v for k, v in written[-1].items() if k != "$each"} == item:
        written[-1]["$each"]["$literal"].append(value)
    else:
        written.append({"$each": {"$literal": [value]}, **item})
