"""RequestReader: parses a request by the API's file, and learns the secrets that it and its response carry."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import Any
from urllib.parse import parse_qsl, quote

import httpx
import orjson
from msgspec import Struct
from msgspec.structs import replace

from emulator.app import Application
from emulator.compile.lint import CONTROL
from emulator.engine.authenticate import authenticate
from emulator.engine.coding import HEADER as CODING_HEADER
from emulator.engine.coding import decode
from emulator.engine.context import Context
from emulator.engine.errors import refuse
from emulator.engine.near_misses import masker_of
from emulator.engine.validate import check_form, read_form
from emulator.errors import ApiError
from emulator.http.reply import Reply
from emulator.http.request import Request
from emulator.record.events import EventReader, StreamEvent
from emulator.record.stream_masking import texts
from emulator.store.masking import Masker
from emulator.store.views import gather


class RecordedRequest(Struct, frozen=True):
    """Request as recorded: its operation, the fields of its path, query and body, and the origin its client used."""

    operation: str
    fields: dict[str, Any]
    origin: str
    redact: frozenset[str] = frozenset()


class UpstreamReply(Struct, frozen=True):
    """Response as recorded: headers (None: one that the emulator sends and the upstream did not), body or events."""

    status: int
    headers: tuple[tuple[str, str | None], ...]
    body: bytes = b""
    events: tuple[StreamEvent, ...] | None = None


class RecordedExchange(Struct, frozen=True):
    """Recorded request and response."""

    request: RecordedRequest
    reply: UpstreamReply

    def texts(self) -> Iterator[str]:
        """Yields every text that may contain secrets."""
        yield orjson.dumps(self.request.fields).decode()
        yield from (value for _, value in self.reply.headers if value is not None)
        yield from texts(self.reply.events or ())
        yield self.reply.body.decode()
        with suppress(orjson.JSONDecodeError):  # the same without the upstream's escapes
            yield orjson.dumps(orjson.loads(self.reply.body)).decode()


BAD_GATEWAY = 502
FORM = "application/x-www-form-urlencoded"
OWN_HEADERS = "x-emulator-"  # beginning of their names


class ParsedRequest(Struct, frozen=True):
    """Parsed request: its name in the log, its route's host, and what of it is recorded (None: nothing).

    `problem` is a warning for the user, `refusal` the response if it is not forwarded. Of the headers that the emulator
    sends itself, `generated` are those that every reply counts anew, and `constant` the others.
    """

    name: str
    request: RecordedRequest | None = None
    host: str | None = None
    problem: str = ""
    refusal: ApiError | None = None
    generated: frozenset[str] = frozenset()
    constant: frozenset[str] = frozenset()


def _unheeded(header: str) -> ApiError:
    reason = f"{header} has no effect on a recorder, which forwards calls as they are; leave it out"
    return ApiError("invalid", reason, param=header, status=400, hint=reason)


class RequestReader:
    """Parses requests by one API's file."""

    def __init__(self, emulated: Application, api: str, masker: Masker) -> None:
        self._emulated = emulated
        self._router = emulated.playbook.router
        self._service = emulated.pipeline.services[api]
        self._masker = masker
        errors = self._service.api.errors
        self.gateway = next((kind for kind, plan in errors.items() if plan.status == BAD_GATEWAY), "internal")

    def parse(self, request: Request) -> ParsedRequest:
        """Parses a request, and learns its secrets."""
        if CODING_HEADER in request.fields:
            with suppress(ApiError):  # then it is read as it is, which fails and says so
                request = replace(request, raw=decode(request, self._emulated.settings.body_limit))
        name = f"{request.method} {quote(request.path[:200])}"
        if request.path == CONTROL or request.path.startswith(f"{CONTROL}/"):
            reason = "A recorder has no control API."
            return ParsedRequest(name, refusal=ApiError("not_found", reason, hint=reason))
        if (ours := next((each for each in request.headers if each.startswith(OWN_HEADERS)), None)) is not None:
            return ParsedRequest(name, refusal=_unheeded(ours.title()))
        match = self._router.find(request.method, request.host, request.path)
        if match is None:
            self._learn_request(Context(self._service, request))
            return ParsedRequest(self._masker.mask_text(name), problem="it matches no operation of the API")
        operation = self._service.api.operations[match.route.operation]
        request.params = match.params
        context = Context(self._service, request, operation)
        context["now"] = self._emulated.clock.now()
        problem, anonymous = self._check(context)
        self._learn_request(context)
        fields = {root: context[root] for root in ("path", "query", "body") if root in context}
        fields = {"path": request.params, **fields}
        recorded = None if anonymous else RecordedRequest(operation.name, fields, request.origin, operation.redact)
        generated, constant = self._own_headers(operation.name)
        problem = self._masker.mask_text(problem)
        return ParsedRequest(operation.name, recorded, match.route.host, problem, None, generated, constant)

    def learn(self, parsed: ParsedRequest, response: httpx.Response, body: bytes, reader: EventReader | None) -> None:
        """Learns the secrets of a response: redacted fields, cookies, and those in URLs."""
        redact = frozenset[str]() if parsed.request is None else parsed.request.redact
        for text in [body.decode("utf-8", "replace")] if reader is None else [each.data for each in reader.events]:
            self._learn_text(text, redact, response.headers.get("content-type", ""))
        for name, value in response.headers.multi_items():
            self._masker.learn_header(name, value)
        for cookie in response.headers.get_list("set-cookie"):
            self._masker.learn(cookie.partition(";")[0].partition("=")[2].strip())

    def refuse(self, error: ApiError, request: Request) -> Reply:
        """Returns the error in the API's own shape."""
        return refuse(error, Context(self._service, request)).reply

    def _check(self, context: Context) -> tuple[str, bool]:
        """Returns why the emulator refuses the request before it tries any rule, and whether that is a missing key."""
        assert context.operation is not None
        problem, anonymous = "", False
        try:
            if context.operation.auth:
                context.caller = authenticate(context)
        except ApiError as error:
            anonymous = error.kind == "unauthenticated"
            problem = f"the emulator refuses it as well, before any rule: {error}"
        try:
            read_form(context, context.operation)
        except ApiError as error:
            problem = (
                f"the emulator refuses such a request before any rule, so replaying it needs another API file: {error}"
            )
        else:
            with suppress(ApiError):  # an unchecked rule answers anyway
                check_form(context, context.operation)
        return problem, anonymous

    def _learn_request(self, context: Context) -> None:
        request = context.request
        for text in masker_of(context).known:
            self._masker.learn(text)
        for name, value in request.headers.items():
            self._masker.learn_header(name, value)
        redact = frozenset[str]() if context.operation is None else context.operation.redact
        self._masker.learn_query(request.query)
        self._masker.learn_fields(gather(parse_qsl(request.query)), redact)
        self._learn_text(request.raw.decode("utf-8", "replace"), redact, request.header(b"content-type") or "")

    def _learn_text(self, text: str, redact: frozenset[str], kind: str) -> None:
        if kind.startswith(FORM):
            self._masker.learn_query(text)
            self._masker.learn_fields(gather(parse_qsl(text)), redact)
        else:
            self._masker.learn_fields(_json(text), redact)

    def _own_headers(self, operation: str) -> tuple[frozenset[str], frozenset[str]]:
        """Returns the names of the limit headers, which the emulator counts itself, and of those that it sends with
        every reply of the operation."""
        file = self._service.api.file
        constant = {*file.headers, *file.operations[operation].headers}
        return _lower(file.limit_headers), _lower(constant)


def _lower(names: Iterable[str]) -> frozenset[str]:
    return frozenset(name.lower() for name in names)


def _json(text: str) -> Any:
    """Parses JSON; returns other text unchanged."""
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return text
