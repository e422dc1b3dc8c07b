"""Reading events: the bytes of a stream become server-sent events, each with the moment at which it came."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import orjson
from msgspec import Struct, field

from emulator.language.document.reader import MOST_BYTES

BLANK = re.compile(rb"\r\n\r\n|\n\n|\r\r")
LINE_ENDS = re.compile(r"\r\n|\r|\n")
AT_ONCE = 0.02  # seconds after it was asked for: nothing was waited for
TOGETHER = 0.001  # seconds: what comes within this time has come at once
EVEN = 0.01, 0.1  # seconds, and of the mean wait, by which events may stray from an even pace


class StreamEvent(Struct):
    """One event: `data` is as it was sent, `at` in seconds after the answer was asked for."""

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

    @property
    def is_writable(self) -> bool:
        """Whether a scenario can have an event of this name."""
        return self.name is None or (self.name.isprintable() and "{{" not in self.name)

    def encoded(self) -> bytes:
        """The event as the emulator writes it."""
        lines = [f"id: {self.id}"] if self.id is not None else []
        lines += [f"event: {self.name}"] if self.name is not None else []
        lines += [f"data: {line}" for line in self.data.split("\n")]
        return ("\n".join(lines) + "\n\n").encode()


class EventReader(Struct):
    """Takes the bytes as they come; `exact` says whether the emulator would write the same, `size` how many they were.

    Beyond `most` bytes nothing is kept.
    """

    most: int = MOST_BYTES
    events: list[StreamEvent] = field(default_factory=list)
    exact: bool = True
    size: int = 0
    _rest: bytes = b""

    def feed(self, chunk: bytes, at: float) -> None:
        """Read what has come, so many seconds after the answer was asked for."""
        self.size += len(chunk)
        if self.size > self.most:
            self.events, self._rest = [], b""
            return
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


def _read(raw: bytes, at: float) -> StreamEvent | None:
    """An event as WHATWG HTML 9.2.6 reads it; None for a comment."""
    fields: dict[str, list[str]] = {}
    for line in LINE_ENDS.split(raw.decode("utf-8", "replace")):
        name, _, value = line.partition(":")
        if name:
            fields.setdefault(name, []).append(value.removeprefix(" "))
    if "data" not in fields:
        return None
    return StreamEvent(at, fields.get("event", [None])[-1], fields.get("id", [None])[-1], "\n".join(fields["data"]))


def stream_of(events: Sequence[StreamEvent]) -> dict[str, Any]:
    """The `stream` of a reply that sends these events when they came: at a pace if that was even, else each with a wait
    of its own. What came together leaves together, and what came at once is not waited for."""
    bursts: list[list[StreamEvent]] = []
    for event in events:
        if bursts and event.at - bursts[-1][-1].at < TOGETHER:
            bursts[-1].append(event)
        else:
            bursts.append([event])
    at_once = bursts.pop(0) if bursts and bursts[0][0].at < AT_ONCE else []
    written = [_plain(event) for event in at_once]
    moments = [burst[0].at for burst in bursts]
    if not _is_even(moments):
        return {"events": written + _waiting(bursts)}
    for head, *others in bursts:
        _add_paced(written, head)
        written += [_plain(event) for event in others]
    return {"pace": _pace(moments), "events": written} if bursts else {"events": written}


def _mean(moments: Sequence[float]) -> float:
    return (moments[-1] - moments[0]) / (len(moments) - 1) if len(moments) > 1 else 0.0


def _is_even(moments: Sequence[float]) -> bool:
    """Whether each is about when the mean pace has it."""
    mean = _mean(moments)
    stray = max(EVEN[0], EVEN[1] * mean)
    return all(abs(moment - moments[0] - mean * number) <= stray for number, moment in enumerate(moments))


def _pace(moments: Sequence[float]) -> dict[str, str]:
    return {"first": _milliseconds(moments[0]), "each": _milliseconds(_mean(moments))}


def _waiting(bursts: Sequence[Sequence[StreamEvent]]) -> list[dict[str, Any]]:
    """Each burst waits for its moment; whole milliseconds, which do not add up to a drift."""
    written: list[dict[str, Any]] = []
    before = 0
    for head, *others in bursts:
        moment = round(head.at * 1000)
        written += [{"wait": f"{moment - before}ms", **_plain(head)}, *map(_plain, others)]
        before = moment
    return written


def _milliseconds(seconds: float) -> str:
    return f"{round(seconds * 1000)}ms"


def _lead(event: StreamEvent) -> dict[str, Any]:
    lead: dict[str, Any] = {} if event.name is None else {"event": event.name}
    return lead if event.id is None else {**lead, "id": {"$literal": event.id}}


def _plain(event: StreamEvent) -> dict[str, Any]:
    key, value = event.content
    return {**_lead(event), key: {"$literal": value}}


def _add_paced(written: list[dict[str, Any]], event: StreamEvent) -> None:
    """Paced events of one kind in a row are the items of one list."""
    key, value = event.content
    made = {**_lead(event), key: "{{ item }}"}
    if written and "$each" in written[-1] and {k: v for k, v in written[-1].items() if k != "$each"} == made:
        written[-1]["$each"]["$literal"].append(value)
    else:
        written.append({"$each": {"$literal": [value]}, **made})
