"""Worlds: isolated states on one server, made, looked at, reset, saved, loaded and ended."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

from emulator.control.clock import ClockState, moment, state
from emulator.control.entry import Call, Entry
from emulator.control.failure import ControlError
from emulator.control.scenarios import known_names
from emulator.errors import DocumentError, EmulatorError
from emulator.serving.usage import mask
from emulator.serving.worlds import DEFAULT, Room, UnknownWorld


class WorldView(Struct, frozen=True):
    """A world; `keys` lead requests to it and are masked, `exchanges` and `faults` are counts."""

    name: str
    scenarios: tuple[str, ...]
    seed: int
    keys: list[str]
    clock: ClockState
    exchanges: int
    faults: int


class WorldsView(Struct, frozen=True):
    """The default world first, then the others in the order they were made."""

    worlds: list[WorldView]


class WorldOrder(Struct, frozen=True, forbid_unknown_fields=True):
    """What is left out is as the server was started; `frozen` true stands still at the time it has."""

    scenarios: Annotated[list[str], Meta(min_length=1, max_length=100)] | None = None
    seed: int | None = None
    frozen: Annotated[bool | str | float | None, Meta(description="true, or the time: ISO 8601 or epoch")] = None
    keys: Annotated[
        list[str],
        Meta(max_length=1_000, description="API keys whose requests are led here; * for what nothing leads elsewhere"),
    ] = []


class Ended(Struct, frozen=True):
    """The world that is no more."""

    deleted: str


def worlds(call: Call) -> WorldsView:
    """Every world of this server."""
    return WorldsView([view(call, call.server.worlds.find(name)) for name in call.server.worlds.names()])


def put(call: Call, body: WorldOrder) -> WorldView:
    """Make a world: 201; 200 when it is there and is as ordered, 409 when it differs."""
    name, rooms = call.path["name"], call.server.worlds
    frozen = moment(body.frozen, "body.frozen") if isinstance(body.frozen, (str, float)) else body.frozen
    given = None
    if body.scenarios is not None:
        known_names(call, name, body.scenarios)
        given = call.written.resolve(name, body.scenarios)
    if name in rooms.names():
        room = rooms.find(name)
        _refuse_other(call, room, body, given, frozen)
        call.status = 200
        return view(call, room)
    try:
        return view(call, rooms.create(name, given, body.seed, frozen, body.keys))
    except DocumentError:
        raise
    except EmulatorError as error:
        raise ControlError(400, str(error)) from None


def one(call: Call) -> WorldView:
    """One world."""
    return view(call, call.server.worlds.find(call.path["name"]))


async def delete(call: Call) -> Ended:
    """End a world with everything in it; the default world stays."""
    name = call.path["name"]
    call.server.worlds.find(name)
    if name == DEFAULT:
        raise ControlError(409, "the default world stays", "POST /_emulator/reset lets it begin again")
    await call.server.worlds.delete(name)
    call.written.forget(name)
    return Ended(name)


async def restart(call: Call) -> WorldView:
    """The world begins again; its scenarios, keys and seed stay."""
    name = call.path["name"]
    await call.server.worlds.reset(name)
    return view(call, call.server.worlds.find(name))


def save(call: Call) -> dict[str, Any]:
    """The world's whole state, to be put back later, here or on another server."""
    room = call.server.worlds.find(call.path["name"])
    return {
        **call.server.worlds.snapshot(room.name),
        "scenarios": list(call.written.shown(room.scenarios)),
        "written": call.written.saved(room.scenarios, room.playbook.files),
    }


async def load(call: Call, body: dict[str, Any]) -> WorldView:
    """Put the world back to what was saved; the world must be there."""
    name, rooms = call.path["name"], call.server.worlds
    rooms.find(name)
    texts, drafts = _texts(body.get("written", {})), dict[str, Path]()
    try:
        for scenario, each in texts.items():
            drafts[scenario] = call.written.copy(name, scenario, each)
        await rooms.restore(name, {**body, "scenarios": _resolved(call, name, body.get("scenarios"), drafts)})
    except BaseException as error:
        complaints = call.written.named(error) if isinstance(error, DocumentError) else error
        for path in drafts.values():
            call.written.discard(path)
        if isinstance(error, EmulatorError) and not isinstance(error, (ControlError, DocumentError, UnknownWorld)):
            raise ControlError(400, f"body: {error}") from None
        raise complaints from None
    playing = {file for each in rooms.names() for file in rooms.find(each).scenarios}
    for scenario, path in drafts.items():
        call.written.keep(name, scenario, path, playing)
    return view(call, call.server.worlds.find(name))


def _texts(written: Any) -> dict[str, dict[str, str]]:
    """The put scenarios of a snapshot; see Written.saved. Raises ControlError 400 for anything else."""
    try:
        texts = msgspec.convert(written, dict[str, dict[str, str]])
    except msgspec.ValidationError as error:
        raise ControlError(400, f"body.written: the snapshot is damaged: {error}") from None
    for name, files in texts.items():
        if name not in files:
            raise ControlError(400, f"body.written: the snapshot is damaged: the text of {name[:100]!r} is missing")
    return texts


def _resolved(call: Call, world: str, names: Any, drafts: Mapping[str, Path]) -> Any:
    """The scenarios of a snapshot, its own before those of this server; what is no list of names is left to `read`."""
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        return names
    return [str(drafts[name]) if name in drafts else call.written.resolve(world, [name])[0] for name in names]


def view(call: Call, room: Room) -> WorldView:
    """A world as it is told."""
    world = room.world
    return WorldView(
        room.name,
        call.written.shown(room.scenarios),
        world.seed,
        [mask(key) for key in call.server.worlds.keys(room.name)],
        state(world.clock),
        len(world.journal),
        len(world.armed.list()),
    )


def _refuse_other(
    call: Call, room: Room, order: WorldOrder, scenarios: tuple[str, ...] | None, frozen: bool | float | None
) -> None:
    """Raises ControlError 409 when a world is there that was not made as ordered; what it did since is its own."""
    wish = room.wish
    differing = [
        name
        for name, same in (
            ("scenarios", scenarios == wish.scenarios),
            ("seed", order.seed == wish.seed),
            ("frozen", frozen == wish.frozen),
            ("keys", set(order.keys) == set(call.server.worlds.keys(room.name))),
        )
        if not same
    ]
    if differing:
        raise ControlError(
            409,
            f"world {room.name!r} is there already, made with other {' and '.join(differing)}",
            f"DELETE /_emulator/worlds/{room.name} ends it; or choose another name",
        )


NAME = {"name": "checkout-test"}
ROUTES = (
    Entry("GET", "/worlds", worlds, worldly=False),
    Entry(
        "PUT",
        "/worlds/{name}",
        put,
        status=201,
        example={"scenarios": ["free-tier"], "seed": 1, "frozen": "2026-01-01T00:00:00Z", "keys": ["axp_checkout_1"]},
        at=NAME,
        refusals=(409, 422),
        worldly=False,
    ),
    Entry("GET", "/worlds/{name}", one, at=NAME, refusals=(404,), worldly=False),
    Entry("DELETE", "/worlds/{name}", delete, at=NAME, refusals=(404, 409), worldly=False),
    Entry("POST", "/worlds/{name}/reset", restart, at=NAME, refusals=(404,), worldly=False),
    Entry("GET", "/worlds/{name}/snapshot", save, at=NAME, refusals=(404,), worldly=False),
    Entry("PUT", "/worlds/{name}/snapshot", load, at=NAME, refusals=(404,), worldly=False),
)
