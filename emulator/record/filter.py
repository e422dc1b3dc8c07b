"""Keeping: whether an answer goes onto the tape, and what of it; when not, the log says why."""

from __future__ import annotations

import logging

import httpx

from emulator.language.document.reader import MOST_BYTES
from emulator.record.events import EventReader
from emulator.record.file import RecordingFile
from emulator.record.request import Answered, RecordedExchange, RequestReader, Understood
from emulator.record.upstream import Upstreams, kept

LOG = logging.getLogger("emulator")
NOT_MODIFIED = 304


class RecordingFilter:
    """Puts onto the tape what can be replayed."""

    def __init__(self, listener: RequestReader, tape: RecordingFile, upstreams: Upstreams) -> None:
        self._listener = listener
        self._tape = tape
        self._upstreams = upstreams

    def keep(
        self,
        understood: Understood,
        response: httpx.Response,
        body: bytes,
        reader: EventReader | None,
        obstacle: str = "",
    ) -> None:
        """Record an answer unless there is an obstacle; its secrets are learned in any case."""
        self._listener.learn(understood, response, body, reader)
        reason = obstacle or _reason(understood, response, body, reader)
        if reason or understood.asked is None:
            self.pass_over(understood, reason)
            return
        if reader is not None and not (reader.exact and reader.whole):
            LOG.info("%s: the bytes of its events are written in another way when replayed", understood.name)
        moves = [(origin, understood.asked.origin) for origin in self._upstreams.origins]
        events = None if reader is None else tuple(reader.events)
        constant = understood.constant | {"content-type"} if body or events else understood.constant
        lines = kept(response, understood.generated, constant, moves)
        answered = Answered(response.status_code, lines, body, events)
        if self._tape.add(RecordedExchange(understood.asked, answered)):
            LOG.info("%s %s → %s", understood.name, response.status_code, self._tape.path.name)
        else:
            self._tape.hide()
        if understood.problem:
            LOG.warning("%s: %s", understood.name, understood.problem)

    def pass_over(self, understood: Understood, reason: str) -> None:
        """Say why an answer is not recorded; the secrets that it taught leave the file all the same."""
        self._tape.hide()
        LOG.warning("%s is passed on and not recorded: %s", understood.name, reason)


def _reason(understood: Understood, response: httpx.Response, body: bytes, reader: EventReader | None) -> str:
    """Why it can't be replayed; empty when it can."""
    if understood.asked is None:
        return understood.problem
    if response.status_code == NOT_MODIFIED:
        return "304 says only that the client has the answer already"
    if reader is not None:
        if reader.size > MOST_BYTES:
            return f"its events have more than {MOST_BYTES >> 20} MiB"
        named = all(event.is_writable for event in reader.events)
        return "" if named else "a scenario can't have an event of such a name"
    try:
        body.decode()
    except UnicodeDecodeError:
        return "its body is no text in UTF-8"
    return ""
