"""RecordingFilter: decides whether an exchange is recorded, and which parts of it; the log says why not."""

from __future__ import annotations

import logging

import httpx

from emulator.language.document.reader import MAX_BYTES
from emulator.record.events import EventReader
from emulator.record.file import RecordingFile
from emulator.record.request import ParsedRequest, RecordedExchange, RequestReader, UpstreamReply
from emulator.record.upstream import Upstreams, recorded_headers

LOG = logging.getLogger("emulator")
NOT_MODIFIED = 304


class RecordingFilter:
    """Records the exchanges that can be replayed."""

    def __init__(self, reader: RequestReader, recording_file: RecordingFile, upstreams: Upstreams) -> None:
        self._reader = reader
        self._file = recording_file
        self._upstreams = upstreams

    def record(
        self,
        parsed: ParsedRequest,
        response: httpx.Response,
        body: bytes,
        reader: EventReader | None,
        obstacle: str = "",
    ) -> None:
        """Records an exchange unless there is an obstacle; learns its secrets in any case."""
        self._reader.learn(parsed, response, body, reader)
        reason = obstacle or _reason(parsed, response, body, reader)
        if reason or parsed.request is None:
            self.skip(parsed, reason)
            return
        if reader is not None and not (reader.exact and reader.complete):
            LOG.info("%s: its events are replayed with other bytes that mean the same", parsed.name)
        origins = [(origin, parsed.request.origin) for origin in self._upstreams.origins]
        events = None if reader is None else tuple(reader.events)
        constant = parsed.constant | {"content-type"} if body or events else parsed.constant
        lines = recorded_headers(response, parsed.generated, constant, origins)
        reply = UpstreamReply(response.status_code, lines, body, events)
        if self._file.add(RecordedExchange(parsed.request, reply)):
            LOG.info("%s %s → %s", parsed.name, response.status_code, self._file.path.name)
        else:
            self._file.mask_again()
        if parsed.problem:
            LOG.warning("%s: %s", parsed.name, parsed.problem)

    def skip(self, parsed: ParsedRequest, reason: str) -> None:
        """Logs why an exchange is not recorded; the secrets that it taught are masked in the file all the same."""
        self._file.mask_again()
        LOG.warning("%s was forwarded but not recorded: %s", parsed.name, reason)


def _reason(parsed: ParsedRequest, response: httpx.Response, body: bytes, reader: EventReader | None) -> str:
    """Returns why the exchange can't be replayed, or an empty text."""
    if parsed.request is None:
        return parsed.problem
    if response.status_code == NOT_MODIFIED:
        return "304 has no body, because the client has it already"
    if reader is not None:
        if reader.size > MAX_BYTES:
            return f"its events have more than {MAX_BYTES >> 20} MiB"
        named = all(event.is_writable for event in reader.events)
        return "" if named else "a scenario can't have an event of such a name"
    try:
        body.decode()
    except UnicodeDecodeError:
        return "its body is not UTF-8 text"
    return ""
