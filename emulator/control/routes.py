"""Everything that is answered under /_emulator."""

from __future__ import annotations

from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.types import ASGIApp

from emulator.control import health, start
from emulator.control.health import Serving
from emulator.scenario.collisions import CONTROL


def routed(serving: Serving) -> ASGIApp:
    """The control API of an application."""
    return Starlette(routes=[*start.routes(serving), Mount(CONTROL, routes=health.routes(serving))])
