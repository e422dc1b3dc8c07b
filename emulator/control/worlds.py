"""Worlds: isolated states on one server, made, looked at, reset, saved, loaded and ended."""

from __future__ import annotations

from typing import Annotated, Any

from msgspec import Meta, Struct

from emulator.control.clock import ClockView, clock_view, moment
from emulator.control.mcp.tool import NoTool, Tool
from emulator.control.parsing import ControlFailure
from emulator.control.route import ControlRequest, ControlRoute
from emulator.control.scenarios import known_names
from emulator.errors import ConfigError, DocumentError, EmulatorError
from emulator.settings.parsers import MIB, WebhookTime
from emulator.store.masking import mask_key
from emulator.worlds.registry import DEFAULT, UnknownWorld, World


class WorldView(Struct, frozen=True, omit_defaults=True):
    """A world; `keys` lead requests to it and are masked, `exchanges` and `faults` are counts, `owner` is who made it,
    where they said so."""

    name: str
    scenarios: tuple[str, ...]
    seed: int
    keys: list[str]
    clock: ClockView
    exchanges: int
    faults: int
    owner: str = ""


class WorldsView(Struct, frozen=True):
    """The default world first, then the others in the order they were made."""

    worlds: list[WorldView]


class WorldRequest(Struct, frozen=True, forbid_unknown_fields=True):
    """What is left out is as the server was started; `frozen` true stands still at the time it has."""

    scenarios: Annotated[list[str], Meta(min_length=1, max_length=100)] | None = None
    seed: int | None = None
    frozen: Annotated[bool | str | float | None, Meta(description="true, or the time: ISO 8601 or epoch")] = None
    keys: Annotated[
        list[str],
        Meta(max_length=1_000, description="API keys whose requests are led here; * for what nothing leads elsewhere"),
    ] = []
    journal_entries: (
        Annotated[int, Meta(ge=0, le=10_000_000, description="how many exchanges its journal keeps")] | None
    ) = None
    journal_bytes: (
        Annotated[int, Meta(ge=0, le=2**34, description="how many bytes of them, headers and bodies included")] | None
    ) = None
    owner: Annotated[str, Meta(max_length=200, description="who makes it, by which its worlds can be found")] = ""
    webhook_time: Annotated[
        WebhookTime | None, Meta(description="whose time signs webhooks: the world's, or the real one")
    ] = None


class Ended(Struct, frozen=True):
    """The world that is no more."""

    deleted: str


async def worlds(request: ControlRequest) -> WorldsView:
    """All worlds of this server."""
    worlds = request.server.worlds
    await request.catch_up()
    return WorldsView([_view(request, worlds.find(name)) for name in worlds.names()])


async def put(request: ControlRequest, body: WorldRequest) -> WorldView:
    """Create a world: 201; 200 if it exists with the same settings, 409 if it exists with others."""
    name, worlds = request.path["name"], request.server.worlds
    frozen = moment(body.frozen, "body.frozen") if isinstance(body.frozen, (str, float)) else body.frozen
    scenarios = None
    if body.scenarios is not None:
        known_names(request, name, body.scenarios)
        scenarios = request.uploads.resolve(name, body.scenarios)
        await worlds.compile(scenarios)
    if name in worlds.names():
        world = worlds.find(name)
        _refuse_other(request, world, body, scenarios, frozen)
        request.status = 200
        return await view(request, world)
    try:
        rest = (body.keys, (body.journal_entries, body.journal_bytes), body.webhook_time, body.owner)
        return await view(request, worlds.create(name, scenarios, body.seed, frozen, *rest))
    except DocumentError:
        raise
    except EmulatorError as error:
        raise ControlFailure(400, str(error)) from None


async def one(request: ControlRequest) -> WorldView:
    """One world."""
    return await view(request, request.server.worlds.find(request.path["name"]))


async def delete(request: ControlRequest) -> Ended:
    """Delete a world with everything in it; the default world can't be deleted."""
    name = request.path["name"]
    request.server.worlds.find(name)
    if name == DEFAULT:
        raise ControlFailure(409, "the default world stays", "POST /_emulator/reset lets it begin again")
    await request.server.worlds.delete(name)
    request.uploads.forget(name)
    request.uploads.sweep(request.server.worlds.playing)
    return Ended(name)


async def restart(request: ControlRequest) -> WorldView:
    """Reset a world; its scenarios, keys and seed stay."""
    name = request.path["name"]
    await request.server.worlds.reset(name)
    return await view(request, request.server.worlds.find(name))


async def save(request: ControlRequest) -> dict[str, Any]:
    """The world's whole state, to be restored later, here or on another server."""
    name, worlds = request.path["name"], request.server.worlds
    await worlds.find(name).state.store.catch_up()
    try:
        return request.uploads.snapshot(worlds, name)
    except ConfigError as error:
        raise ControlFailure(409, str(error)) from None


async def load(request: ControlRequest, body: dict[str, Any]) -> WorldView:
    """Restore a snapshot into this world, which must exist."""
    name, worlds = request.path["name"], request.server.worlds
    try:
        await request.uploads.restore(worlds, name, body)
    except (ControlFailure, DocumentError, UnknownWorld):
        raise
    except EmulatorError as error:
        raise ControlFailure(400, f"body: {error}") from None
    return await view(request, worlds.find(name))


async def view(request: ControlRequest, world: World) -> WorldView:
    """Returns the view of a world, of what all processes have done."""
    await world.state.store.catch_up()
    return _view(request, world)


def _view(request: ControlRequest, world: World) -> WorldView:
    state = world.state
    return WorldView(
        world.name,
        request.uploads.shown(world.scenarios),
        state.seed,
        [mask_key(key) for key in request.server.worlds.keys(world.name)],
        clock_view(state.clock),
        len(state.journal),
        state.armed.count,
        world.spec.owner,
    )


def _refuse_other(
    request: ControlRequest,
    world: World,
    body: WorldRequest,
    scenarios: tuple[str, ...] | None,
    frozen: bool | float | None,
) -> None:
    """Raises ControlError 409 when a world is there that was not made as ordered; what it did since is its own."""
    spec = world.spec
    differing = [
        name
        for name, same in (
            ("scenarios", scenarios == spec.scenarios),
            ("seed", body.seed == spec.seed),
            ("frozen", frozen == spec.frozen),
            ("journal_entries", body.journal_entries == spec.journal_entries),
            ("journal_bytes", body.journal_bytes == spec.journal_bytes),
            ("owner", body.owner == spec.owner),
            ("webhook_time", body.webhook_time == spec.webhook_time),
            ("keys", set(body.keys) == set(request.server.worlds.keys(world.name))),
        )
        if not same
    ]
    if differing:
        raise ControlFailure(
            409,
            f"world {world.name!r} is there already, made with other {' and '.join(differing)}",
            f"DELETE /_emulator/worlds/{world.name} ends it; or choose another name",
        )


NAME = {"name": "checkout-test"}
SNAPSHOT = "a file of any size, for `emulator snapshot`"
WORLD_ROUTES = (
    ControlRoute(
        "GET",
        "/worlds",
        worlds,
        world_scoped=False,
        tool=Tool(
            "list_worlds",
            "List the worlds of the emulator, each with its scenarios, keys, clock, and how many exchanges and faults "
            "it has. A world is an isolated state; requests go to the one that their key is bound to, or to `default`.",
        ),
    ),
    ControlRoute(
        "PUT",
        "/worlds/{name}",
        put,
        status=201,
        example={"scenarios": ["free-tier"], "seed": 1, "frozen": "2026-01-01T00:00:00Z", "keys": ["axp_checkout_1"]},
        at=NAME,
        refusals=(409, 422),
        other_status=200,
        body_optional=True,
        world_scoped=False,
        tool=Tool(
            "create_world",
            "Create a world of your own, so that nothing else disturbs what you test. Bind `keys` to it: requests with "
            "them go there; so do requests with the header X-Emulator-World. Idempotent with the same settings.",
            effect="adds",
            idempotent=True,
            only=("scenarios", "seed", "frozen", "keys", "owner"),
            words={
                "name": "its name",
                "scenarios": "names of scenarios; the server's by default",
                "seed": "what generated texts and ids follow from",
            },
        ),
        shared=True,
    ),
    ControlRoute(
        "GET",
        "/worlds/{name}",
        one,
        at=NAME,
        refusals=(404,),
        world_scoped=False,
        tool=NoTool("list_worlds says the same of each"),
    ),
    ControlRoute(
        "DELETE",
        "/worlds/{name}",
        delete,
        at=NAME,
        refusals=(404, 409),
        world_scoped=False,
        tool=Tool(
            "delete_world",
            "Delete a world with everything in it. The default world can only be reset.",
            effect="removes",
            idempotent=True,
            words={"name": "its name"},
        ),
        shared=True,
    ),
    ControlRoute(
        "POST",
        "/worlds/{name}/reset",
        restart,
        at=NAME,
        refusals=(404,),
        world_scoped=False,
        tool=NoTool("reset_world does it"),
        shared=True,
    ),
    ControlRoute(
        "GET",
        "/worlds/{name}/snapshot",
        save,
        at=NAME,
        refusals=(404, 409),
        world_scoped=False,
        tool=NoTool(SNAPSHOT),
    ),
    ControlRoute(
        "PUT",
        "/worlds/{name}/snapshot",
        load,
        at=NAME,
        refusals=(404,),
        world_scoped=False,
        max_body=64 * MIB,
        max_values=None,
        tool=NoTool(SNAPSHOT),
        shared=True,
    ),
)


async def reset(request: ControlRequest) -> WorldView:
    """Reset the world's records, counters, jobs, journal, webhooks, faults, answers and clock; scenarios stay."""
    await request.server.worlds.reset(request.world_name)
    return await view(request, request.server.worlds.find(request.world_name))


RESET_ROUTES = (
    ControlRoute(
        "POST",
        "/reset",
        reset,
        tool=Tool(
            "reset_world",
            "Reset the world to how it began: its journal, records, counters, jobs, webhooks, faults, answers and "
            "clock. Its scenarios and keys stay.",
            effect="removes",
            idempotent=True,
        ),
        shared=True,
    ),
)
