"""A real server on loopback for tests, in a thread of its own; each test puts its own application behind it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine
from functools import lru_cache
from typing import Any, TypeVar

import httpx
import uvloop
from starlette.types import Receive, Scope, Send

from emulator import app as application
from emulator.app import Application
from emulator.clock.world_clock import Clock, manual
from emulator.engine.deliver import Continuation, FastPath
from emulator.http.exchange import Exchange
from emulator.http.request import Request
from emulator.https.proxy import HttpsProxy
from emulator.playbook.apis import Playbook
from emulator.server.http_server import KEEP_ALIVE, READ_TIMEOUT, Server
from emulator.server.listeners import bind
from emulator.settings.listen import Listen
from emulator.settings.options import Settings
from emulator.store.journal import Journal
from tests import loopback
from tests.waiting import PATIENCE

T = TypeVar("T")


@lru_cache(maxsize=16)
def loaded(*scenarios: str) -> Playbook:
    """A playbook is immutable, so tests share it; those of files that one test wrote are forgotten after a while."""
    return application.load(scenarios)


async def live(receive: Receive, send: Send) -> None:
    """The lifespan of an application that has nothing to begin or to end."""
    for kind in ("startup", "shutdown"):
        await receive()
        await send({"type": f"lifespan.{kind}.complete"})


class Running:
    """The server thread. `app` is what answers; tests replace it."""

    def __init__(self, keep_alive: float = KEEP_ALIVE, read_timeout: float = READ_TIMEOUT) -> None:
        self._keep_alive, self._read_timeout = keep_alive, read_timeout
        self.settings = Settings(listen=Listen(port=0), reload=False)
        self.app: Application | None = None
        self._ready = threading.Event()
        (self._socket,) = bind(self.settings)
        self.port: int = self._socket.getsockname()[1]
        self.playing: set[Emulated] = set()
        self._thread = threading.Thread(target=self._run, name="emulator under test", daemon=True)
        self._thread.start()
        assert self._ready.wait(PATIENCE)

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def call(self, work: Coroutine[Any, Any, T]) -> T:
        """Run something on the server's loop and wait for it."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(PATIENCE)

    def stop(self) -> None:
        for emulator in tuple(self.playing):  # a loop that is closed while a store is connected waits for ever
            emulator.close()
        self._server.should_exit = True
        self._thread.join(PATIENCE)
        self._socket.close()
        assert not self._thread.is_alive()

    @property
    def proxy(self) -> HttpsProxy:
        assert self.app is not None
        return self.app.proxy

    def try_now(self, request: Request, wire: FastPath) -> Continuation | None:
        assert self.app is not None
        return self.app.try_now(request, wire)

    async def __call__(self, context: Scope, receive: Receive, send: Send) -> None:
        if context["type"] == "lifespan":
            await live(receive, send)
            return
        assert self.app is not None
        await self.app(context, receive, send)

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            self.loop = runner.get_loop()
            self._server = Server(self, self._ready.set, keep_alive=self._keep_alive, read_timeout=self._read_timeout)
            runner.run(self._server.serve([self._socket]))


class Noted:
    """Notes what happens to the exchanges of a journal, which can be a moment after the client has its answer.

    `entered` are the outcomes that exchanges had when they came to stand in it.
    """

    def __init__(self) -> None:
        self.entered: list[str] = []
        self.changed = threading.Condition()
        self._open: set[int] = set()

    def __call__(self, exchange: Exchange) -> None:
        """Takes note of an exchange that was added to the journal, or has ended."""
        with self.changed:
            if exchange.number in self._open:
                self._open.discard(exchange.number)
            else:
                self.entered.append(exchange.outcome)
                if exchange.outcome == "open":
                    self._open.add(exchange.number)
            self.changed.notify_all()


class Emulated:
    """What a test holds: an application of its own, with a frozen clock, behind the shared server."""

    def __init__(
        self,
        running: Running,
        scenarios: tuple[str, ...],
        clock: Clock | None = None,
        settings: Settings | None = None,
    ) -> None:
        self.running = running
        self.clock = clock or manual()
        self.app = Application(settings or running.settings, self.clock, loaded(*scenarios))
        assert isinstance(self.app.state.journal, Journal)
        self.journal = self.app.state.journal
        self.noted = Noted()
        self._noting = self.journal.watched(self.noted)
        self._noting.__enter__()
        self._clients: list[httpx.Client] = []
        running.playing.add(self)
        self.play()

    @property
    def origin(self) -> str:
        return self.running.origin

    def play(self) -> None:
        """Answer on the shared server from here on; the last one that was made does."""
        self.running.app = self.app

    def client(self, api: str, **options: Any) -> httpx.Client:
        """A client of one API; `base_url` is the API's base, and no key is set."""
        base = self.app.playbook.apis[api].file.base
        client = loopback.Client(base_url=self.origin + base, timeout=PATIENCE, **options)
        self._clients.append(client)
        return client

    def exchanges(self, count: int) -> list[Exchange]:
        """What the journal holds, once that is so many exchanges that have ended."""
        with self.noted.changed:
            assert self.noted.changed.wait_for(lambda: self.ended() >= count, PATIENCE)
            kept = list(self.journal)
        assert len(kept) == count
        return kept

    def entered(self, count: int) -> None:
        """Wait until so many exchanges have come to stand in the journal, whether they have ended or not."""
        with self.noted.changed:
            assert self.noted.changed.wait_for(lambda: len(self.noted.entered) >= count, PATIENCE)

    def ended(self) -> int:
        """How many exchanges of those that the journal holds have ended."""
        return sum(exchange.outcome != "open" for exchange in self.journal)

    def watchers(self) -> int:
        """How many look at each exchange of the default world, beside this."""
        return len(self.journal._watchers) - 1

    def forget(self) -> None:
        """Clear the journal."""

        async def clear() -> None:
            self.journal.clear()

        self.running.call(clear())

    def advance(self, seconds: float) -> None:
        """Move the clock on, firing what falls due."""
        self.running.call(self.clock.advance(seconds))

    def close(self) -> None:
        self.running.playing.discard(self)
        for client in self._clients:
            client.close()
        self._noting.__exit__(None, None, None)
        self.running.call(self.app.close())
