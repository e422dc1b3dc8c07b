"""Keeps the processes of one server the same: a change is made in one, and answered when all others have it too."""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any

from emulator.clock.system_time import pause
from emulator.control.route import StatefulApp, WorkerView
from emulator.errors import StoreUnavailable
from emulator.http.request import Request
from emulator.sharing.apply import Applier
from emulator.sharing.export import WORLD, export
from emulator.store.redis.shared import APPLIED, SharedFields, Worker
from emulator.store.redis.stores import RedisStores
from emulator.worlds.registry import DEFAULT, HEADER, WorldRegistry

LOG = logging.getLogger("emulator")
BEAT = 1.0  # real seconds between two signs of life
RETRY = 1.0  # real seconds after which a store that went away is asked again
LOOK = 0.05  # real seconds between two looks at who has applied a change, if nobody says so


class Sharing:
    """One process's part in a server. `workers` are the processes that lived a moment ago, this one included."""

    def __init__(self, server: StatefulApp, fields: SharedFields, stores: RedisStores) -> None:
        self._server, self._fields, self._stores = server, fields, stores
        self._applier = Applier(server)
        self._busy = asyncio.Lock()  # a change is made here, or others' are applied
        self._news = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._applied = ("", 0)  # epoch and version
        self.workers: list[Worker] = []

    async def begin(self) -> None:
        """Takes over what is shared, and takes part from here on. Raises StoreUnavailable."""
        await self.catch_up()
        self.workers = await self._fields.beat()
        loop = asyncio.get_running_loop()
        self._tasks = [loop.create_task(self._listen()), loop.create_task(self._live())]

    async def end(self) -> None:
        """Takes part no more."""
        left = set(self._tasks)
        while left:
            for task in left:
                task.cancel()
            _, left = await asyncio.wait(left, timeout=LOOK)  # the client may take a cancellation for a lost connection
        if self._tasks:
            with suppress(StoreUnavailable):
                await self._fields.leave()
        await self._fields.close()

    @property
    def failure(self) -> str:
        """Why this process does not serve what the others do; empty when it does."""
        failures = [f"world {name}: {why.splitlines()[0]}" for name, why in self._applier.failures.items()]
        return "; ".join(failures)

    async def list_workers(self) -> list[WorkerView]:
        """Returns the processes that live, the first that started first. Raises StoreUnavailable."""
        self.workers = await self._fields.workers()
        views = ((each.about, each.seen) for each in self.workers)
        return [WorkerView(about.id, about.pid, about.host, about.started, seen) for about, seen in views]

    # ------------------------------------------------------------------ changing

    async def change(self, call: Callable[[], Any]) -> Any:
        """Makes a change of what is shared, and returns what the call does once every process has it.

        Raises StoreUnavailable, and what the call raises; then nothing is changed.
        """
        async with self._busy, self._fields.lock():
            while True:
                await self._apply_news()
                before = export(self._server)
                try:
                    answer = call()
                    answer = await answer if inspect.isawaitable(answer) else answer
                    after = export(self._server)
                    sets = {name: value for name, value in after.items() if before.get(name) != value}
                    drops = [name for name in before if name not in after]
                    await self._flush(sets)
                    done = await self._fields.change(sets, drops) if sets or drops else True
                except BaseException:
                    self._applied = ("", 0)
                    with suppress(StoreUnavailable):
                        await self._apply_news()
                    raise
                if done:
                    break
                self._applied = ("", 0)  # what the call has done here is undone
            self._note_applied()
        if sets or drops:
            await self._fields.announce()
            await self._everywhere()
            await self._forget(drops)
        return answer

    async def _flush(self, names: Iterable[str]) -> None:
        """Has the worlds of fields in the store as they are here, before others look."""
        for name in names:
            world = name.removeprefix(WORLD)
            if world != name:
                await self._server.worlds.find(world).state.store.flush()

    async def _everywhere(self) -> None:
        """Waits until every process that lives has applied what this one knows."""
        mine = self._applied
        while True:
            self._news.clear()
            self.workers = await (self._fields.beat() if self._tasks else self._fields.workers())
            others = [each for each in self.workers if each.about.id != self._fields.me.id]
            if all(each.epoch == mine[0] and each.version >= mine[1] for each in others):
                return
            if self._applied[0] != mine[0]:  # the store was emptied meanwhile
                return
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK):
                    await self._news.wait()

    async def _forget(self, drops: Iterable[str]) -> None:
        """Removes the states of worlds that nobody has any more."""
        for name in drops:
            world = name.removeprefix(WORLD)
            if world != name and world not in self._server.worlds.names():
                await asyncio.to_thread(self._stores.forget, world)

    # ------------------------------------------------------------------ following

    async def catch_up(self) -> None:
        """Applies what others have changed. Raises StoreUnavailable."""
        async with self._busy:
            await self._apply_news()

    async def _apply_news(self) -> None:
        await self._fields.catch_up()
        if self._applied != (self._fields.epoch, self._fields.version):
            await self._applier.apply(self._fields.fields)
            self._note_applied()

    def _note_applied(self) -> None:
        self._applied = (self._fields.epoch, self._fields.version)

    async def _listen(self) -> None:
        """Applies what is announced, and compares versions whenever the connection is a new one."""
        while True:
            with suppress(StoreUnavailable):
                async for news in self._fields.news():
                    self._news.set()
                    if news != APPLIED:
                        await self._follow()
            await pause(RETRY)

    async def _follow(self) -> None:
        before = self._applied
        try:
            await self.catch_up()
        except StoreUnavailable:
            raise
        except Exception:  # a mistake of ours must not end what keeps the processes the same
            LOG.exception("what another process has changed can't be applied")
        if self._applied != before:
            self.workers = await self._fields.beat()
            await self._fields.announce()

    async def _live(self) -> None:
        """Gives signs of life; a version that was not announced is noticed too."""
        while True:
            await pause(BEAT)
            with suppress(StoreUnavailable):
                self.workers = await self._fields.beat()
                if self._fields.shared_version != self._fields.version:
                    await self._follow()

    # ------------------------------------------------------------------ unknown names

    def must_learn(self, request: Request) -> bool:
        """Whether a request names something that another process may know: a world, or a credential."""
        worlds = self._server.worlds
        return names_unknown_world(worlds, request) or bool(unknown_credentials(worlds, request))

    async def learn(self, request: Request) -> None:
        """Asks the store for what a request names and is not known here. Raises StoreUnavailable."""
        worlds = self._server.worlds
        if names_unknown_world(worlds, request):
            await self.catch_up()
        elif credentials := unknown_credentials(worlds, request):
            made = [name for name in worlds.names() if name != DEFAULT]
            for credential, name in await self._stores.issued(credentials, made):
                if name in worlds:
                    worlds.routes.issue(credential, worlds.find(name))


def names_unknown_world(worlds: WorldRegistry, request: Request) -> bool:
    """Whether a request names a world that is unknown here."""
    name = request.fields.get(HEADER)
    return name is not None and name.decode("latin-1").strip() not in worlds


def unknown_credentials(worlds: WorldRegistry, request: Request) -> list[str]:
    """Returns the credentials of a request that no world here knows, but one may have issued in another process."""
    if len(worlds.names()) == 1 or HEADER in request.fields:
        return []
    default = worlds.default
    return [
        each for each in worlds.routes.unknown(request) if not (default.knowing(each) or default.state.has_issued(each))
    ]
