"""Listening: what a request asks for, in the words of the API's file, and which secrets it carries."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import Any
from urllib.parse import parse_qsl, quote

import httpx
import orjson
from msgspec import Struct

from emulator.app import Application
from emulator.compile.lint import CONTROL
from emulator.engine.authenticate import authenticate
from emulator.engine.context import Context
from emulator.engine.errors import refuse
from emulator.engine.near_misses import masker_of
from emulator.engine.validate import check_form, read_form
from emulator.errors import ApiError
from emulator.http import Reply, Request
from emulator.record.events import EventReader, StreamEvent
from emulator.record.stream_masking import texts
from emulator.store.masking import Masker


class Asked(Struct, frozen=True):
    """A request: its operation, what its path, query and body say, and the origin its client used."""

    operation: str
    fields: dict[str, Any]
    origin: str
    redact: frozenset[str] = frozenset()


class Answered(Struct, frozen=True):
    """An answer: header lines worth keeping (None: one of the emulator's that was missing), and a body or events."""

    status: int
    headers: tuple[tuple[str, str | None], ...]
    body: bytes = b""
    events: tuple[StreamEvent, ...] | None = None


class RecordedExchange(Struct, frozen=True):
    """One exchange."""

    asked: Asked
    answered: Answered

    def texts(self) -> Iterator[str]:
        """All that secrets may stand in."""
        yield orjson.dumps(self.asked.fields).decode()
        yield from (value for _, value in self.answered.headers if value is not None)
        yield from texts(self.answered.events or ())
        yield self.answered.body.decode()
        with suppress(orjson.JSONDecodeError):  # the same without the escapes of whoever wrote it
            yield orjson.dumps(orjson.loads(self.answered.body)).decode()


BAD_GATEWAY = 502
FORM = "application/x-www-form-urlencoded"


class Understood(Struct, frozen=True):
    """A request: what to call it, its route's host, and what of it is recorded (None: nothing).

    `problem` is what a person should know, `foreign` why it is not passed on. Of the emulator's own header lines,
    `generated` are those that each answer counts anew, and `constant` the others.
    """

    name: str
    asked: Asked | None = None
    host: str | None = None
    problem: str = ""
    foreign: str = ""
    generated: frozenset[str] = frozenset()
    constant: frozenset[str] = frozenset()


class RequestReader:
    """Understands requests by one API's file."""

    def __init__(self, emulated: Application, api: str, masker: Masker) -> None:
        self._emulated = emulated
        self._router = emulated.playbook.router
        self._site = emulated.pipeline.services[api]
        self._masker = masker
        errors = self._site.api.errors
        self.gateway = next((kind for kind, plan in errors.items() if plan.status == BAD_GATEWAY), "internal")

    def understand(self, request: Request) -> Understood:
        """What a request asks for; its secrets are learned."""
        name = f"{request.method} {quote(request.path[:200])}"
        if request.path == CONTROL or request.path.startswith(f"{CONTROL}/"):
            return Understood(name, foreign="A recorder has no control API.")
        found = self._router.find(request.method, request.host, request.path)
        if found is None:
            self._hide(Context(self._site, request))
            return Understood(self._masker.mask_text(name), problem="no operation of the API is asked for")
        operation = self._site.api.operations[found.route.operation]
        request.params = found.params
        context = Context(self._site, request, operation)
        context["now"] = self._emulated.clock.now()
        problem, anonymous = self._enter(context)
        self._hide(context)
        fields = {root: context[root] for root in ("path", "query", "body") if root in context}
        fields = {"path": request.params, **fields}
        asked = None if anonymous else Asked(operation.name, fields, request.origin, operation.redact)
        generated, constant = self._lines(operation.name)
        problem = self._masker.mask_text(problem)
        return Understood(operation.name, asked, found.route.host, problem, "", generated, constant)

    def learn(self, understood: Understood, response: httpx.Response, body: bytes, reader: EventReader | None) -> None:
        """Learn the secrets of an answer: the fields to be redacted, cookies, and what stands in URLs."""
        redact = frozenset[str]() if understood.asked is None else understood.asked.redact
        for text in [body.decode("utf-8", "replace")] if reader is None else [each.data for each in reader.events]:
            self._learn_text(text, redact, response.headers.get("content-type", ""))
        for name, value in response.headers.multi_items():
            self._masker.learn_header(name, value)
        for line in response.headers.get_list("set-cookie"):
            self._masker.learn(line.partition(";")[0].partition("=")[2].strip())

    def refuse(self, error: ApiError, request: Request) -> Reply:
        """Returns the error in the API's own shape."""
        return refuse(error, Context(self._site, request)).reply

    def _enter(self, context: Context) -> tuple[str, bool]:
        """What the emulator itself would refuse before any rule is asked, and whether that is for want of a key."""
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
            with suppress(ApiError):  # a rule that is unchecked answers all the same
                check_form(context, context.operation)
        return problem, anonymous

    def _hide(self, context: Context) -> None:
        request = context.request
        for text in masker_of(context).known:
            self._masker.learn(text)
        for name, value in request.headers.items():
            self._masker.learn_header(name, value)
        redact = frozenset[str]() if context.operation is None else context.operation.redact
        self._masker.learn_query(request.query)
        self._masker.learn_fields(context.get("query"), redact)
        self._learn_text(request.raw.decode("utf-8", "replace"), redact, request.header(b"content-type") or "")

    def _learn_text(self, text: str, redact: frozenset[str], kind: str) -> None:
        if kind.startswith(FORM):
            self._masker.learn_query(text)
            self._masker.learn_fields(dict(parse_qsl(text)), redact)
        else:
            self._masker.learn_fields(_json(text), redact)

    def _lines(self, operation: str) -> tuple[frozenset[str], frozenset[str]]:
        """The names of the lines that limits give, with which the emulator answers by its own counts, and of those that
        stand on every answer of the operation."""
        file = self._site.api.file
        constant = {*file.headers, *file.operations[operation].headers}
        return _lower(file.limit_headers), _lower(constant)


def _lower(names: Iterable[str]) -> frozenset[str]:
    return frozenset(name.lower() for name in names)


def _json(text: str) -> Any:
    """What it says; a text that is no JSON is itself."""
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:
        return text
