"""Refusing: an error becomes an answer in the API's own shape; the emulator's own mistakes say where they are."""

from __future__ import annotations

import logging

import orjson

from emulator.errors import ApiError, TemplateError
from emulator.exchange import Exchange, Header, Reply
from emulator.serving.compose import error_plan, render_error
from emulator.serving.scope import Scope

LOG = logging.getLogger("emulator")
MOST = 4_000


def refuse(error: Exception, scope: Scope, exchange: Exchange) -> Reply:
    """The answer to a request that can't be answered otherwise. Never raises."""
    if isinstance(error, ApiError):
        refusal, extra = error, _hint(error)
    else:
        refusal, extra = (
            ApiError("internal", "the emulator could not make this answer"),
            [_line(b"X-Emulator-Error", str(error))],
        )
        LOG.error("%s %s: %s", exchange.method, exchange.path, error)
    exchange.error = str(error)
    operation = scope.operation
    plan = error_plan(scope.site.api.errors, operation.errors if operation is not None else {}, refusal.kind)
    try:
        reply = render_error(plan, refusal, scope)
    except (TemplateError, ApiError, RecursionError) as worse:
        LOG.error("%s %s: %s", exchange.method, exchange.path, worse)
        body = orjson.dumps({"error": refusal.detail})
        reply = Reply(
            plan.status, [(b"Content-Type", b"application/json"), _line(b"X-Emulator-Error", str(worse))], body
        )
    reply.headers += extra
    return reply


def _hint(error: ApiError) -> list[Header]:
    hint = error.values.get("hint")
    return [_line(b"X-Emulator-Hint", hint)] if isinstance(hint, str) else []


def _line(name: bytes, text: str) -> Header:
    """A header line of ours; what can't stand in one is escaped, and very long text is cut."""
    escaped = text.encode("ascii", "backslashreplace").decode().replace("\n", " ").replace("\r", " ")
    return (name, "".join(letter if letter.isprintable() else " " for letter in escaped)[:MOST].encode("ascii"))
