"""A room: a world together with the pipeline that serves it; what takes time in it ends with the world."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from msgspec import Struct, field
from starlette.types import Receive, Send
from starlette.types import Scope as Connection

from emulator.errors import ConfigError
from emulator.scenario.playbook import Playbook
from emulator.scenario.suggest import did_you_mean
from emulator.serving.perform import LINE, Line
from emulator.serving.pipeline import Later, Pipeline
from emulator.serving.served import Served
from emulator.serving.site import Site
from emulator.serving.world import World, WorldEnded


class Wish(Struct, frozen=True):
    """What a world was made of, as it was asked for; None where nothing was said. Times are seconds since the epoch."""

    scenarios: tuple[str, ...] | None = None
    seed: int | None = None
    frozen: bool | float | None = None


class Room(Struct, eq=False):
    """`scenarios` are the names that its playbook was made of, `wish` what was asked for when it was made.

    `made` are the keys that were made for it, by API and key, as they were when they were made.
    """

    name: str
    world: World
    pipeline: Pipeline
    scenarios: tuple[str, ...]
    wish: Wish = Wish()
    made: dict[tuple[str, str], Mapping[str, Any]] = field(default_factory=dict)

    @property
    def playbook(self) -> Playbook:
        """What it plays."""
        return self.pipeline.playbook

    @property
    def served(self) -> Mapping[str, Served]:
        """The APIs of its playbook."""
        return {name: site.served for name, site in self.pipeline.sites.items()}

    async def serve(self, answer: Later, connection: Connection, receive: Receive, send: Send) -> None:
        """Answer a request, as an ASGI application does, unless the world ends before the answer does."""
        try:
            with self.world.attend():
                await answer(connection, receive, send)
        except WorldEnded:
            borrow: Callable[[], Line] | None = connection.get("extensions", {}).get(LINE)
            if borrow is not None:
                line = borrow()
                line.begin()
                line.end("close")

    def adopt(self, pipeline: Pipeline) -> None:
        """Serve by another pipeline over the same world from the next request on."""
        before, self.pipeline = self.pipeline, pipeline
        before.close()

    def set_tier(self, key: str, tier: str, api: str | None = None) -> list[str]:
        """Give a key another tier from the next request on; the names of the APIs where it has it.

        Without `api`, that is where the key is known or, when it is known nowhere, where there is such a tier. Raises
        ConfigError for an unknown API or tier, or a key that must be known and is not.
        """
        sites = self.pipeline.sites
        if api is not None and api not in sites:
            raise ConfigError(f"unknown API {api!r}; {did_you_mean(api, sites)}")
        asked = [site for name, site in sites.items() if api in (None, name) and site.api.tiers]
        meant = [site for site in asked if key in site.records["keys"]]
        meant = meant or [site for site in asked if tier in site.api.tiers] or asked
        for site in meant:
            site.check_tier(key, tier)
        for site in meant:
            site.set_tier(key, tier)
        return [site.api.name for site in meant]

    def make_key(self, api: str, key: str, record: Mapping[str, Any]) -> None:
        """Let an API know one more key, which stays when the world begins again."""
        keys = self.pipeline.sites[api].records["keys"]
        keys.put(key, record)
        self.made[api, key] = record
        while len(self.made) > keys.plan.most:
            del self.made[next(iter(self.made))]

    def make_keys_again(self) -> None:
        """Put back what `make_key` made and the world no longer remembers, where there is such an API."""
        for (api, key), record in self.made.items():
            if api in self.pipeline.sites and key not in (keys := self.pipeline.sites[api].records["keys"]):
                keys.put(key, record)

    def rest(self) -> None:
        """Watch no job any more, and remember no caller: the world begins again."""
        self.pipeline.close()
        for site in self.pipeline.sites.values():
            site.callers.clear()

    def site(self, api: str) -> Site:
        """Raises ConfigError, which names the nearest API."""
        if api not in self.pipeline.sites:
            raise ConfigError(f"unknown API {api!r}; {did_you_mean(api, self.pipeline.sites)}")
        return self.pipeline.sites[api]
