"""A world: state plus the pipeline that serves it; requests in progress are cancelled when it is deleted."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from msgspec import Struct
from starlette.types import Receive, Send
from starlette.types import Scope as Connection

from emulator.clock.world_clock import Clock, start_clock
from emulator.engine.context import Service
from emulator.engine.deliver import RAW_SOCKET, BorrowedSocket, Continuation
from emulator.engine.pipeline import Pipeline
from emulator.engine.state import MADE_KEYS, MadeKey, WorldEnded, WorldState
from emulator.errors import ConfigError, StoreUnavailable
from emulator.language.document.diagnostics import did_you_mean
from emulator.playbook.apis import Playbook
from emulator.settings.clock_start import ClockStart
from emulator.settings.parsers import WebhookTime
from emulator.store.masking import mask_key
from emulator.worlds.ledger import Ledger
from emulator.worlds.unknown import RefusedUnkept


class WorldSpec(Struct, frozen=True):
    """What a world was requested to be; None where nothing was said. Times are seconds since the epoch.

    `journal_entries` and `journal_bytes` bound its journal; `webhook_time` is whose time signs its webhooks; `owner`
    is who asked for it.
    """

    scenarios: tuple[str, ...] | None = None
    seed: int | None = None
    frozen: bool | float | None = None
    journal_entries: int | None = None
    journal_bytes: int | None = None
    webhook_time: WebhookTime | None = None
    owner: str = ""

    def clock(self, start: ClockStart) -> Clock:
        """Returns its clock: it starts as the others do, or runs with the system's, or stands still, then or at a time.

        Raises ConfigError.
        """
        frozen = self.frozen
        if frozen is None:
            return start_clock(start)
        if frozen is False:
            return Clock()
        try:
            return start_clock(ClockStart(start.at if frozen is True else float(frozen), 0.0))
        except ValueError as error:
            raise ConfigError(f"the clock can't stand at {frozen!r}: {error}") from None


class WorldIdentity(Struct, frozen=True):
    """Which world of its name one is (`made`), how often it began again, and its place in the list of worlds."""

    made: str = ""
    resets: int = 0
    order: int = 0

    def begun_again(self) -> WorldIdentity:
        """Returns the identity after one more reset."""
        return WorldIdentity(self.made, self.resets + 1, self.order)


class World(Struct, eq=False, weakref=True):
    """`scenarios` are the names that its playbook was made of, `spec` what was asked for when it was made.

    `known` is by what processes that share it know it.
    """

    name: str
    state: WorldState
    pipeline: Pipeline
    scenarios: tuple[str, ...]
    ledger: Ledger
    spec: WorldSpec = WorldSpec()
    known: WorldIdentity = WorldIdentity()

    @property
    def playbook(self) -> Playbook:
        """The playbook that it plays."""
        return self.pipeline.playbook

    async def serve(self, answer: Continuation, scope: Connection, receive: Receive, send: Send) -> None:
        """Answers a request, as an ASGI application does, unless the world ends first, or its store is away."""
        try:
            with self.state.attend():
                await answer(scope, receive, send)
        except StoreUnavailable as error:
            await RefusedUnkept(self.pipeline, error)(scope, receive, send)
        except WorldEnded:
            borrow: Callable[[], BorrowedSocket] | None = scope.get("extensions", {}).get(RAW_SOCKET)
            if borrow is not None:
                raw_socket = borrow()
                raw_socket.begin()
                raw_socket.end("close")

    def adopt(self, pipeline: Pipeline) -> None:
        """Serves by another pipeline from the next request on."""
        before, self.pipeline = self.pipeline, pipeline
        before.close()
        self.ledger.adopt(pipeline)

    def set_tier(
        self, key: str, tier: str, api: str | None = None, budget: Mapping[str, float] | None = None
    ) -> list[str]:
        """Gives a key another tier, and perhaps a budget, from the next request on; returns the names of the APIs where
        it has it.

        Without `api`, that is where the key is known or, when it is known nowhere, where there is such a tier. Raises
        ConfigError for an unknown API or tier, or a key that must be known and is not.
        """
        services = self.pipeline.services
        if api is not None and api not in services:
            raise ConfigError(f"unknown API {api!r}; {did_you_mean(api, services)}")
        asked = [service for name, service in services.items() if api in (None, name) and service.api.tiers]
        meant = [service for service in asked if key in service.records["keys"]]
        meant = meant or [service for service in asked if tier in service.api.tiers] or asked
        for service in meant:
            service.check_tier(key, tier, budget)
        for service in meant:
            service.set_tier(key, tier, budget)
        return [service.api.name for service in meant]

    def knowing(self, key: str) -> list[Service]:
        """The APIs that have a key."""
        return [service for service in self.pipeline.services.values() if key in service.records["keys"]]

    def check_keys(self, keys: Iterable[tuple[str, str]]) -> None:
        """Raises ConfigError when a key is like none or several, or is another one already."""
        for key, like in keys:
            knowing, services = self.knowing(like), self.pipeline.services
            if len(knowing) != 1:
                known = [each for service in services.values() for each in service.api.keys]
                why = " and ".join(each.api.name for each in knowing) + " have one" if knowing else "no API has it"
                raise ConfigError(f"key {mask_key(key)}: like {like!r}, but {why}; {did_you_mean(like, known)}")
            if any(key in service.api.keys for service in services.values()):
                raise ConfigError(f"key {mask_key(key)}: there is such a key already")

    def make_key(self, api: str, key: str, record: Mapping[str, Any]) -> None:
        """Lets an API know one more key, which stays when the world begins again."""
        keys = self.pipeline.services[api].records["keys"]
        keys.put(key, record)
        self.state.store.records.put(MADE_KEYS, f"{api}/{key}", MadeKey(api, key, dict(record)))

    def made_keys(self) -> list[MadeKey]:
        """The keys that were made for this world, the oldest first."""
        return [made for _, made in self.state.store.records.items(MADE_KEYS)]

    def make_keys_again(self, made: Iterable[MadeKey]) -> None:
        """Puts back keys that the world no longer remembers, where there is such an API."""
        records = self.state.store.records
        for each in made:
            records.put(MADE_KEYS, f"{each.api}/{each.id}", each)
            service = self.pipeline.services.get(each.api)
            if service is not None and each.id not in (keys := service.records["keys"]):
                keys.put(each.id, each.record)

    def rest(self) -> None:
        """Stops watching jobs and forgets the callers: the world begins again."""
        self.pipeline.close()
        for service in self.pipeline.services.values():
            service.callers.clear()

    def service(self, api: str) -> Service:
        """Raises ConfigError, which names the nearest API."""
        if api not in self.pipeline.services:
            raise ConfigError(f"unknown API {api!r}; {did_you_mean(api, self.pipeline.services)}")
        return self.pipeline.services[api]
