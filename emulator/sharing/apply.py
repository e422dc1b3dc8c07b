"""Makes a server what the shared fields say: worlds begin and end, and play, expect and know what others decided."""

from __future__ import annotations

import logging
from collections.abc import Mapping

from msgspec.structs import replace

from emulator.control.route import StatefulApp
from emulator.errors import ConfigError, DocumentError
from emulator.sharing.export import TEXT, UPLOAD, WORLD, SharedWorld, export, local_names, read_upload, read_world
from emulator.worlds.registry import DEFAULT

LOG = logging.getLogger("emulator")


class Applier:
    """Applies fields to a server. `failures` says by world why it can't be here what it is elsewhere."""

    def __init__(self, server: StatefulApp) -> None:
        self._server = server
        self.failures: dict[str, str] = {}

    async def apply(self, fields: Mapping[str, bytes]) -> None:
        """Makes the server what the fields say. A world that can't be so here stays as it is, and the log says why."""
        mine = export(self._server)
        wanted = {name.removeprefix(WORLD): data for name, data in fields.items() if name.startswith(WORLD)}
        worlds = self._server.worlds
        for name in [each for each in worlds.names() if each not in wanted and each != DEFAULT]:
            await self._end(name)
        self._bring_files(fields)
        self.failures = {name: why for name, why in self.failures.items() if name in wanted}
        differing = [(name, read_world(data)) for name, data in wanted.items() if mine.get(f"{WORLD}{name}") != data]
        for name, shared in sorted(differing, key=lambda each: each[1].known.order):
            try:
                await self._apply_world(name, shared)
                self.failures.pop(name, None)
            except (ConfigError, DocumentError) as error:
                if self.failures.get(name) != str(error):
                    LOG.error("the world %s can't be here what other processes made it:\n%s", name, error)
                self.failures[name] = str(error)
        self._server.uploads.sweep(worlds.playing)

    async def _end(self, name: str) -> None:
        await self._server.worlds.delete(name)
        self._server.uploads.forget(name)

    def _bring_files(self, fields: Mapping[str, bytes]) -> None:
        """Writes the scenarios that were put elsewhere and are not here."""
        for name, data in fields.items():
            end = name.removeprefix(UPLOAD)
            if end != name and not self._server.uploads.at(end).exists():
                texts = {file: fields.get(f"{TEXT}{text}", b"") for file, text in read_upload(data).items()}
                self._server.uploads.bring(end, texts)

    async def _apply_world(self, name: str, shared: SharedWorld) -> None:
        worlds = self._server.worlds
        played = local_names(self._server, shared.scenarios) or self._server.settings.scenarios
        await worlds.compile(played)
        if name in worlds.names() and worlds.find(name).known.made != shared.known.made:
            await self._end(name)
        if name not in worlds.names():
            spec = replace(shared.spec, scenarios=local_names(self._server, shared.spec.scenarios))
            worlds.join(name, spec, played, shared.known, shared.keys)
        world = worlds.find(name)
        if world.scenarios != played:
            worlds.use(name, played)
        if world.known.resets != shared.known.resets:
            await worlds.renew(name)
        world.known = shared.known
        for key in shared.keys:
            worlds.register(key, name)
        world.ledger.become(shared.expectations, shared.last)
        self._server.uploads.become(name, shared.uploads)
