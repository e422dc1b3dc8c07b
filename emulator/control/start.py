"""The start page: for whoever asks the emulator itself, what it is, what it serves, and where to read on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount, Route

from emulator import __version__
from emulator.control.health import Serving
from emulator.scenario.collisions import CONTROL
from emulator.serving.incoming import open_incoming

NAME = "ai-api-emulator"
HELP = "`emulator --help` on the command line; README.md and docs/scenarios.md in the emulator's repository."


def routes(serving: Serving) -> list[Route]:
    async def start(request: Request) -> Response:
        """What this is."""
        playbook, origin = serving.playbook, open_incoming(request.scope).origin
        apis = [
            {
                "api": api.name,
                "title": api.title,
                "version": api.version,
                "base_url": origin + api.base,
                "hosts": list(api.hosts),
            }
            for api in playbook.apis.values()
        ]
        told: dict[str, Any] = {"name": NAME, "version": __version__, "scenarios": playbook.scenarios, "apis": apis}
        told |= {"control": dict(_told(request.app.routes)), "help": HELP}
        return Response(orjson.dumps(told, option=orjson.OPT_INDENT_2), media_type="application/json")

    return [Route(path, start, methods=["GET"]) for path in (CONTROL, f"{CONTROL}/")]


def _told(routes: Sequence[BaseRoute], below: str = "") -> Iterator[tuple[str, str]]:
    """Each control route as `GET /path`, and what it says of itself."""
    for route in routes:
        if isinstance(route, Mount):
            yield from _told(route.routes, below + route.path)
        elif isinstance(route, Route) and not route.path.endswith("/"):
            about = (route.endpoint.__doc__ or "").strip().partition("\n")[0]
            for method in sorted((route.methods or set()) - {"HEAD"}):
                yield f"{method} {below}{route.path}", about
