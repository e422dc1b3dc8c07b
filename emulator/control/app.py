"""ANSWER: a request to the control API passes the guard, finds its entry, is read, checked and answered."""

from __future__ import annotations

import asyncio
import inspect
import logging
import secrets
from collections import Counter
from collections.abc import Awaitable, Callable, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from functools import partial
from typing import Any, TypeVar
from urllib.parse import unquote

import msgspec
from msgspec import Struct
from starlette.types import ASGIApp, Receive, Scope, Send

from emulator.clock.turns import in_turns
from emulator.control import parsing
from emulator.control.parsing import JSON, LINES, ControlFailure, ErrorBody, ErrorView, error_body
from emulator.control.route import ControlledApp, ControlRequest, ControlRoute, Text
from emulator.engine.body import ClientLeft, open_request, read
from emulator.engine.coding import HEADER as CODING_HEADER
from emulator.engine.coding import decode_in_turns
from emulator.engine.deliver import REFUSE
from emulator.engine.state import WorldState
from emulator.errors import ApiError, EmulatorError
from emulator.http.accept import prefers
from emulator.http.entity_tags import is_known, tag_of
from emulator.http.headers import Header
from emulator.http.origins import is_own_name
from emulator.http.request import Request
from emulator.http.status import BODILESS
from emulator.language.document.diagnostics import closest
from emulator.settings.options import Settings
from emulator.worlds.registry import DEFAULT, World

ALLOWED_SITES = (b"same-origin", b"none")  # the page of the emulator itself, and what a person typed
OPEN = (("health",),)  # asked by what watches over containers, and tells nothing
# The status and the hint of each kind of error that reading a body can raise.
BODY_ERRORS = {"too_large": (413, ""), "media_type": (415, ""), "invalid": (400, "")}
HINT = "a web page may not steer the emulator; ask from a program, or through the emulator's own page"


def guard(settings: Settings, scheme: str, fields: Mapping[bytes, bytes], segments: tuple[str, ...]) -> None:
    """Raises ControlError 403 for what a hostile page could send. `segments` is the path below /_emulator.

    A caller who shows the token may use any name of the server, since no page knows it.
    """
    authority = fields.get(b"host", b"").decode("latin-1").strip().lower()
    shown = _shows_token(settings, fields)
    anyhow = segments in OPEN and b"origin" not in fields  # what watches over containers uses names of their networks
    if not shown and not anyhow and not is_own_name(authority, settings):
        raise ControlFailure(403, f"host {authority!r} is not a name of this server", _names(settings))
    origin = fields.get(b"origin")
    own = (f"{scheme}://{authority}", settings.public_site or None)
    if origin is not None and origin.decode("latin-1").lower() not in own:
        raise ControlFailure(403, f"origin {origin.decode('latin-1')!r} is another site", HINT)
    service = fields.get(b"sec-fetch-site", b"none")
    if service.strip().lower() not in ALLOWED_SITES:
        raise ControlFailure(
            403, f"sec-fetch-site {service.decode('latin-1')!r}: the request comes from another site", HINT
        )
    if not shown and segments not in OPEN and (settings.control_token or not settings.is_loopback):
        raise ControlFailure(
            403,
            "the control token is missing or wrong",
            "send `Authorization: Bearer TOKEN`; the token is in the banner, or what --control-token says",
        )


def _shows_token(settings: Settings, fields: Mapping[bytes, bytes]) -> bool:
    scheme, _, token = fields.get(b"authorization", b"").partition(b" ")
    expected = settings.control_token.encode()
    return bool(expected) and scheme.lower() == b"bearer" and secrets.compare_digest(token.strip(), expected)


def _names(settings: Settings) -> str:
    known = dict.fromkeys(("localhost", "127.0.0.1", "[::1]", settings.listen.host))
    return f"ask it as {', '.join(known)}, or show the control token"


T = TypeVar("T")


MAX_WAITING = 200  # who wait in one world: each of them looks at each of its exchanges


class Waiters:
    """Those who wait, counted by their world; in each, no more than `max_waiting` can."""

    def __init__(self, max_waiting: int = MAX_WAITING) -> None:
        self._max_waiting = max_waiting
        self._count: Counter[WorldState] = Counter()

    @contextmanager
    def one_more(self, state: WorldState) -> Iterator[None]:
        """Wait in this world. Raises ControlError 409 when too many do."""
        if self._count[state] >= self._max_waiting:
            hint = "end some of them, or let others wait in worlds of their own"
            raise ControlFailure(409, f"{self._max_waiting} requests wait in the world {state.name!r} already", hint)
        self._count[state] += 1
        try:
            yield
        finally:
            self._count[state] -= 1
            if not self._count[state]:
                del self._count[state]


async def unless_left(awaited: Awaitable[T], receive: Receive) -> T:
    """What is awaited; it is cancelled when the client goes first, and ClientLeft is raised."""
    answer = asyncio.ensure_future(awaited)
    left = asyncio.ensure_future(_left(receive))
    try:
        await asyncio.wait((answer, left), return_when=asyncio.FIRST_COMPLETED)
        if not answer.done():
            raise ClientLeft
        return answer.result()
    finally:
        answer.cancel()
        left.cancel()
        await asyncio.gather(answer, left, return_exceptions=True)


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


LOG = logging.getLogger("emulator")
WORLD_HEADER = b"x-emulator-world"
# No CORS headers, ever: a page that asks is not told that it may. These keep an answer from being taken for something
# else, from being embedded, and from being shown again when things have changed.
HEADERS: tuple[Header, ...] = (
    (b"cache-control", b"no-store"),
    (b"x-content-type-options", b"nosniff"),
    (b"cross-origin-resource-policy", b"same-origin"),
)


class Streaming(Struct):
    """A response that goes on: the ASGI application that sends it, and the world in which it waits, if it waits."""

    application: ASGIApp
    state: WorldState | None = None


class Control:
    """The ASGI application of a table of control routes; in each world, no more than `max_waiting` requests wait."""

    def __init__(self, server: ControlledApp, table: tuple[ControlRoute, ...], max_waiting: int = MAX_WAITING) -> None:
        self._server = server
        self._table = table
        self._uploads = server.uploads
        self._waiters = Waiters(max_waiting)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers: Sequence[Header] = ()
        answer: Any
        try:
            status, answer = await self._answer(scope, receive)
            if isinstance(answer, Streaming):
                with nullcontext() if answer.state is None else self._waiters.one_more(answer.state):
                    await answer.application(scope, receive, send)
                return
        except ClientLeft:
            return
        except EmulatorError as error:
            status, answer = error_body(error)
            headers = error.headers if isinstance(error, ControlFailure) else ()
        except RecursionError:
            status, answer = 400, ErrorBody(ErrorView("the body is nested too deeply"))
        except Exception as error:  # a mistake of ours: the response says so, and the log has the traceback
            LOG.exception("%s %s failed", scope["method"], scope["path"])
            status, answer = 500, ErrorBody(ErrorView(f"{type(error).__name__}: {error}", "the log says where"))
        text = answer if isinstance(answer, Text) else Text(msgspec.json.encode(answer), JSON)
        body = b"" if status in BODILESS else text.body
        lines = [(b"content-type", text.media_type.encode()), *HEADERS, *headers]
        if status == 200 and scope["method"] in ("GET", "HEAD"):
            lines.append((b"etag", tag := tag_of(body)))
            if is_known(dict(scope["headers"]).get(b"if-none-match", b""), tag):
                status = 304
        if status not in BODILESS:
            lines.append((b"content-length", str(len(body)).encode()))
        await send({"type": "http.response.start", "status": status, "headers": lines})
        empty = scope["method"] == "HEAD" or status in BODILESS
        await send({"type": "http.response.body", "body": b"" if empty else body})

    async def _answer(self, scope: Scope, receive: Receive) -> tuple[int, Any]:
        request = open_request(scope, public_url=self._server.settings.public_url)
        segments = segments_of(scope)
        guard(self._server.settings, request.scheme, request.fields, segments)
        route, path = self._find(request.method, segments, b"access-control-request-method" in request.fields)
        body = parsing.fit_body(await self._read(request, receive, route), route.body)
        query, world_name = parsing.fit_query(scope["query_string"], route.query)
        world_name = _world_name(request.header(WORLD_HEADER), world_name)
        control_request = ControlRequest(
            self._server,
            self._uploads,
            self._table,
            request.origin,
            world_name,
            path,
            request.raw,
            route.status,
            request.header(b"last-event-id"),
            request.header(b"accept") or "",
            scope.get("extensions", {}).get(REFUSE),
            self,
        )
        arguments = {name: value for name, value in (("body", body), ("query", query)) if value is not None}
        # An unknown world is refused before anything is done, and one that ends ends what waits in it.
        world = await self._world(world_name) if route.world_scoped else None
        if world is not None and not world.state.store.immediate:
            await world.state.store.catch_up()
        call: Callable[[], Any] = partial(route.function, control_request, **arguments)
        if route.delegates:
            return control_request.status, Streaming(await call())
        if route.streams:
            return control_request.status, Streaming(call(), control_request.state)
        if route.lines is not None and prefers(control_request.accept, LINES, JSON):
            return control_request.status, Streaming(route.lines(control_request, **arguments))
        if route.waits:
            with self._waiters.one_more(control_request.state), control_request.state.attend():
                return control_request.status, await unless_left(call(), receive)
        answer = self._changing(route, control_request, arguments, call)()
        if inspect.isawaitable(answer):
            with nullcontext() if world is None else world.state.attend():
                answer = await answer
        if world is not None and not world.state.store.immediate and route.method != "GET":
            await world.state.store.flush()
        return control_request.status, answer

    def _changing(
        self, route: ControlRoute, request: ControlRequest, arguments: Mapping[str, Any], call: Callable[[], Any]
    ) -> Callable[[], Any]:
        """Returns the call as what it changes demands: as a unit of work, and in agreement with other processes."""
        if route.writes:
            call = partial(request.state.store.transact, partial(_unit, route.function, request, arguments))
        if route.shared and self._server.sharing is not None:
            call = partial(self._server.sharing.change, call)
        return call

    async def _world(self, name: str) -> World:
        """Returns a world, which another process may have made. Raises UnknownWorld, StoreUnavailable."""
        sharing, worlds = self._server.sharing, self._server.worlds
        if sharing is not None and name not in worlds:
            await sharing.catch_up()
        return worlds.find(name)

    async def _read(self, request: Request, receive: Receive, route: ControlRoute) -> Any:
        """Reads the body, in turns if it is long. Raises ControlFailure and ClientLeft."""
        clock, limit = self._server.worlds.default.state.clock, route.max_body
        try:
            request.raw = await read(request, receive, limit)
            if CODING_HEADER in request.fields:
                request.raw = await in_turns(decode_in_turns(request, limit), clock)
            kind = request.header(b"content-type") or ""
            return await in_turns(parsing.decode(request.raw, kind, route.max_values), clock)
        except ApiError as error:
            lines = [*error.added, *([(b"connection", b"close")] if error.values.get("unread") else [])]
            status, hint = BODY_ERRORS[error.kind]
            detail = error.detail.partition("; the option")[0]  # that bounds the bodies of the APIs
            raise ControlFailure(status, detail, hint, lines) from None

    def _find(self, method: str, segments: tuple[str, ...], preflight: bool) -> tuple[ControlRoute, dict[str, str]]:
        """The entry and the parameters of its path. Raises ControlError 403, 404 or 405."""
        if method == "OPTIONS" and preflight:
            raise ControlFailure(403, "no preflight is granted: other sites may not steer the emulator")
        fitting = [(route, path) for route in self._table if (path := route.fits(segments)) is not None]
        # What is spelled out in the path goes before what is a parameter, for every method.
        fewest = min((len(path) for _, path in fitting), default=0)
        fitting = [(route, path) for route, path in fitting if len(path) == fewest]
        for route, path in fitting:
            if method in (route.method, "HEAD" if route.method == "GET" else None):
                return route, path
        shown = "/".join(("/_emulator", *segments))
        if not fitting:
            raise ControlFailure(
                404, f"no control route {shown!r}{self._nearest(segments)}", "GET /_emulator lists all"
            )
        methods = {route.method for route, _ in fitting}
        answer = ", ".join(sorted(methods | {"HEAD"} if "GET" in methods else methods))
        allow = ", ".join(sorted({*answer.split(", "), "OPTIONS"}))
        status = 204 if method == "OPTIONS" else 405
        message = f"{shown} is not asked with {method}; expected {answer}"
        raise ControlFailure(status, message, "", [(b"allow", allow.encode())])

    def _nearest(self, segments: tuple[str, ...]) -> str:
        known = dict.fromkeys(route.path for route in self._table)
        near = closest("/".join(("", *segments)), known)
        return f"; did you mean '/_emulator{near}'?" if near else ""


def _unit(
    function: Callable[..., Any], request: ControlRequest, arguments: Mapping[str, Any]
) -> Generator[None, None, Any]:
    """Answers by a function that changes the world's state: a unit of work."""
    answer = function(request, **arguments)
    return (yield from answer) if isinstance(answer, Generator) else answer


def segments_of(scope: Scope) -> tuple[str, ...]:
    """The path below /_emulator in parts; a slash that is written %2F belongs to its part."""
    raw: bytes | None = scope.get("raw_path")
    path = raw.partition(b"?")[0].decode("latin-1") if raw else scope["path"]
    parts = path.split("/")[2:]
    if parts and not parts[-1]:
        parts.pop()
    return tuple(unquote(part) if raw else part for part in parts)


def _world_name(header: str | None, query: str | None) -> str:
    """The name of the world. Raises ControlError 400 when header and query say two things."""
    if header is not None and query is not None and header.strip() != query:
        raise ControlFailure(400, f"X-Emulator-World says {header!r} and ?world= says {query!r}; expected one world")
    return (header.strip() if header is not None else query) or DEFAULT
