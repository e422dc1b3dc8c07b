"""The worlds of one server: made, found, reset, saved and deleted here; a request is led to its own."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import Any
from weakref import WeakValueDictionary

from emulator.clock import Clock
from emulator.errors import ConfigError, EmulatorError
from emulator.exchange import Incoming
from emulator.scenario.suggest import did_you_mean
from emulator.serving import snapshot as snapshots
from emulator.serving.corpus import Corpus
from emulator.serving.journal import Journal
from emulator.serving.leads import Leads
from emulator.serving.pipeline import Pipeline
from emulator.serving.playbooks import Made, Playbooks
from emulator.serving.room import Room, Wish
from emulator.serving.world import World, WorldEnded
from emulator.settings import Settings

__all__ = ["DEFAULT", "Room", "UnknownWorld", "Wish", "WorldEnded", "Worlds"]

HEADER = b"x-emulator-world"
DEFAULT = "default"
MOST = 1_000
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


class UnknownWorld(EmulatorError):
    """No world has this name; the message says which ones are nearest."""


class Worlds:
    """All rooms of a server, at most `most` of them. The default one is always there."""

    def __init__(
        self, settings: Settings, playbooks: Playbooks, clock: Clock, corpus: Corpus, most: int = MOST
    ) -> None:
        self.most = most
        self._settings = settings
        self._playbooks = playbooks
        self._leads = Leads()
        self._corpora: WeakValueDictionary[int, Corpus] = WeakValueDictionary({settings.seed: corpus})
        self.default = self._room(DEFAULT, clock, settings.seed, settings.scenarios)
        self._rooms = {DEFAULT: self.default}
        self.past = 0  # exchanges of worlds that have ended

    # ------------------------------------------------------------------ finding

    def lead(self, incoming: Incoming) -> Room:
        """The room of a request: the header names it, or a credential leads to it. Raises UnknownWorld."""
        name = incoming.fields.get(HEADER)
        if name is not None:
            return self.find(name.decode("latin-1").strip())
        return self._leads.find(incoming) or self.default if self._leads.any else self.default

    @property
    def by_credential(self) -> bool:
        """Whether a credential leads anywhere but to the default world."""
        return self._leads.any

    def find(self, name: str) -> Room:
        """Raises UnknownWorld, which names the nearest ones."""
        room = self._rooms.get(name)
        if room is None:
            raise UnknownWorld(f"there is no world {name[:100]!r}; {did_you_mean(name, self._rooms)}")
        return room

    def names(self) -> list[str]:
        """The default world first, then the others in the order they were made."""
        return list(self._rooms)

    def files(self) -> set[Path]:
        """Everything that the playbooks in use were read from."""
        return {file for room in self._rooms.values() for file in room.playbook.files}

    # ------------------------------------------------------------------ making and ending

    def create(
        self,
        name: str,
        scenarios: Iterable[str] | None = None,
        seed: int | None = None,
        frozen: bool | float | None = None,
        keys: Iterable[str] = (),
    ) -> Room:
        """Make a world. `scenarios` None plays those of the settings; `frozen` is True, or the time (epoch seconds).

        Raises ConfigError for a bad name, one that is taken, a key that another world has, or one world too many;
        DocumentError when a scenario is wrong. Then nothing was made.
        """
        keys = list(keys)
        self._check(name)
        self._leads.check(keys)
        wish = Wish(None if scenarios is None else tuple(scenarios), seed, frozen)
        played = self._settings.scenarios if wish.scenarios is None else wish.scenarios
        room = self._room(name, _clock(frozen), self._settings.seed if seed is None else seed, played)
        room.wish = wish
        room.world.issued = partial(self._leads.issue, room=room)
        self._rooms[name] = room
        for key in keys:
            self._leads.register(key, room)
        return room

    async def delete(self, name: str) -> None:
        """End a world with its open streams and waits. Raises UnknownWorld, and ConfigError for the default one."""
        room = self.find(name)
        if room is self.default:
            raise ConfigError("the default world can't be deleted; reset it instead")
        del self._rooms[name]
        self._leads.forget(room)
        await self._end(room)
        self.past += room.world.journal.seen

    async def reset(self, name: str) -> None:
        """Let a world begin again: only its scenarios, keys and seed stay, and the clock is as when it was made.

        Raises UnknownWorld.
        """
        room = self.find(name)
        await room.world.end()
        await room.world.clock.reset()
        await room.world.end()  # again, as it may have taken a while until the clock stood still
        self._empty(room)
        self.adopt(room, (room.playbook, room.served))
        room.make_keys_again()

    async def close(self) -> None:
        """End every world."""
        for room in self._rooms.values():
            await self._end(room)

    # ------------------------------------------------------------------ changing

    def compile(self, scenarios: Iterable[str]) -> None:
        """See whether scenarios can be played. Raises DocumentError with every complaint."""
        self._playbooks.get(tuple(scenarios))

    def use(self, name: str, scenarios: Iterable[str]) -> None:
        """Play other scenarios from the next request on; state stays. Raises UnknownWorld, DocumentError."""
        room, names = self.find(name), tuple(scenarios)
        self.adopt(room, self._playbooks.get(names))
        room.scenarios = names

    def reload(self) -> None:
        """Read the scenarios of all worlds again. Raises DocumentError, and changes nothing, when one is wrong."""
        rooms = list(self._rooms.values())
        made = self._playbooks.again(room.scenarios for room in rooms)
        for room in rooms:
            self.adopt(room, made[room.scenarios])

    def adopt(self, room: Room, made: Made) -> None:
        """Serve a world by another playbook from the next request on; what the world remembers stays."""
        room.adopt(self._pipeline(room.world, made))

    def register(self, key: str, name: str) -> None:
        """Lead requests with this key, token or OAuth client id to a world.

        Raises UnknownWorld; ConfigError when another world has the key.
        """
        room = self.find(name)
        self._leads.check([key], room)
        self._leads.register(key, room)

    def keys(self, name: str) -> list[str]:
        """The keys registered to a world. Raises UnknownWorld."""
        return self._leads.keys(self.find(name))

    # ------------------------------------------------------------------ saving

    def snapshot(self, name: str) -> dict[str, Any]:
        """A world's whole state as one JSON-able value. Raises UnknownWorld."""
        room = self.find(name)
        made = [(api, record) for (api, _), record in room.made.items()]
        return snapshots.write(room.world, room.scenarios, self._leads.issued(room), made)

    async def restore(self, name: str, snapshot: Mapping[str, Any]) -> None:
        """Put a world back to a snapshot, perhaps of another world, with the scenarios it played; its keys stay.

        Raises UnknownWorld; ConfigError when the value is no snapshot, DocumentError when its scenarios are wrong.
        Then nothing was changed.
        """
        room = self.find(name)
        saved = snapshots.read(snapshot)
        made = self._playbooks.get(saved.scenarios)
        snapshots.check(saved, made[0])
        await room.world.end()
        await room.world.clock.restore(saved.now, saved.speed, saved.auto)
        await room.world.end()
        self._empty(room)
        snapshots.put(room.world, saved)
        self.adopt(room, made)
        room.scenarios = saved.scenarios
        if room is not self.default:
            for credential in saved.issued:
                self._leads.issue(credential, room)
        room.made = {(api, str(record["id"])): record for api, record in saved.made} | room.made
        room.make_keys_again()

    def _room(self, name: str, clock: Clock, seed: int, scenarios: tuple[str, ...]) -> Room:
        journal = Journal(self._settings.journal_entries, self._settings.journal_bytes)
        world = World(name, seed, clock, journal, self._corpus(seed))
        return Room(name, world, self._pipeline(world, self._playbooks.get(scenarios)), scenarios)

    def _corpus(self, seed: int) -> Corpus:
        """The sentences of a seed, which take long to make: worlds of the same seed share them."""
        return self._corpora.setdefault(seed, Corpus(str(seed)))

    def _pipeline(self, world: World, made: Made) -> Pipeline:
        playbook, served = made
        world.corpus = self._corpus(world.root_seed)
        for api in served.values():
            self._leads.open(api.credentials)
        return Pipeline(playbook, served, world, self._settings.max_body)

    def _empty(self, room: Room) -> None:
        self._leads.forget(room, registered=False)
        room.rest()
        room.world.clear()

    async def _end(self, room: Room) -> None:
        await room.world.end()
        room.rest()
        await room.world.sender.close()

    def _check(self, name: str) -> None:
        if not NAME.fullmatch(name):
            raise ConfigError(
                f"{name[:200]!r} can't be a world's name; expected 1 to 100 of the letters A-Z and a-z, digits, "
                "'.', '_' and '-', beginning with a letter or digit"
            )
        if name in self._rooms:
            raise ConfigError(f"there is a world {name!r} already; delete or reset it, or choose another name")
        if len(self._rooms) >= self.most:
            raise ConfigError(f"there are {self.most:,} worlds already; delete those that are done with")


def _clock(frozen: bool | float | None) -> Clock:
    """The clock of a world: it runs with the system's, or stands still, now or at a time."""
    if frozen is None or frozen is False:
        return Clock()
    try:
        return Clock(None if frozen is True else float(frozen), 0.0)
    except ValueError as error:
        raise ConfigError(f"the clock can't stand at {frozen!r}: {error}") from None
