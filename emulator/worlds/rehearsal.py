"""Rehearsals: what a request would be answered that is not sent, and why; nothing changes by it."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from typing import Annotated, Any
from urllib.parse import unquote, urlsplit

from msgspec import Meta, Struct
from starlette.types import Scope

from emulator.compile.lint import CONTROL
from emulator.engine.body import open_request
from emulator.engine.pipeline import Decision
from emulator.errors import ConfigError
from emulator.http.reply import Reply
from emulator.http.request import Request
from emulator.store.views import exchange_view
from emulator.worlds.explained import Explanation, ReplyView, TracedRule
from emulator.worlds.explanation import explained
from emulator.worlds.registry import HEADER, WorldRegistry
from emulator.worlds.rule_trace import trace_decision
from emulator.worlds.world import World

PREFLIGHT = "a browser's preflight is no exchange: it has no rules, and changes nothing; explain the request itself"
JSON = "application/json"


class SampleRequest(Struct, frozen=True, forbid_unknown_fields=True):
    """A request to be explained. `path` may have a query, and may be a whole URL; `body` is text, or JSON to be written
    as such; `body_base64` is one of other bytes."""

    method: Annotated[str, Meta(pattern="^[!-~]{1,40}$")] = "GET"
    path: str = ""
    headers: Mapping[str, str] = {}
    body: Any = None
    body_base64: str | None = None

    @property
    def content(self) -> bytes:
        """The body as bytes. Raises ConfigError."""
        if self.body_base64 is not None:
            if self.body is not None:
                raise ConfigError("give `body` or `body_base64`, not both")
            try:
                return base64.b64decode(self.body_base64, validate=True)
            except (binascii.Error, ValueError) as error:
                raise ConfigError(f"body_base64 is not base64: {error}") from None
        if self.body is None:
            return b""
        return (self.body if isinstance(self.body, str) else json.dumps(self.body, ensure_ascii=False)).encode()


async def rehearse(sample: SampleRequest, worlds: WorldRegistry, origin: str, public_url: str = "") -> Explanation:
    """Returns what a request would get that is sent to `origin`, unless it names another server, and why.

    It is answered in a fork of its world. Raises UnknownWorld, and ConfigError for what is no request.
    """
    scope, content = _scope(sample, origin), sample.content
    if scope["path"].startswith(CONTROL) and scope["path"][len(CONTROL) :][:1] in ("", "/"):
        raise ConfigError(f"path: {scope['path'][:200]} is the emulator's own; expected one of an API")
    request = open_request(scope, content, public_url)
    world, reason = worlds.resolve(request), _reason(worlds, request)
    if request.method == "OPTIONS" and b"access-control-request-method" in request.fields:
        raise ConfigError(PREFLIGHT)
    rules: list[TracedRule] = []

    def trace(decision: Decision) -> None:
        rules.extend(trace_decision(decision))

    reply, exchange = await world.pipeline.rehearse(request, trace)
    exchange.outcome = "complete"
    view = exchange_view(exchange, world.playbook)
    shown = ReplyView(view.status, view.reply_headers, view.reply_body, _delay(reply), view.events)
    return explained(exchange, world, reason, rules, _notes(request.host, origin, world), shown)


def _notes(host: str, origin: str, world: World) -> list[str]:
    """Returns a note for a request to a host that is no emulated API's, and not the emulator either."""
    hosts = {each.lower() for api in world.playbook.apis.values() for each in api.hosts}
    is_name = "." in host and host.rpartition(".")[2].isalpha()
    if not is_name or host in hosts or host == urlsplit(origin).hostname:
        return []
    return [f"no emulated API has the host {host}: this is the answer if the request is sent to the emulator"]


def _scope(sample: SampleRequest, origin: str) -> Scope:
    """Returns the ASGI scope of a request as a server would have read it."""
    try:
        url = urlsplit(f"{origin}{sample.path}" if sample.path.startswith("/") else sample.path)
    except ValueError as error:
        raise ConfigError(f"path: {error}; found {sample.path[:200]!r}") from None
    if url.scheme not in ("http", "https") or not url.netloc:
        raise ConfigError(
            f"path: expected one such as /v2/models, or an http or https URL; found {sample.path[:200]!r}"
        )
    fields = [(name.lower().encode("latin-1", "replace"), value.strip()) for name, value in sample.headers.items()]
    headers = [(name, value.encode("latin-1", "replace")) for name, value in fields]
    known = {name for name, _ in headers}
    if b"host" not in known:
        headers.insert(0, (b"host", url.netloc.rpartition("@")[2].encode("latin-1", "replace")))
    content = sample.content
    if sample.body is not None and not isinstance(sample.body, str) and b"content-type" not in known:
        headers.append((b"content-type", JSON.encode()))
    if content and b"content-length" not in known:
        headers.append((b"content-length", str(len(content)).encode()))
    return {
        "type": "http",
        "method": sample.method,
        "scheme": url.scheme,
        "path": unquote(url.path) or "/",
        "raw_path": url.path.encode("latin-1", "replace"),
        "query_string": url.query.encode("latin-1", "replace"),
        "headers": headers,
        "client": None,
        "server": None,
    }


def _reason(worlds: WorldRegistry, request: Request) -> str:
    """Returns why a request goes to its world, in words."""
    if HEADER in request.fields:
        return "the header X-Emulator-World names it"
    if worlds.is_routed(request):
        return "its credential leads there"
    return "neither a header nor a credential leads elsewhere"


def _delay(reply: Reply) -> float:
    """Returns the seconds until the response begins."""
    return round(reply.delay, 6)
