"""Scenarios: which there are, which this world plays, playing others, and adding some without a file."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

from emulator import paths as resources
from emulator.control.mcp.tool import NoTool, Tool
from emulator.control.parsing import ControlFailure, unknown
from emulator.control.route import ControlRequest, ControlRoute
from emulator.errors import DocumentError
from emulator.http.exact_json import MAX_VALUES
from emulator.language.document.diagnostics import did_you_mean
from emulator.language.document.reader import SUFFIXES
from emulator.settings.parsers import MIB


class ScenarioView(Struct, frozen=True):
    """A scenario, and what it says of itself."""

    name: str
    about: str


class Scenarios(Struct, frozen=True):
    """What can be played by name, and what this world plays, the uppermost first."""

    available: list[ScenarioView]
    using: tuple[str, ...]


class UseRequest(Struct, frozen=True, forbid_unknown_fields=True):
    """The first one's rules stand before the others'."""

    scenarios: Annotated[list[str], Meta(min_length=1, max_length=100, description="names, or paths on the server")]


class Scenario(Struct, frozen=True):
    """A scenario file: its text as `yaml`, or the file itself as a JSON object (see docs/scenarios.md)."""

    yaml: str | None = None


class Put(Struct, frozen=True):
    """The name to use it by, and whether it is a new one."""

    scenario: str
    new: bool


class Removed(Struct, frozen=True):
    """The name that is no more."""

    removed: str


def scenarios(request: ControlRequest) -> Scenarios:
    """The scenarios that are available, and those in use."""
    files = {file.stem: file for suffix in SUFFIXES for file in resources.scenarios().glob(f"*{suffix}")}
    files |= request.uploads.known(request.world_name)
    available = []
    for name, file in sorted(files.items()):
        try:
            available.append(ScenarioView(name, request.uploads.about(file)))
        except DocumentError:
            continue
    return Scenarios(available, request.uploads.shown(request.world.scenarios))


async def use(request: ControlRequest, body: UseRequest) -> Scenarios:
    """Use these scenarios from the next request on; the world's state stays. If one is invalid, nothing changes."""
    known_names(request, request.world_name, body.scenarios)
    names = request.uploads.resolve(request.world_name, body.scenarios)
    await request.server.worlds.compile(names)
    request.server.worlds.use(request.world_name, names)
    request.uploads.sweep(request.server.worlds.playing)
    return scenarios(request)


async def put(request: ControlRequest, body: Scenario) -> Put:
    """Add or replace a scenario of this world; `use` activates it. An invalid one is not stored."""
    name, uploads = request.path["name"], request.uploads
    if name in _shipped():
        raise ControlFailure(409, f"scenario {name!r} comes with the emulator; choose another name, and extend it")
    path = uploads.draft(request.world_name, name, _text(request.raw, body))
    try:
        await request.server.worlds.compile((str(path),))
        await asyncio.to_thread(uploads.about, path)
        request.server.worlds.find(request.world_name)  # it may have ended meanwhile
    except BaseException:
        uploads.discard(path)
        raise
    new = uploads.keep(request.world_name, name, path)
    uploads.sweep(request.server.worlds.playing)
    request.status = 201 if new else 200
    return Put(name, new)


def remove(request: ControlRequest) -> Removed:
    """Delete an uploaded scenario; worlds that use it go on using it."""
    name = request.path["name"]
    if not request.uploads.remove(request.world_name, name):
        if name in _shipped():
            raise ControlFailure(409, f"scenario {name!r} comes with the emulator and stays")
        raise unknown(
            "scenario was put that is called", name, did_you_mean(name, request.uploads.known(request.world_name))
        )
    request.uploads.sweep(request.server.worlds.playing)
    return Removed(name)


def known_names(request: ControlRequest, world: str, names: list[str]) -> None:
    """Raises ControlError 400 for a name that nobody knows; paths are the loader's to check."""
    known = {*_shipped(), *request.uploads.known(world)}
    for name in names:
        if not name.endswith(SUFFIXES) and name not in known:
            raise ControlFailure(400, f"body.scenarios: no scenario {name!r}; {did_you_mean(name, sorted(known))}")


def _shipped() -> set[str]:
    return {file.stem for suffix in SUFFIXES for file in resources.scenarios().glob(f"*{suffix}")}


def _text(raw: bytes, body: Scenario) -> bytes:
    if body.yaml is not None:
        data: Any = msgspec.json.decode(raw)
        if len(data) > 1:
            raise ControlFailure(400, "body: expected either 'yaml' with the text, or the scenario itself as an object")
        return body.yaml.encode()
    # JSON is YAML, so lines and columns are those of the body. YAML knows no tabs between values.
    return raw.replace(b"\t", b" ")


EXAMPLE = "scenario: my-outage\nabout: Everything is down.\nextends: default\nrules:\n  - fault: {status: 503}\n"
UNUSED = "a scenario that no world uses does nothing"
ROUTES = (
    ControlRoute(
        "GET",
        "/scenarios",
        scenarios,
        tool=Tool("list_scenarios", "List the scenarios that can be used, and which ones the world uses now."),
    ),
    ControlRoute(
        "POST",
        "/scenarios/use",
        use,
        example={"scenarios": ["free-tier"]},
        refusals=(422,),
        tool=Tool(
            "use_scenarios",
            "Make the world use these scenarios from the next request on; what it remembers stays. A scenario says how "
            "the APIs respond: list_scenarios has those that come with the emulator, put_scenario adds one.",
            effect="changes",
            idempotent=True,
        ),
        shared=True,
    ),
    ControlRoute(
        "PUT",
        "/scenarios/{name}",
        put,
        status=201,
        example={"yaml": EXAMPLE},
        at={"name": "my-outage"},
        max_body=16 * MIB,  # a file of 8 MiB, as a text in JSON
        max_values=MAX_VALUES,  # a file's
        refusals=(409, 422),
        other_status=200,
        tool=Tool(
            "put_scenario",
            "Add a scenario to the world, or replace one, by its YAML text; use_scenarios activates it. Errors come "
            "back with line and column, and nothing is stored then. Example: 'scenario: outage', 'extends: default', "
            "'rules: [{when: {operation: messages.create}, fault: {status: 503}}]', each on a line of its own.",
            effect="changes",
            idempotent=True,
            words={"name": "the name to use it by", "yaml": "the text of the scenario file"},
        ),
        shared=True,
    ),
    ControlRoute(
        "DELETE",
        "/scenarios/{name}",
        remove,
        at={"name": "my-outage"},
        refusals=(404, 409),
        tool=NoTool(UNUSED),
        shared=True,
    ),
)
