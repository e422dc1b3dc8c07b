"""What a server shares with other processes, as fields: a world each, and the scenarios that were put, text by text.

A scenario that was put is known everywhere by the end of its path, below the folder of each process.
"""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from typing import Any

import msgspec

from emulator.control.route import StatefulApp
from emulator.worlds.registry import DEFAULT, World
from emulator.worlds.world import WorldIdentity, WorldSpec

WORLD, UPLOAD, TEXT = "world/", "upload/", "text/"  # how the names of fields begin
PUT = "put:"  # how the name of a scenario begins that was put


class SharedWorld(msgspec.Struct, frozen=True):
    """A world: which one it is, what was asked for, and what the control API has made of it.

    `scenarios` are those that it plays, None for those of the settings; `uploads` maps names of scenarios that were put
    to where they are, `expectations` ids of those that were added to their entries, and `last` numbers the last one.
    """

    known: WorldIdentity
    spec: WorldSpec
    keys: list[str]
    scenarios: tuple[str, ...] | None
    uploads: dict[str, str]
    expectations: dict[str, Any]
    last: int


class SharedUpload(msgspec.Struct, frozen=True):
    """A scenario that was put: the hashes of the texts in its folder, by name."""

    texts: dict[str, str]


def export(server: StatefulApp) -> dict[str, bytes]:
    """Returns everything that the server shares, as fields."""
    keys = server.worlds.routes.registered()
    worlds = [server.worlds.find(name) for name in server.worlds.names()]
    fields = {f"{WORLD}{world.name}": _world(server, world, keys.get(world.name, [])) for world in worlds}
    for end, files in server.uploads.files({name for world in worlds for name in world.scenarios}).items():
        texts = {}
        for name, text in files.items():
            texts[name] = sha256(text, usedforsecurity=False).hexdigest()
            fields[f"{TEXT}{texts[name]}"] = text
        fields[f"{UPLOAD}{end}"] = msgspec.json.encode(SharedUpload(texts), order="sorted")
    return fields


def _world(server: StatefulApp, world: World, keys: list[str]) -> bytes:
    played = None if (world.name, world.scenarios) == (DEFAULT, server.settings.scenarios) else world.scenarios
    spec = msgspec.structs.replace(world.spec, scenarios=_shared_names(server, world.spec.scenarios))
    uploads = {name: server.uploads.end_of(str(path)) or "" for name, path in server.uploads.own(world.name).items()}
    added = {id: each.entry for id, each in world.ledger.added.items()}
    shown = SharedWorld(world.known, spec, keys, _shared_names(server, played), uploads, added, world.ledger.last)
    return msgspec.json.encode(shown)


def _shared_names(server: StatefulApp, names: tuple[str, ...] | None) -> tuple[str, ...] | None:
    if names is None:
        return None
    ends = ((name, server.uploads.end_of(name)) for name in names)
    return tuple(name if end is None else f"{PUT}{end}" for name, end in ends)


def local_names(server: StatefulApp, names: tuple[str, ...] | None) -> tuple[str, ...] | None:
    """Returns names of scenarios as this process knows them."""
    if names is None:
        return None
    return tuple(str(server.uploads.at(name[len(PUT) :])) if name.startswith(PUT) else name for name in names)


def read_world(data: bytes) -> SharedWorld:
    """Returns the world of a field."""
    return msgspec.json.decode(data, type=SharedWorld)


def read_upload(data: bytes) -> Mapping[str, str]:
    """Returns the hashes of the texts of a scenario that was put, by name."""
    return msgspec.json.decode(data, type=SharedUpload).texts
