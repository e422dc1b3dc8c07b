"""The reply to a request for an unknown world: an error in the API's own shape; nothing is kept of the request."""

from __future__ import annotations

from starlette.types import Receive, Send
from starlette.types import Scope as Connection

from emulator.dates import http_date
from emulator.engine.body import open_request
from emulator.engine.context import Context, Service
from emulator.engine.deliver import deliver
from emulator.engine.errors import refuse
from emulator.engine.state import WorldState
from emulator.errors import ApiError
from emulator.http import Exchange, Request
from emulator.http.origins import ORIGIN
from emulator.store.memory import MemoryBackend
from emulator.worlds.world import World


class UnknownWorldReply:
    """Answers a request for an unknown world, in the shape of the API that its path looks like."""

    def __init__(self, default: World, detail: str) -> None:
        self._default = default
        self._detail = detail

    async def __call__(self, scope: Connection, receive: Receive, send: Send) -> None:
        request = open_request(scope)
        clock = self._default.state.clock
        exchange = Exchange(0, clock.now(), request.method, request.path, request.query)
        error = ApiError("not_found", self._detail, hint=f"{self._detail} (the header X-Emulator-World)", unread=True)
        reply = refuse(error, Context(self._service(request), request)).reply
        reply.headers.append((b"date", http_date(exchange.at)))
        if ORIGIN in request.fields:
            reply.add(self._default.pipeline.origins.headers(request, reply.headers))
        await deliver(reply, exchange, clock, scope, receive, send)

    def _service(self, request: Request) -> Service:
        world = self._default
        state = WorldState("", 0, MemoryBackend(world.state.clock))
        playbook = world.playbook
        name = playbook.router.nearest_api(request.host, request.path)
        return Service(playbook.apis[name], playbook.latency, state)
