"""The start page: for whoever asks the emulator itself, what it is, what it serves, and where to read on."""

from __future__ import annotations

from msgspec import Struct

from emulator import __version__
from emulator.control.entry import Call, Entry
from emulator.scenario.collisions import CONTROL

NAME = "ai-api-emulator"
HELP = (
    "`emulator --help` on the command line; README.md, docs/control.md and docs/scenarios.md in the emulator's "
    "repository."
)


class Served(Struct, frozen=True):
    """An API, and where it is here."""

    api: str
    title: str
    version: str
    base_url: str
    hosts: tuple[str, ...]


class Start(Struct, frozen=True):
    """What this is; `control` lists each control route with what it does."""

    name: str
    version: str
    scenarios: tuple[str, ...]
    apis: list[Served]
    control: dict[str, str]
    help: str


def start(call: Call) -> Start:
    """What this is, what it serves, and every control route."""
    playbook = call.room.pipeline.playbook
    apis = [
        Served(api.name, api.title, api.version, call.origin + api.base, api.hosts) for api in playbook.apis.values()
    ]
    control = {f"{entry.method} {CONTROL}{entry.path}": entry.summary for entry in call.table}
    return Start(NAME, __version__, playbook.scenarios, apis, control, HELP)


ROUTES = (Entry("GET", "", start),)
