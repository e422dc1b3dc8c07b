"""A request for a world that is not there: refused in the API's own shape, and nothing anywhere remembers it."""

from __future__ import annotations

from starlette.types import Receive, Send
from starlette.types import Scope as Connection

from emulator.date import http_date
from emulator.errors import ApiError
from emulator.exchange import Exchange, Incoming
from emulator.serving.corpus import Corpus
from emulator.serving.deliver import deliver
from emulator.serving.incoming import open_incoming
from emulator.serving.journal import Journal
from emulator.serving.refuse import refuse
from emulator.serving.room import Room
from emulator.serving.scope import Scope
from emulator.serving.site import Site
from emulator.serving.world import World


class Astray:
    """Answers what found no world, in the words of the API that it looks like, from a world that is thrown away."""

    def __init__(self, default: Room, detail: str) -> None:
        self._default = default
        self._detail = detail

    async def __call__(self, connection: Connection, receive: Receive, send: Send) -> None:
        incoming = open_incoming(connection)
        clock = self._default.world.clock
        exchange = Exchange(0, clock.now(), incoming.method, incoming.path, incoming.query)
        error = ApiError("not_found", self._detail, hint=f"{self._detail} (the header X-Emulator-World)", unread=True)
        reply = refuse(error, Scope(self._site(incoming), incoming), exchange)
        reply.headers.append((b"date", http_date(exchange.at)))
        await deliver(reply, exchange, clock, connection, receive, send)

    def _site(self, incoming: Incoming) -> Site:
        room = self._default
        world = World("", 0, room.world.clock, Journal(0, 0), Corpus(""))
        return Site(room.served[room.playbook.router.nearest_api(incoming.host, incoming.path)], world)
