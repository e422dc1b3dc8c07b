"""Replies to requests of which nothing is kept, as for an unknown world: errors in the API's own shape."""

from __future__ import annotations

from starlette.types import Receive, Send
from starlette.types import Scope as Connection

from emulator.dates import http_date
from emulator.engine.body import open_request
from emulator.engine.context import Context, Service
from emulator.engine.deliver import deliver
from emulator.engine.errors import refuse, unavailable
from emulator.engine.pipeline import Pipeline
from emulator.engine.state import WorldState
from emulator.errors import ApiError, StoreUnavailable
from emulator.http.exchange import Exchange
from emulator.http.origins import ORIGIN
from emulator.http.request import Request
from emulator.store.memory import MemoryBackend


def unknown_world(pipeline: Pipeline, detail: str) -> RefusedUnkept:
    """Returns the reply to a request for an unknown world."""
    hint = f"{detail} (the header X-Emulator-World)"
    return RefusedUnkept(pipeline, ApiError("not_found", detail, hint=hint, unread=True))


class RefusedUnkept:
    """Refuses a request in the shape of the API that its path looks like, of those that a pipeline serves."""

    def __init__(self, pipeline: Pipeline, error: ApiError | StoreUnavailable) -> None:
        self._pipeline = pipeline
        self._error = error

    async def __call__(self, scope: Connection, receive: Receive, send: Send) -> None:
        request = open_request(scope)
        clock = self._pipeline.state.clock
        exchange = Exchange(0, clock.now(), request.method, request.path, request.query)
        error, context = self._error, Context(self._service(request), request)
        refusal = unavailable(error, context) if isinstance(error, StoreUnavailable) else refuse(error, context)
        reply = refusal.reply
        reply.headers.append((b"date", http_date(exchange.at)))
        if ORIGIN in request.fields:
            reply.add(self._pipeline.origins.headers(request, reply.headers))
        await deliver(reply, exchange, clock, scope, receive, send)

    def _service(self, request: Request) -> Service:
        state, playbook = WorldState("", 0, MemoryBackend(self._pipeline.state.clock)), self._pipeline.playbook
        name = playbook.router.nearest_api(request.host, request.path)
        return Service(playbook.apis[name], playbook.latency, state)
