"""A real server on loopback for tests, in a thread of its own; each test puts its own application behind it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine, Sequence
from functools import cache, lru_cache
from itertools import cycle
from typing import Any, Protocol, TypeVar

import httpx
import uvloop
from msgspec.structs import replace
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


def loaded(*scenarios: str) -> Playbook:
    """A playbook is immutable, so tests share it; those of files that one test wrote are forgotten after a while."""
    return (_written if any("/" in each for each in scenarios) else _released)(scenarios)


@lru_cache(maxsize=4)
def _written(scenarios: tuple[str, ...]) -> Playbook:
    return application.load(scenarios)


@cache
def _released(scenarios: tuple[str, ...]) -> Playbook:
    return application.load(scenarios)


async def live(receive: Receive, send: Send) -> None:
    """The lifespan of an application that has nothing to begin or to end."""
    for kind in ("startup", "shutdown"):
        await receive()
        await send({"type": f"lifespan.{kind}.complete"})


class Answering(Protocol):
    """What answers at a server."""

    @property
    def proxy(self) -> HttpsProxy: ...

    def try_now(self, request: Request, wire: FastPath, /) -> Continuation | None: ...

    async def __call__(self, scope: Scope, receive: Receive, send: Send, /) -> None: ...

    async def control_only(self, scope: Scope, receive: Receive, send: Send, /) -> None: ...


class InTurns:
    """Applications that share a store, each of which answers one request in its turn, as behind a balancer."""

    def __init__(self, apps: Sequence[Application]) -> None:
        self.proxy: HttpsProxy = apps[0].proxy
        self._turns = cycle(apps)

    def next(self) -> Application:
        """The one whose turn it is."""
        return next(self._turns)

    def try_now(self, request: Request, wire: FastPath) -> Continuation | None:
        return self.next().try_now(request, wire)

    async def __call__(self, context: Scope, receive: Receive, send: Send) -> None:
        await self.next()(context, receive, send)

    async def control_only(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self.next().control_only(scope, receive, send)


class Running:
    """The server thread. `app` is what answers; tests replace it.

    `workers` says how many applications of the test that runs take turns; more than one have a database in Redis.
    """

    def __init__(
        self,
        keep_alive: float = KEEP_ALIVE,
        read_timeout: float = READ_TIMEOUT,
        workers: Callable[[], int] = lambda: 1,
    ) -> None:
        self._keep_alive, self._read_timeout = keep_alive, read_timeout
        self._workers = workers
        self.settings = Settings(listen=Listen(port=0), reload=False)
        self.app: Answering | None = None
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

    @property
    def workers(self) -> int:
        """How many applications of the test that runs take turns."""
        return self._workers()

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
    """What a test holds: an application of its own, with a frozen clock, behind the shared server.

    With several workers, `app`, `clock` and `journal` are those of the first one.
    """

    def __init__(
        self,
        running: Running,
        scenarios: tuple[str, ...],
        clock: Clock | None = None,
        settings: Settings | None = None,
    ) -> None:
        self.running = running
        self.clock = clock or manual()
        settings, playbook = settings or running.settings, loaded(*scenarios)
        self._store = ""
        if running.workers > 1:
            from tests.redis_server import new_database  # Redis is needed by a few runs only

            self._store = new_database()
            settings = replace(settings, store=self._store)
        self.app = Application(settings, self.clock, playbook)
        self.apps = [self.app, *(Application(settings, manual(), playbook) for _ in range(1, running.workers))]
        self._turns = InTurns(self.apps)
        for app in self.apps:
            if app.sharing is not None:
                running.call(app.sharing.begin())
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
        self.running.app = self._turns if len(self.apps) > 1 else self.app

    def adopt(self, playbook: Playbook) -> None:
        """Serve the default world by another playbook from here on."""
        for app in self.apps:
            app.adopt(playbook)

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

    def attending(self, world: str = "default") -> int:
        """How many tasks attend to a world: those that wait for something in it, and those that it answers."""
        return sum(len(app.worlds.find(world).state._present) for app in self.apps if world in app.worlds)

    def watchers(self) -> int:
        """How many look at each exchange of the default world, beside this."""
        journals = [app.state.journal for app in self.apps]
        return sum(len(journal._watchers) for journal in journals if isinstance(journal, Journal)) - 1

    def forget(self) -> None:
        """Clear the journal."""

        async def clear() -> None:
            self.journal.clear()
            for app in self.apps:
                await app.state.store.catch_up()

        self.running.call(clear())

    def advance(self, seconds: float) -> None:
        """Move the clock on, firing what falls due."""
        state = self._turns.next().state

        async def advance() -> None:
            async with state.store.alone():
                await state.clock.advance(seconds)
                await state.store.everywhere()

        self.running.call(advance())

    def close(self) -> None:
        self.running.playing.discard(self)
        for client in self._clients:
            client.close()
        self._noting.__exit__(None, None, None)
        for app in {*self.apps, self.app}:  # a test may have put another one in the place of the first
            self.running.call(app.close())
        if self._store:
            from emulator.store.redis import stores

            stores.clear(self._store)
