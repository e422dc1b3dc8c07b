"""The application: the one place where the parts meet. `build(settings)` makes it."""

from __future__ import annotations

import logging
import os
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from functools import cached_property, partial
from pathlib import Path
from secrets import token_hex
from socket import gethostname
from types import ModuleType
from typing import TYPE_CHECKING, Any

from starlette.types import ASGIApp, Receive, Scope, Send

from emulator import paths as resources
from emulator.clock.system_time import system
from emulator.clock.world_clock import Clock, start_clock
from emulator.compile.finder import checked_files
from emulator.compile.lint import CONTROL
from emulator.compile.loader import Loader
from emulator.compile.playbooks import Playbooks, stamp
from emulator.engine.body import open_request
from emulator.engine.deliver import Continuation, FastPath
from emulator.engine.functions import LANGUAGE as LANGUAGE
from emulator.engine.pipeline import Pipeline
from emulator.engine.state import STORED_TYPES, WorldState
from emulator.errors import ConfigError, DocumentError, StoreUnavailable
from emulator.http.request import Request
from emulator.https.authority import Authority
from emulator.https.proxy import BlockedCall, HttpsProxy
from emulator.playbook.apis import Playbook
from emulator.settings.options import Settings
from emulator.worlds.credentials import peek, wants_form
from emulator.worlds.registry import UnknownWorld, WorldRegistry
from emulator.worlds.unknown import RefusedUnkept, unknown_world

if TYPE_CHECKING:
    from emulator.control.landing import LandingPage
    from emulator.control.uploads import UploadedScenarios
    from emulator.metrics.observer import Observer
    from emulator.metrics.shared import SharedMetrics
    from emulator.sharing.sharing import Sharing
    from emulator.state_file import StateFile
    from emulator.store.redis.stores import RedisStores

OWN = ("/", CONTROL[:2])  # beginnings of paths that may be the emulator's own, which need not be fast
LOG = logging.getLogger("emulator")


def load(names: tuple[str, ...], documented_only: bool = False) -> Playbook:
    """Compiles the playbook of these scenarios. Raises DocumentError with every diagnostic.

    The operations of API files that are as they were released are compiled when they are first used. With
    `documented_only`, what no document promises is refused instead of answered.
    """
    folder, fixtures = resources.scenarios(), resources.fixtures()
    checked = checked_files(folder / "apis") | checked_files(fixtures)
    return Loader(folder, fixtures, LANGUAGE, checked).load(names, documented_only)


class Application:
    """The ASGI application: control routes under /_emulator go to Starlette, all else straight into the pipeline.

    The emulated routes stay outside Starlette's routing and middleware, which would halve their speed.
    """

    def __init__(self, settings: Settings, clock: Clock, playbook: Playbook, worker_id: str = "") -> None:
        self.settings = settings
        self._public_url = settings.public_url
        playbooks = Playbooks(partial(_compile, settings))
        playbooks.add(settings.scenarios, playbook)
        self._stores = _stores(settings)
        self.worlds = WorldRegistry(
            settings,
            playbooks,
            clock,
            open_store=None if self._stores is None else self._stores.open,
            forget_store=None if self._stores is None else self._stores.forget,
        )
        self.sharing = None if self._stores is None else self._share(self._stores, worker_id)
        self._publisher: SharedMetrics | None = None
        self.metrics = self._metrics() if settings.metrics else None
        self.state_file = self._state_file() if settings.state else None
        self.armed_at_start: Sequence[Mapping[str, Any]] = ()
        make = partial(_authority, self._stores)
        self.proxy = HttpsProxy(self._hosts, lambda: resources.data(settings.authority, os.environ), make)

    @property
    def playbook(self) -> Playbook:
        """The playbook of the default world."""
        return self.worlds.default.playbook

    @property
    def pipeline(self) -> Pipeline:
        """The pipeline of the default world."""
        return self.worlds.default.pipeline

    @property
    def state(self) -> WorldState:
        """The default world."""
        return self.worlds.default.state

    @property
    def clock(self) -> Clock:
        """The clock of the default world."""
        return self.worlds.default.state.clock

    @property
    def blocked_calls(self) -> list[BlockedCall]:
        """The calls for hosts that are not emulated, which were blocked."""
        return self.proxy.blocked_calls

    @property
    def untrusted(self) -> dict[str, int]:
        """The connections to each host that ended before a request, as those of clients that don't trust the CA."""
        return self.proxy.untrusted

    def _hosts(self) -> set[str]:
        """The hosts that are answered over HTTPS, in lower case: of every world's APIs, and of the settings."""
        playbooks = {id(played): played for played in (self.worlds.find(name).playbook for name in self.worlds.names())}
        apis = [api for played in playbooks.values() for api in played.apis.values()]
        return {*self.settings.intercept_hosts, *(host.lower() for api in apis for host in api.hosts)}

    @cached_property
    def uploads(self) -> UploadedScenarios:
        """The scenarios that were put by the control API."""
        from emulator.control.uploads import UploadedScenarios

        return UploadedScenarios()

    def _share(self, stores: RedisStores, id: str) -> Sharing:
        from emulator.sharing.sharing import Sharing
        from emulator.store.redis.shared import AboutWorker, SharedFields

        me = AboutWorker(id or token_hex(8), os.getpid(), gethostname(), system())
        return Sharing(self, SharedFields(self.settings.store, me), stores)

    def _metrics(self) -> Observer | SharedMetrics:
        """Returns what counts for Prometheus. Raises ConfigError when the package that shows it is not installed."""
        from emulator.metrics.observer import INSTALL, NEEDED, Observer, is_installed

        if not is_installed():
            raise ConfigError(f"metrics {NEEDED}: {INSTALL}")
        from emulator.metrics import exposition  # noqa: F401 - it takes a while, which a request should not wait for

        if not self.settings.store:
            return Observer(self.worlds)
        from emulator.metrics.shared import SharedMetrics
        from emulator.store.redis.totals import Totals

        self._publisher = SharedMetrics(Observer(self.worlds, "redis"), Totals(self.settings.store))
        return self._publisher

    def _state_file(self) -> StateFile:
        from emulator.state_file import StateFile

        return StateFile(self)

    @cached_property
    def control(self) -> ASGIApp:
        """What answers under /_emulator; made at its first request."""
        from emulator.control.routes import routed

        return routed(self)

    @cached_property
    def greeting(self) -> LandingPage:
        """What answers at /, where no API does."""
        from emulator.control.landing import LandingPage

        return LandingPage(self)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await (self._own(scope) or self._serve)(scope, receive, send)
        elif scope["type"] == "lifespan":
            await self._lifespan(receive, send)
        else:
            await self.control(scope, receive, send)

    async def control_only(self, scope: Scope, receive: Receive, send: Send) -> None:
        """What answers at the port of --control-listen: the control API and the landing page, and no API."""
        if scope["type"] == "http":
            await (self._own(scope) or _not_here)(scope, receive, send)
        else:
            await self(scope, receive, send)

    def _own(self, scope: Scope) -> ASGIApp | None:
        """Returns what answers for the emulator itself, or None for a request to an API."""
        path = scope["path"]
        if path.startswith(CONTROL) and path[len(CONTROL) : len(CONTROL) + 1] in ("", "/"):
            return self.control
        return self.greeting if path == "/" and self.greeting.fits(scope) else None

    def try_now(self, request: Request, fast_path: FastPath) -> Continuation | None:
        """Answers a request without a task if it can; see Pipeline.try_now. Returns what has to go through ASGI."""
        if request.path[:2] in OWN or (self.sharing is not None and self.sharing.must_learn(request)):
            return self
        if self._public_url:
            request.origin = self._public_url
        try:
            world = self.worlds.resolve(request)
        except UnknownWorld:
            return self
        later = world.pipeline.try_now(request, fast_path, world.serve)
        return None if later is None else partial(world.serve, later)

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Routes a request to its world; see WorldRegistry.resolve."""
        request, worlds = open_request(scope), self.worlds
        if worlds.by_credential and wants_form(request):
            request.raw, receive = await peek(receive)
        try:
            if self.sharing is not None:
                await self.sharing.learn(request)
            world = worlds.resolve(request)
        except StoreUnavailable as error:
            await RefusedUnkept(worlds.default.pipeline, error)(scope, receive, send)
        except UnknownWorld as error:
            await unknown_world(worlds.default.pipeline, str(error))(scope, receive, send)
        else:
            await world.serve(world.pipeline, scope, receive, send)

    def reload(self) -> bool:
        """Reloads the scenarios; returns False, logs why and keeps the previous version if one is invalid."""
        try:
            self.worlds.reload()
        except DocumentError as error:
            LOG.error("invalid scenarios; the previous version stays active:\n%s", str(error))
            return False
        LOG.info("reloaded: %s", ", ".join(self.playbook.scenarios))
        return True

    def adopt(self, playbook: Playbook) -> None:
        """Serves the default world by another playbook from the next request on; its state stays."""
        self.worlds.adopt(self.worlds.default, playbook)

    def watched(self) -> set[Path]:
        """Returns the folders whose changes cause a reload."""
        return {file.parent for file in self.worlds.files()}

    def stamp(self) -> object:
        """Returns how the files of all scenarios are, to be compared with how they are later."""
        return stamp(sorted(self.worlds.files()))

    async def close(self) -> None:
        """Stops what is in progress: webhooks, and watching for jobs to end."""
        if self.sharing is not None:
            await self.sharing.end()
        await self.worlds.close()
        if self._publisher is not None:
            await self._publisher.end()
        if self._stores is not None:
            await self._stores.close()

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        await receive()
        if self.sharing is not None:
            await self.sharing.begin()
        if self._publisher is not None:
            self._publisher.begin()
        already = [armed.order for armed in self.state.armed.list()] if self.armed_at_start else []  # in a saved state
        for order in self.armed_at_start:
            if order not in already:
                self.state.armed.arm(order)
        with suppress(StoreUnavailable):
            await self.state.store.catch_up()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        if self.state_file is not None:
            self.state_file.end()
        await self.close()
        await send({"type": "lifespan.shutdown.complete"})


def redis_stores() -> ModuleType:
    """Returns what keeps state in Redis. Raises ConfigError when the package for it is not installed."""
    try:
        from emulator.store.redis import stores
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] != "redis":
            raise
        raise ConfigError("--store needs the package redis: pip install 'redis[hiredis]'") from None
    return stores


def _stores(settings: Settings) -> RedisStores | None:
    """Returns what opens the stores of worlds elsewhere than in memory. Raises ConfigError when it can't be used."""
    if not settings.store:
        return None
    stores: RedisStores = redis_stores().RedisStores(settings.store, STORED_TYPES)
    stores.check()
    return stores


def _authority(stores: RedisStores | None, folder: Path, hosts: Collection[str]) -> Authority:
    """Returns the certificate authority, which is that of all processes on a store. Raises ConfigError."""
    if stores is None:
        return Authority(folder, hosts)
    from emulator.https.stored_authority import StoredAuthority
    from emulator.store.redis.secret import RedisSecret

    return StoredAuthority(RedisSecret(stores.server.blocking), folder, hosts)


async def _not_here(scope: Scope, receive: Receive, send: Send) -> None:
    body = f"no API is served at this port, only {CONTROL}\n".encode()
    length = (b"content-length", str(len(body)).encode())
    head = [(b"content-type", b"text/plain; charset=utf-8"), length, (b"connection", b"close")]
    await send({"type": "http.response.start", "status": 404, "headers": head})
    await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})


def _compile(settings: Settings, names: tuple[str, ...]) -> Playbook:
    return load(names, settings.documented_only)


def build(settings: Settings, clock: Clock | None = None, worker_id: str = "") -> Application:
    """The whole emulator as an ASGI application. Raises DocumentError when a scenario is invalid.

    `worker_id` is its id among the processes that share a store; empty: it makes one.
    """
    app = Application(settings, clock or start_clock(settings.clock), _compile(settings, settings.scenarios), worker_id)
    if settings.faults:
        from emulator.control.faults import orders

        app.armed_at_start = orders(settings.faults, app.playbook)
    return app
