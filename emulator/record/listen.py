"""Listening: what a request asks for, in the words of the API's file, and which secrets it carries."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from typing import Any
from urllib.parse import parse_qsl, quote

import httpx
import orjson
from msgspec import Struct

from emulator.app import Application
from emulator.errors import ApiError
from emulator.exchange import Exchange, Incoming, Reply
from emulator.record.events import EventReader
from emulator.record.recorded import Asked
from emulator.record.secrets import Hidden
from emulator.scenario.collisions import CONTROL
from emulator.serving.authenticate import authenticate
from emulator.serving.refuse import refuse
from emulator.serving.scope import Scope
from emulator.serving.secret import Secrets
from emulator.serving.validate import check_form, read_form

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


class Listener:
    """Understands requests by one API's file."""

    def __init__(self, emulated: Application, api: str, hidden: Hidden) -> None:
        self._emulated = emulated
        self._router = emulated.playbook.router
        self._site = emulated.pipeline.sites[api]
        self._hidden = hidden
        errors = self._site.api.errors
        self.gateway = next((kind for kind, plan in errors.items() if plan.status == BAD_GATEWAY), "internal")

    def understand(self, incoming: Incoming) -> Understood:
        """What a request asks for; its secrets are learned."""
        name = f"{incoming.method} {quote(incoming.path[:200])}"
        if incoming.path == CONTROL or incoming.path.startswith(f"{CONTROL}/"):
            return Understood(name, foreign="A recorder has no control API.")
        found = self._router.find(incoming.method, incoming.host, incoming.path)
        if found is None:
            self._hide(Scope(self._site, incoming))
            return Understood(self._hidden.text(name), problem="no operation of the API is asked for")
        operation = self._site.api.operations[found.route.operation]
        incoming.params = found.params
        scope = Scope(self._site, incoming, operation)
        scope["now"] = self._emulated.clock.now()
        problem, anonymous = self._enter(scope)
        self._hide(scope)
        fields = {root: scope[root] for root in ("path", "query", "body") if root in scope}
        fields = {"path": incoming.params, **fields}
        asked = None if anonymous else Asked(operation.name, fields, incoming.origin, operation.redact)
        generated, constant = self._lines(operation.name)
        problem = self._hidden.text(problem)
        return Understood(operation.name, asked, found.route.host, problem, "", generated, constant)

    def learn(self, understood: Understood, response: httpx.Response, body: bytes, reader: EventReader | None) -> None:
        """Learn the secrets of an answer: the fields to be redacted, cookies, and what stands in URLs."""
        redact = frozenset[str]() if understood.asked is None else understood.asked.redact
        for text in [body.decode("utf-8", "replace")] if reader is None else [each.data for each in reader.events]:
            self._learn_text(text, redact, response.headers.get("content-type", ""))
        for name, value in response.headers.multi_items():
            self._hidden.learn_line(name, value)
        for line in response.headers.get_list("set-cookie"):
            self._hidden.add(line.partition(";")[0].partition("=")[2].strip())

    def refuse(self, error: ApiError, incoming: Incoming, exchange: Exchange) -> Reply:
        """The answer in the API's own words."""
        return refuse(error, Scope(self._site, incoming), exchange)

    def _enter(self, scope: Scope) -> tuple[str, bool]:
        """What the emulator itself would refuse before any rule is asked, and whether that is for want of a key."""
        assert scope.operation is not None
        problem, anonymous = "", False
        try:
            if scope.operation.auth:
                scope.caller = authenticate(scope)
        except ApiError as error:
            anonymous = error.kind == "unauthenticated"
            problem = f"the emulator refuses it as well, before any rule: {error}"
        try:
            read_form(scope, scope.operation)
        except ApiError as error:
            problem = (
                f"the emulator refuses such a request before any rule, so replaying it needs another API file: {error}"
            )
        else:
            with suppress(ApiError):  # a rule that is unchecked answers all the same
                check_form(scope, scope.operation)
        return problem, anonymous

    def _hide(self, scope: Scope) -> None:
        incoming = scope.incoming
        for text in Secrets.of(scope).texts:
            self._hidden.add(text)
        for name, value in incoming.headers.items():
            self._hidden.learn_line(name, value)
        redact = frozenset[str]() if scope.operation is None else scope.operation.redact
        self._hidden.learn_query(incoming.query)
        self._hidden.learn(scope.get("query"), redact)
        self._learn_text(incoming.raw.decode("utf-8", "replace"), redact, incoming.header(b"content-type") or "")

    def _learn_text(self, text: str, redact: frozenset[str], kind: str) -> None:
        if kind.startswith(FORM):
            self._hidden.learn_query(text)
            self._hidden.learn(dict(parse_qsl(text)), redact)
        else:
            self._hidden.learn(_json(text), redact)

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
