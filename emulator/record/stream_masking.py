"""Masking streams: a secret leaves a recorded stream also when it comes in pieces, one in each event."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import orjson
from msgspec.structs import replace

from emulator.record.events import StreamEvent
from emulator.store.masking import MASKED, Masker

Path = tuple[str | int, ...]
Strand = tuple[str | None, Path]  # of which events, and where in their data
Pieces = dict[Strand, list[tuple[int, str]]]  # the texts that stand there, each with the number of its event


def mask_events(events: Sequence[StreamEvent], masker: Masker, fields: frozenset[str]) -> list[StreamEvent]:
    """The events without their secrets."""
    alone = [_alone(event, masker, fields) for event in events]
    changes: dict[int, dict[Path, str]] = {}
    for (_, path), pieces in strands(alone).items():
        for at, text in _over(pieces, masker):
            changes.setdefault(at, {})[path] = text
    return [_changed(event, changes[at]) if at in changes else event for at, event in enumerate(alone)]


def texts(events: Sequence[StreamEvent]) -> Iterator[str]:
    """All that secrets may stand in: each event by itself, and what comes in pieces as a whole."""
    for event in events:
        yield from (event.name or "", event.id or "", event.data)
    for pieces in strands(events).values():
        yield "".join(text for _, text in pieces)


def strands(events: Sequence[StreamEvent]) -> Pieces:
    """What stands in the same place of all events of a name."""
    found: Pieces = {}
    for at, event in enumerate(events):
        for path, text in _leaves(_said(event.data), ()):
            found.setdefault((event.name, path), []).append((at, text))
    return found


def _said(data: str) -> Any:
    """What data says as JSON; plain text is itself, and so are numbers and words, which may be pieces of one."""
    try:
        said = orjson.loads(data)
    except orjson.JSONDecodeError:
        return data
    return said if isinstance(said, (str, dict, list)) else data


def _leaves(value: Any, path: Path) -> Iterator[tuple[Path, str]]:
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, (dict, list)):
        for step, each in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _leaves(each, (*path, step))


def _alone(event: StreamEvent, masker: Masker, fields: frozenset[str]) -> StreamEvent:
    name, id = (None if text is None else masker.mask_text(text) for text in (event.name, event.id))
    return replace(event, name=name, id=id, data=masker.mask_json(event.data, fields))


def _over(pieces: Sequence[tuple[int, str]], masker: Masker) -> Iterator[tuple[int, str]]:
    """The pieces that change: the one in which a secret begins has the mask, those after it lack their part of it."""
    whole = "".join(text for _, text in pieces)
    spans = _spans(whole, masker)
    begin = 0
    for at, text in pieces if spans else ():
        end, kept, done = begin + len(text), "", begin
        for start, stop in spans:
            if start < end and stop > begin:
                kept += whole[done : max(start, done)] + (MASKED if start >= begin else "")
                done = min(stop, end)
        kept += whole[done:end]
        begin = end
        if kept != text:
            yield at, kept


def _spans(whole: str, masker: Masker) -> list[tuple[int, int]]:
    """Where in a text secrets begin and end; those that overlap are one."""
    found = sorted((at, at + len(form)) for form, _ in masker.replacements() for at in _places(form, whole))
    spans: list[tuple[int, int]] = []
    for start, stop in found:
        if spans and start < spans[-1][1]:
            spans[-1] = (spans[-1][0], max(stop, spans[-1][1]))
        else:
            spans.append((start, stop))
    return spans


def _places(form: str, whole: str) -> Iterator[int]:
    at = whole.find(form)
    while at >= 0:
        yield at
        at = whole.find(form, at + 1)


def _changed(event: StreamEvent, texts: Mapping[Path, str]) -> StreamEvent:
    if () in texts:
        said = texts[()]
        return replace(event, data=said if _said(event.data) == event.data else orjson.dumps(said).decode())
    return replace(event, data=orjson.dumps(_placed(_said(event.data), (), texts)).decode())


def _placed(value: Any, path: Path, texts: Mapping[Path, str]) -> Any:
    if isinstance(value, dict):
        return {name: _placed(each, (*path, name), texts) for name, each in value.items()}
    if isinstance(value, list):
        return [_placed(each, (*path, at), texts) for at, each in enumerate(value)]
    return texts.get(path, value)
