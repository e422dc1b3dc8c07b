"""Health: is the server ready, and what does it serve?"""

from __future__ import annotations

from msgspec import Struct

from emulator import __version__
from emulator.control.entry import Call, Entry
from emulator.serving.worlds import DEFAULT


class Health(Struct, frozen=True):
    """What the server plays in its default world."""

    status: str
    version: str
    scenarios: tuple[str, ...]
    apis: tuple[str, ...]


def health(call: Call) -> Health:
    """200 as soon as requests are answered; needs no token."""
    playbook = call.server.worlds.find(DEFAULT).pipeline.playbook
    return Health("ok", __version__, playbook.scenarios, tuple(playbook.apis))


ROUTES = (Entry("GET", "/health", health, worldly=False),)
