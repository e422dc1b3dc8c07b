"""Masking of streams: removes a secret from a recorded stream also when it is spread over several events."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import orjson
from msgspec.structs import replace

from emulator.record.events import StreamEvent
from emulator.store.masking import MASKED, Masker

Path = tuple[str | int, ...]
TextPath = tuple[str | None, Path]  # the name of the events, and the path in their data
Pieces = dict[TextPath, list[tuple[int, str]]]  # the texts at that path, each with the number of its event


def mask_events(events: Sequence[StreamEvent], masker: Masker, fields: frozenset[str]) -> list[StreamEvent]:
    """Returns the events without their secrets."""
    masked = [_mask_event(event, masker, fields) for event in events]
    changes: dict[int, dict[Path, str]] = {}
    for (_, path), pieces in texts_by_path(masked).items():
        for at, text in _mask_pieces(pieces, masker):
            changes.setdefault(at, {})[path] = text
    return [_with_texts(event, changes[at]) if at in changes else event for at, event in enumerate(masked)]


def texts(events: Sequence[StreamEvent]) -> Iterator[str]:
    """Yields every text that may contain secrets: of each event by itself, and joined what is spread over several."""
    for event in events:
        yield from (event.name or "", event.id or "", event.data)
    for pieces in texts_by_path(events).values():
        yield "".join(text for _, text in pieces)


def texts_by_path(events: Sequence[StreamEvent]) -> Pieces:
    """Returns the texts at the same path in all events of one name."""
    found: Pieces = {}
    for at, event in enumerate(events):
        for path, text in _leaves(_parse(event.data), ()):
            found.setdefault((event.name, path), []).append((at, text))
    return found


def _parse(data: str) -> Any:
    """Parses data as JSON; returns text unchanged, also numbers and words, which may be pieces of a secret."""
    try:
        value = orjson.loads(data)
    except orjson.JSONDecodeError:
        return data
    return value if isinstance(value, (str, dict, list)) else data


def _leaves(value: Any, path: Path) -> Iterator[tuple[Path, str]]:
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, (dict, list)):
        for step, each in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _leaves(each, (*path, step))


def _mask_event(event: StreamEvent, masker: Masker, fields: frozenset[str]) -> StreamEvent:
    name, id = (None if text is None else masker.mask_text(text) for text in (event.name, event.id))
    return replace(event, name=name, id=id, data=masker.mask_json(event.data, fields))


def _mask_pieces(pieces: Sequence[tuple[int, str]], masker: Masker) -> Iterator[tuple[int, str]]:
    """Yields the pieces that change: the one in which a secret starts gets the mask, others lose their part of it."""
    whole = "".join(text for _, text in pieces)
    spans = _spans(whole, masker)
    begin = 0
    for at, text in pieces if spans else ():
        end, masked, done = begin + len(text), "", begin
        for start, stop in spans:
            if start < end and stop > begin:
                masked += whole[done : max(start, done)] + (MASKED if start >= begin else "")
                done = min(stop, end)
        masked += whole[done:end]
        begin = end
        if masked != text:
            yield at, masked


def _spans(whole: str, masker: Masker) -> list[tuple[int, int]]:
    """Returns where secrets start and end in a text; overlapping ones are merged."""
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


def _with_texts(event: StreamEvent, texts: Mapping[Path, str]) -> StreamEvent:
    if () in texts:
        value = texts[()]
        return replace(event, data=value if _parse(event.data) == event.data else orjson.dumps(value).decode())
    return replace(event, data=orjson.dumps(_replace_texts(_parse(event.data), (), texts)).decode())


def _replace_texts(value: Any, path: Path, texts: Mapping[Path, str]) -> Any:
    if isinstance(value, dict):
        return {name: _replace_texts(each, (*path, name), texts) for name, each in value.items()}
    if isinstance(value, list):
        return [_replace_texts(each, (*path, at), texts) for at, each in enumerate(value)]
    return texts.get(path, value)
