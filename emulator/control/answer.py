"""ANSWER: a request to the control API passes the guard, finds its entry, is read, checked and answered."""

from __future__ import annotations

import inspect
import logging
from collections.abc import Sequence
from contextlib import nullcontext
from typing import Any
from urllib.parse import unquote

import msgspec
from starlette.types import Receive, Scope, Send

from emulator.control import asked
from emulator.control.entry import Call, Entry, Steered
from emulator.control.failure import ControlError, Failure, Wrong, told
from emulator.control.guard import admit
from emulator.control.waits import MOST, Waits, unless_left
from emulator.control.written import Written
from emulator.errors import ApiError, DocumentError, EmulatorError
from emulator.exchange import Header
from emulator.scenario.suggest import closest
from emulator.serving.body import ClientLeft, read
from emulator.serving.incoming import open_incoming
from emulator.serving.worlds import DEFAULT

LOG = logging.getLogger("emulator")
CHOOSES = b"x-emulator-world"
# No CORS headers, ever: a page that asks is not told that it may. These keep an answer from being taken for something
# else, from being embedded, and from being shown again when things have changed.
HEADERS: tuple[Header, ...] = (
    (b"content-type", b"application/json"),
    (b"cache-control", b"no-store"),
    (b"x-content-type-options", b"nosniff"),
    (b"cross-origin-resource-policy", b"same-origin"),
)


class Control:
    """The ASGI application of a table of control routes; in each world, no more than `most_waits` requests wait."""

    def __init__(self, server: Steered, table: tuple[Entry, ...], most_waits: int = MOST) -> None:
        self._server = server
        self._table = table
        self._written = Written()
        self._waits = Waits(most_waits)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers: Sequence[Header] = ()
        said: Any
        try:
            status, said = await self._answer(scope, receive)
        except ClientLeft:
            return
        except EmulatorError as error:
            status, said = told(self._written.named(error) if isinstance(error, DocumentError) else error)
            headers = error.headers if isinstance(error, ControlError) else ()
        except RecursionError:
            status, said = 400, Failure(Wrong("the body is nested too deeply"))
        except Exception as error:  # a mistake of ours: the tool is told so, and the log has the traceback
            LOG.exception("%s %s failed", scope["method"], scope["path"])
            status, said = 500, Failure(Wrong(f"{type(error).__name__}: {error}", "the log says where"))
        body = msgspec.json.encode(said)
        lines = [*HEADERS, (b"content-length", str(len(body)).encode()), *headers]
        await send({"type": "http.response.start", "status": status, "headers": lines})
        await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})

    async def _answer(self, scope: Scope, receive: Receive) -> tuple[int, Any]:
        incoming = open_incoming(scope)
        segments = segments_of(scope)
        admit(self._server.settings, incoming.scheme, incoming.fields, segments)
        entry, path = self._find(incoming.method, segments, b"access-control-request-method" in incoming.fields)
        try:
            raw = await read(incoming, receive, self._server.settings.max_body)
        except ApiError as error:
            lines = [(b"connection", b"close")] if error.values.get("unread") else []
            raise ControlError(413, error.detail, "--max-body allows more", lines) from None
        body = asked.fit_body(asked.decode(raw, incoming.header(b"content-type") or ""), entry.body)
        query, world = asked.fit_query(scope["query_string"], entry.query)
        chosen = _chosen(incoming.header(CHOOSES), world)
        call = Call(self._server, self._written, self._table, incoming.origin, chosen, path, raw, entry.status)
        given = {name: value for name, value in (("body", body), ("query", query)) if value is not None}
        # An unknown world is refused before anything is done, and one that ends ends what waits in it.
        room = self._server.worlds.find(chosen) if entry.worldly else None
        if entry.waits:
            with self._waits.one_more(call.world), call.world.attend():
                return call.status, await unless_left(entry.function(call, **given), receive)
        said = entry.function(call, **given)
        if inspect.isawaitable(said):
            with nullcontext() if room is None else room.world.attend():
                said = await said
        return call.status, said

    def _find(self, method: str, segments: tuple[str, ...], preflight: bool) -> tuple[Entry, dict[str, str]]:
        """The entry and the parameters of its path. Raises ControlError 403, 404 or 405."""
        if method == "OPTIONS" and preflight:
            raise ControlError(403, "no preflight is granted: other sites may not steer the emulator")
        fitting = [(entry, path) for entry in self._table if (path := entry.fits(segments)) is not None]
        # What is spelled out in the path goes before what is a parameter.
        for entry, path in sorted(fitting, key=lambda found: len(found[1])):
            if method in (entry.method, "HEAD" if entry.method == "GET" else None):
                return entry, path
        shown = "/".join(("/_emulator", *segments))
        if not fitting:
            raise ControlError(404, f"no control route {shown!r}{self._nearest(segments)}", "GET /_emulator lists all")
        methods = {entry.method for entry, _ in fitting}
        said = ", ".join(sorted(methods | {"HEAD"} if "GET" in methods else methods))
        raise ControlError(405, f"{shown} is not asked with {method}; expected {said}", "", [(b"allow", said.encode())])

    def _nearest(self, segments: tuple[str, ...]) -> str:
        known = dict.fromkeys(entry.path for entry in self._table)
        near = closest("/".join(("", *segments)), known)
        return f"; did you mean '/_emulator{near}'?" if near else ""


def segments_of(scope: Scope) -> tuple[str, ...]:
    """The path below /_emulator in parts; a slash that is written %2F belongs to its part."""
    raw: bytes | None = scope.get("raw_path")
    path = raw.partition(b"?")[0].decode("latin-1") if raw else scope["path"]
    parts = path.split("/")[2:]
    if parts and not parts[-1]:
        parts.pop()
    return tuple(unquote(part) if raw else part for part in parts)


def _chosen(header: str | None, query: str | None) -> str:
    """The name of the world. Raises ControlError 400 when header and query say two things."""
    if header is not None and query is not None and header.strip() != query:
        raise ControlError(400, f"X-Emulator-World says {header!r} and ?world= says {query!r}; expected one world")
    return (header.strip() if header is not None else query) or DEFAULT
