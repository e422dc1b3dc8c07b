"""GREETING: whoever opens the server's own address, a person or a tool that waits for it, is told what answers here.

Only `/` is greeted, and only where no API serves it: not on an API's own host, and not in a world that plays one which
has an operation there. A greeting is no exchange: nothing counts it and no journal has it.
"""

from __future__ import annotations

import msgspec
from msgspec import Struct
from starlette.types import Receive, Scope, Send

from emulator import __version__
from emulator.control.entry import Steered
from emulator.control.failure import ControlError
from emulator.control.guard import admit
from emulator.control.page import CSP, page
from emulator.control.sample import sample
from emulator.control.start import HELP, NAME
from emulator.exchange import Header, Incoming
from emulator.scenario.collisions import CONTROL
from emulator.serving.incoming import open_incoming
from emulator.serving.room import Room
from emulator.serving.site import Site
from emulator.serving.worlds import UnknownWorld

ABOUT = "One server on your own machine that answers as hosted APIs do. Nothing leaves it."
HEADERS: tuple[Header, ...] = (
    (b"cache-control", b"no-store"),
    (b"vary", b"accept, authorization"),
    (b"x-content-type-options", b"nosniff"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"referrer-policy", b"no-referrer"),
)
LINKS = {
    "": "Every control route, and what is served",
    "/operations": "Every operation of the APIs",
    "/apis": "The APIs with their keys",
    "/scenarios": "The scenarios that are played, and those there are",
    "/exchanges": "What was asked, and what was answered",
    "/verdict": "What the real services would not forgive the client",
    "/openapi.json": "The control API as OpenAPI",
}


class Offer(Struct, frozen=True):
    """One API: where it is here, what it stands in for, its demo keys with their tiers, and a command to copy."""

    title: str
    version: str
    base_url: str
    hosts: tuple[str, ...]
    about: str
    keys: dict[str, str]
    try_it: str


class Welcome(Struct, frozen=True):
    """What answers here. `links` are control routes with what each tells; who may not ask them gets none."""

    name: str
    version: str
    about: str
    scenarios: tuple[str, ...]
    apis: list[Offer]
    links: dict[str, str]
    help: str


class Greeting:
    """The ASGI application that greets."""

    def __init__(self, server: Steered) -> None:
        self._server = server

    def fits(self, scope: Scope) -> bool:
        """Whether a request for `/` is for nobody else."""
        incoming = open_incoming(scope)
        try:
            router = self._server.worlds.lead(incoming).playbook.router
        except UnknownWorld:
            return False
        return incoming.method in ("GET", "HEAD") and not router.claims(incoming.host, "/")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        incoming = open_incoming(scope)
        welcome = self._welcome(self._server.worlds.lead(incoming), incoming)
        lines = [*HEADERS]
        if "text/html" in (incoming.header(b"accept") or "").lower():
            body = page(welcome).encode()
            lines += [(b"content-type", b"text/html; charset=utf-8"), (b"content-security-policy", CSP.encode())]
        else:
            body = msgspec.json.format(msgspec.json.encode(welcome), indent=2) + b"\n"
            lines.append((b"content-type", b"application/json"))
        lines.append((b"content-length", str(len(body)).encode()))
        await send({"type": "http.response.start", "status": 200, "headers": lines})
        await send({"type": "http.response.body", "body": b"" if incoming.method == "HEAD" else body})

    def _welcome(self, room: Room, incoming: Incoming) -> Welcome:
        """To who may not steer the emulator, no more is told than that it is one, and of which APIs."""
        origin = incoming.origin
        try:
            admit(self._server.settings, incoming.scheme, incoming.fields, ())
        except ControlError as error:
            known, links, more = False, {}, f"Keys and control routes are not shown: {error}; {error.hint}"
        else:
            known, links, more = True, {f"{origin}{CONTROL}{path}": about for path, about in LINKS.items()}, HELP
        offers = [_offer(site, origin, known) for site in room.pipeline.sites.values()]
        return Welcome(NAME, __version__, ABOUT, room.playbook.scenarios if known else (), offers, links, more)


def _offer(site: Site, origin: str, known: bool) -> Offer:
    api = site.api
    keys = {}
    for key, record in site.records["keys"].items() if known else ():
        status = record.get("status", "active")
        keys[key] = record["tier"] if status == "active" else f"{record['tier']} ({status})"
    command = " \\\n  ".join(sample(api, origin)) if known else ""
    return Offer(api.title, api.version, origin + api.base, api.hosts, api.file.about, keys, command)
