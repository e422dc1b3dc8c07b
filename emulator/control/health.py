"""Health: is the server ready, and what does it serve?"""

from __future__ import annotations

from typing import Protocol

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from emulator import __version__
from emulator.scenario.playbook import Playbook


class Serving(Protocol):
    """What health needs to know of the application."""

    playbook: Playbook


def routes(serving: Serving) -> list[Route]:
    async def health(request: Request) -> Response:
        """200 as soon as requests are answered."""
        playbook = serving.playbook
        return JSONResponse(
            {"status": "ok", "version": __version__, "scenarios": playbook.scenarios, "apis": list(playbook.apis)}
        )

    return [Route("/health", health, methods=["GET"])]
