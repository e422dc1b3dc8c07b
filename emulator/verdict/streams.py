"""The rule about streams that broke off."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import orjson

from emulator.http.exchange import Exchange
from emulator.verdict.finding import Finding, finding
from emulator.verdict.history import History, data_of, header, identity, parts

DATA = re.compile(rb"^data: ?(.*)$", re.M)
GOES_ON = ("continue", "go on", "carry on", "finish")  # what a user says who knows that the answer broke off
SHOWN = 60  # characters of the partial text


def truncated_stream_taken_as_whole(history: History) -> Iterator[Finding | None]:
    """A stream was cut, and what had arrived of it came back as the assistant's answer to the same question.

    That is all that can be seen: a client that keeps the partial text to itself is not found. Not meant are streams
    that the client left, streams cut behind their last event, text that is asked to be gone on with, because it comes
    last or the user says so after it, and a stream that was asked for again before.
    """
    for at, stream in enumerate(history.exchanges):
        if not _cut(stream) or _may_be_whole(history, stream):
            continue
        partial, questions = _partial(stream), {each for each in parts(data_of(stream.body)) if isinstance(each, str)}
        later = [each for each in history.exchanges[at + 1 :] if (each.api, each.caller) == (stream.api, stream.caller)]
        again = next((history.place(each) for each in later if identity(each) == identity(stream)), None)
        using = [
            (each, answer)
            for each in later
            for question, answer in _turns(each)
            if (again is None or history.place(each) < again) and answer in partial and question in questions
        ]
        yield _taken(stream, using) if using else None


def _taken(stream: Exchange, using: list[tuple[Exchange, str]]) -> Finding:
    first, text = using[0]
    shown = text if len(text) <= SHOWN else text[:SHOWN] + "…"
    return finding(
        "truncated_stream_taken_as_whole",
        [stream, *dict.fromkeys(each for each, _ in using)],
        f"the stream of exchange {stream.number} was cut after {stream.sent_events} events, and exchange "
        f"{first.number} sends what had come of it as the assistant's answer: {shown!r}",
        "the same request again, or one to go on",
        f"{len(text)} characters of a partial answer",
    )


def _cut(exchange: Exchange) -> bool:
    kind = header(exchange.reply_headers, b"content-type") or ""
    return exchange.outcome in ("cut", "stopped") and kind.startswith("text/event-stream")


def _may_be_whole(history: History, exchange: Exchange) -> bool:
    """Whether the event arrived with which the stream of its rule ends, or it is not known how that ends."""
    api = history.playbook.apis.get(exchange.api)
    operation = None if api is None else api.operations.get(exchange.operation)
    rules = () if operation is None else operation.rules.rules
    reply = next((each.reply for rule in rules for each in rule.each if each.id == exchange.rule), None)
    if reply is None or not reply.events or reply.events[-1].each is not None:
        return True
    last = reply.events[-1]
    mark = last.lead.strip()
    if not mark and last.text is not None and last.text.constant:
        mark = b"data: " + str(last.text.value({})).encode()
    return not mark or mark in _arrived(exchange).rpartition(b"\n\n")[2]


def _arrived(exchange: Exchange) -> bytes:
    """The events that arrived as wholes, without the blank line after the last."""
    return exchange.reply_body[: exchange.sent_bytes].rpartition(b"\n\n")[0]


def _partial(exchange: Exchange) -> set[str]:
    """The texts that a client may have put together of what arrived: one for each field of the events, with the last
    event and without it, because a client may hold that one back."""
    events = _events(_arrived(exchange))
    return {text for some in (events, events[:-1]) for text in _texts(some).values()} - {""}


def _events(body: bytes) -> list[Any]:
    found = []
    for line in DATA.findall(body):
        try:
            found.append(orjson.loads(line))
        except orjson.JSONDecodeError:
            found.append(None)
    return found


def _texts(events: list[Any]) -> Mapping[str, str]:
    """For each place in the events, all texts that stand there, put together."""
    texts: dict[str, str] = {}
    for event in events:
        for place, text in _placed(event, ""):
            texts[place] = texts.get(place, "") + text
    return {place: text.strip() for place, text in texts.items()}


def _placed(data: Any, place: str) -> Iterator[tuple[str, str]]:
    if isinstance(data, str):
        yield place, data
    elif isinstance(data, dict):
        for name, value in data.items():
            yield from _placed(value, f"{place}.{name}")
    elif isinstance(data, list):
        for value in data:
            yield from _placed(value, f"{place}[]")


def _turns(exchange: Exchange) -> Iterator[tuple[str, str]]:
    """(question, answer) of the conversation that a request tells, but for an answer that is to be gone on with."""
    if b"assistant" not in exchange.body:
        return
    for part in parts(data_of(exchange.body)):
        turns = [each for each in part if isinstance(each, dict) and "role" in each] if isinstance(part, list) else []
        for before, turn, after in zip(turns, turns[1:], turns[2:], strict=False):
            if turn["role"] == "assistant" and not _asks_to_go_on(after):
                yield _text(before), _text(turn).strip()


def _asks_to_go_on(turn: dict[str, Any]) -> bool:
    return any(word in _text(turn).lower() for word in GOES_ON)


def _text(turn: dict[str, Any]) -> str:
    """The words of a turn, which is {role, content} with a text or with parts that have one."""
    content = turn.get("content")
    if isinstance(content, list):
        content = "".join(str(each.get("text", "")) for each in content if isinstance(each, dict))
    return content if isinstance(content, str) else ""
