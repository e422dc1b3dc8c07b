"""The worlds of one server: creates, finds, resets, saves and deletes them, and routes each request to its own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from pathlib import Path
from secrets import token_hex
from typing import Any

from emulator.clock.system_time import system
from emulator.clock.world_clock import Clock
from emulator.compile.playbooks import Playbooks
from emulator.engine.body import BodyQuota
from emulator.engine.pipeline import Pipeline
from emulator.engine.state import STORED_TYPES, WorldEnded, WorldState
from emulator.errors import ConfigError, EmulatorError
from emulator.http.exchange import Exchange
from emulator.http.origins import OriginPolicy
from emulator.http.request import Request
from emulator.language.document.diagnostics import did_you_mean
from emulator.playbook.apis import Playbook
from emulator.settings.options import Settings
from emulator.settings.parsers import WORLD_NAME, WebhookTime
from emulator.store.backend import Backend
from emulator.store.journal import Journal
from emulator.store.memory import MemoryBackend
from emulator.verdict.coverage import Usage
from emulator.worlds import snapshot as snapshots
from emulator.worlds.credentials import CredentialRoutes
from emulator.worlds.followers import Follower, Followers
from emulator.worlds.ledger import Ledger
from emulator.worlds.total_usage import TotalUsage
from emulator.worlds.world import World, WorldIdentity, WorldSpec

__all__ = ["DEFAULT", "UnknownWorld", "World", "WorldEnded", "WorldRegistry", "WorldSpec"]

HEADER = b"x-emulator-world"
DEFAULT = "default"
MAX_WORLDS = 1_000


Observer = Callable[[World, Exchange], None]
OpenStore = Callable[[str, Clock, int, int], Backend]  # of a world's name, its clock, and the bounds of its journal


class UnknownWorld(EmulatorError):
    """No world has this name; the message names the nearest ones."""


class WorldRegistry:
    """The worlds of a server, at most `limit` of them, in stores that `open_store` opens. The default always exists.

    `forget_store` empties the store of a world that begins. `routes` lead credentials to worlds.
    """

    def __init__(
        self,
        settings: Settings,
        playbooks: Playbooks,
        clock: Clock,
        limit: int = MAX_WORLDS,
        open_store: OpenStore | None = None,
        forget_store: Callable[[str], None] | None = None,
    ) -> None:
        self.limit = limit
        self._open_store, self._forget_store = open_store or _in_memory, forget_store or _nothing
        self._settings = settings
        self._playbooks = playbooks
        self._compiling = asyncio.Lock()
        self.routes = CredentialRoutes[World]()
        self._origins = OriginPolicy(settings)
        self._bodies = BodyQuota(settings.max_body)
        self.past = 0  # exchanges of worlds that have ended
        self._used = TotalUsage()
        self.default = self._world(DEFAULT, clock, settings.seed, settings.scenarios, WorldSpec())
        self.default.check_keys(settings.keys)
        self._worlds = {DEFAULT: self.default}
        self._followers = Followers()
        self._followers.begin(self.default)

    # ------------------------------------------------------------------ finding

    def resolve(self, request: Request) -> World:
        """Returns the world of a request: the header names it, or a credential leads to it. Raises UnknownWorld."""
        name = request.fields.get(HEADER)
        if name is not None:
            return self.find(name.decode("latin-1").strip())
        return self.routes.find(request) or self.default if self.routes.any else self.default

    def is_routed(self, request: Request) -> bool:
        """Whether a credential leads a request to its world."""
        return self.routes.any and self.routes.find(request) is not None

    @property
    def by_credential(self) -> bool:
        """Whether a credential leads anywhere but to the default world."""
        return self.routes.any

    def find(self, name: str) -> World:
        """Raises UnknownWorld, which names the nearest ones."""
        world = self._worlds.get(name)
        if world is None:
            raise UnknownWorld(f"there is no world {name[:100]!r}; {did_you_mean(name, self._worlds)}")
        return world

    def __contains__(self, name: object) -> bool:
        return name in self._worlds

    def names(self) -> list[str]:
        """The default world first, then the others in the order they were made."""
        return list(self._worlds)

    @property
    def playing(self) -> set[str]:
        """The names of the scenarios that any world plays."""
        return {name for world in self._worlds.values() for name in world.scenarios}

    def files(self) -> set[Path]:
        """Returns the files that the playbooks in use were read from."""
        return {file for world in self._worlds.values() for file in world.playbook.files}

    def observe(self, observer: Observer) -> None:
        """Reports each exchange of each world that this process answers: as it is added and when it has ended."""
        self.follow(lambda world: world.state.journal.watched(partial(observer, world), own=True))

    def follow(self, follower: Follower) -> None:
        """Enters a context for each world, those to come included; it is left when the world is deleted."""
        self._followers.add(follower)

    def count_usage(self) -> None:
        """Counts from here on which rules and operations are used, in every world, those to come included."""
        self._used.count(self._worlds.values())

    def usage(self) -> tuple[Usage, int] | None:
        """Returns what was used in all worlds, those that have ended included, and in how many live ones; None if
        nobody counts that."""
        total = self._used.total(self._worlds.values())
        return None if total is None else (total, len(self._worlds))

    # ------------------------------------------------------------------ making and ending

    def create(
        self,
        name: str,
        scenarios: Iterable[str] | None = None,
        seed: int | None = None,
        frozen: bool | float | None = None,
        keys: Iterable[str] = (),
        journal: tuple[int | None, int | None] = (None, None),
        webhook_time: WebhookTime | None = None,
        owner: str = "",
    ) -> World:
        """Creates a world. `scenarios` None plays those of the settings; `frozen` is True, or the time (epoch seconds);
        `journal` bounds the journal in entries and bytes, and `webhook_time` is whose time signs its webhooks, where
        that is not as in the settings; `owner` is who asked for it.

        Raises ConfigError for a bad name, one that is taken, a key that another world has, or one world too many;
        DocumentError when a scenario is invalid. Then nothing was made.
        """
        keys = list(keys)
        self._check(name)
        self.routes.check(keys)
        spec = WorldSpec(None if scenarios is None else tuple(scenarios), seed, frozen, *journal, webhook_time, owner)
        played = self._settings.scenarios if spec.scenarios is None else spec.scenarios
        self._forget_store(name)
        known = WorldIdentity(token_hex(8), 0, 1 + max(world.known.order for world in self._worlds.values()))
        return self._enter(name, spec, played, known, keys)

    def join(
        self, name: str, spec: WorldSpec, scenarios: tuple[str, ...], known: WorldIdentity, keys: Iterable[str]
    ) -> World:
        """Takes in a world that another process has made, with the state that its store holds.

        Raises DocumentError when a scenario is invalid.
        """
        world = self._enter(name, spec, scenarios, known, keys)
        for credential in world.state.issued():
            self.routes.issue(credential, world)
        return world

    def _enter(
        self, name: str, spec: WorldSpec, scenarios: tuple[str, ...], known: WorldIdentity, keys: Iterable[str]
    ) -> World:
        seed = self._settings.seed if spec.seed is None else spec.seed
        world = self._world(name, spec.clock(self._settings.clock), seed, scenarios, spec)
        world.known = known
        world.state.on_issued = partial(self.routes.issue, world=world)
        self._worlds[name] = world
        self._followers.begin(world)
        for key in keys:
            self.routes.register(key, world)
        return world

    async def delete(self, name: str) -> None:
        """Deletes a world; streams and waits end. Raises UnknownWorld, StoreUnavailable; ConfigError for `default`."""
        world = self.find(name)
        if world is self.default:
            raise ConfigError("the default world can't be deleted; reset it instead")
        await world.state.store.catch_up()  # what other processes have answered in it counts as past too
        del self._worlds[name]
        self.routes.forget(world)
        self._open_routes()
        await self._end(world)
        self._used.end(world)
        self._followers.end(world)
        self.past += world.state.journal.seen

    async def reset(self, name: str) -> None:
        """Resets a world: only its scenarios, keys and seed stay, and the clock is as when it was made.

        Raises UnknownWorld.
        """
        world = self.find(name)
        await world.state.end()
        await world.state.clock.reset()
        await world.state.end()  # again, as it may have taken a while until the clock stood still
        made = world.made_keys()
        world.ledger.added.clear()
        self._empty(world)
        self.adopt(world, world.playbook)
        world.make_keys_again(made)
        world.known = world.known.begun_again()

    async def renew(self, name: str) -> None:
        """Begins a world again that another process has reset or restored: streams, waits and counts end here.

        Raises UnknownWorld, StoreUnavailable.
        """
        world = self.find(name)
        await world.state.interrupt()
        await world.state.store.flush()
        world.state.read_again()
        self.routes.forget(world, registered=False)
        world.rest()
        world.ledger.added.clear()
        world.ledger.begin_again()
        self.adopt(world, world.playbook)
        if world is not self.default:
            for credential in world.state.issued():
                self.routes.issue(credential, world)

    async def close(self) -> None:
        """Stops serving every world; what is scheduled stays where the store keeps it."""
        for world in self._worlds.values():
            await world.state.interrupt()
            await self._close(world)

    # ------------------------------------------------------------------ changing

    async def compile(self, scenarios: Iterable[str]) -> None:
        """Compiles scenarios in a thread, one list after the other, so that `use` and `create` find them done: a long
        file takes seconds. Raises DocumentError with every diagnostic."""
        names = tuple(scenarios)
        async with self._compiling:
            if not self._playbooks.has(names):
                self._playbooks.take(names, await asyncio.to_thread(self._playbooks.compile, names))

    def use(self, name: str, scenarios: Iterable[str]) -> None:
        """Plays other scenarios from the next request on; state stays. Raises UnknownWorld, DocumentError."""
        world, names = self.find(name), tuple(scenarios)
        self.adopt(world, self._playbooks.get(names))
        world.scenarios = names
        self._open_routes()

    def reload(self) -> None:
        """Reloads the scenarios of all worlds. Raises DocumentError, changing nothing, when one is invalid."""
        worlds = list(self._worlds.values())
        made = self._playbooks.again(world.scenarios for world in worlds)
        for world in worlds:
            self.adopt(world, made[world.scenarios])
        self._open_routes()

    def adopt(self, world: World, playbook: Playbook) -> None:
        """Serves a world by another playbook from the next request on; its state stays."""
        world.adopt(self._pipeline(world.state, playbook))

    def register(self, key: str, name: str) -> None:
        """Routes requests with this key, token or OAuth client id to a world.

        Raises UnknownWorld; ConfigError when another world has the key.
        """
        self.check_key(key, name)
        self.routes.register(key, self.find(name))

    def check_key(self, key: str, name: str) -> None:
        """Raises UnknownWorld, or ConfigError when another world has the key: `register` would."""
        self.routes.check([key], self.find(name))

    def keys(self, name: str) -> list[str]:
        """The keys registered to a world. Raises UnknownWorld."""
        return self.routes.keys(self.find(name))

    def of_key(self, key: str) -> World | None:
        """The world that a key is registered to."""
        return self.routes.owner(key)

    # ------------------------------------------------------------------ saving

    def snapshot(self, name: str) -> dict[str, Any]:
        """A world's whole state as one JSON-able value. Raises UnknownWorld."""
        world = self.find(name)
        return snapshots.write(world.state, world.scenarios)

    async def restore(self, name: str, snapshot: Mapping[str, Any]) -> None:
        """Restores a world from a snapshot, perhaps of another world, with the scenarios it played; its keys stay.

        Raises UnknownWorld; ConfigError when the value is no snapshot, DocumentError when its scenarios are wrong.
        Then nothing was changed.
        """
        world = self.find(name)
        saved = snapshots.read(snapshot)
        await self.compile(saved.scenarios)
        playbook = self._playbooks.get(saved.scenarios)
        snapshots.check(saved, playbook)
        await world.state.end()
        await world.state.clock.restore(saved.clock.now, saved.clock.speed, saved.clock.auto)
        await world.state.end()
        made = world.made_keys()
        self._empty(world)
        world.state.load(saved.state)
        self.adopt(world, playbook)
        world.scenarios = saved.scenarios
        self._open_routes()
        if world is not self.default:
            # A snapshot of the default world holds its tokens too: who uses them there must not change worlds.
            held = set(self.default.state.issued())
            for credential in world.state.issued():
                if credential not in held:
                    self.routes.issue(credential, world)
        world.make_keys_again([*world.made_keys(), *made])
        world.known = world.known.begun_again()

    def _world(self, name: str, clock: Clock, seed: int, scenarios: tuple[str, ...], spec: WorldSpec) -> World:
        settings = self._settings
        entries = settings.journal_entries if spec.journal_entries is None else spec.journal_entries
        size = settings.journal_bytes if spec.journal_bytes is None else spec.journal_bytes
        stamps = system if (spec.webhook_time or settings.webhook_time) == "real" else None
        playbook = self._playbooks.get(scenarios)  # before anything is opened that would have to be closed again
        state = WorldState(name, seed, self._open_store(name, clock, entries, size), settings.webhook_allow, stamps)
        pipeline = self._pipeline(state, playbook)
        world = World(name, state, pipeline, scenarios, Ledger(pipeline), spec)
        self._used.begin(world)
        for key, like in settings.keys:
            for service in world.knowing(like)[:1] if not world.knowing(key) else ():
                world.make_key(service.api.name, key, {**service.records["keys"][like], "id": key})
        return world

    def _pipeline(self, state: WorldState, playbook: Playbook) -> Pipeline:
        for api in playbook.apis.values():
            self.routes.add(api.credential_headers)
            self._origins.add(api.hosts)
        pipeline = Pipeline(playbook, state, self._settings, self._origins)
        pipeline.bodies = self._bodies
        self._bodies.widen(playbook)
        return pipeline

    def _open_routes(self) -> None:
        """Reads credentials, hosts and the largest body as the playbooks in use say, and as none says that was in use
        before."""
        apis = [api for world in self._worlds.values() for api in world.playbook.apis.values()]
        self.routes.open(way for api in apis for way in api.credential_headers)
        self._origins.use(host for api in apis for host in api.hosts)
        self._bodies.fit(world.playbook for world in self._worlds.values())

    def _empty(self, world: World) -> None:
        self.routes.forget(world, registered=False)
        world.rest()
        world.state.clear()
        world.ledger.begin_again()

    async def _end(self, world: World) -> None:
        await world.state.end()
        await self._close(world)

    async def _close(self, world: World) -> None:
        world.rest()
        world.ledger.close()
        await world.state.close()

    def _check(self, name: str) -> None:
        if not WORLD_NAME.fullmatch(name):
            raise ConfigError(
                f"{name[:200]!r} can't be a world's name; expected 1 to 100 of the letters A-Z and a-z, digits, "
                "'.', '_' and '-', beginning with a letter or digit"
            )
        if name in self._worlds:
            raise ConfigError(f"there is a world {name!r} already; delete or reset it, or choose another name")
        if len(self._worlds) >= self.limit:
            raise ConfigError(f"there are {self.limit:,} worlds already; delete those that are done with")


def _in_memory(name: str, clock: Clock, entries: int, size: int) -> Backend:
    return MemoryBackend(clock, Journal(entries, size), STORED_TYPES)


def _nothing(name: str) -> None:
    pass
