"""The landing page: shows whoever opens the server's own address, a person or a waiting tool, what is served.

A browser is redirected to the inspector, and gets this page at `/?about`. Only `/` is greeted, and only where no API
serves it: not on an API's own host, and not in a world that plays one which has an operation there. A greeting is no
exchange: nothing counts it and no journal has it.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from html import escape

import msgspec
from msgspec import Struct
from starlette.types import Receive, Scope, Send

from emulator import __version__
from emulator.compile.lint import CONTROL
from emulator.control.app import guard
from emulator.control.mcp.tool import NoTool
from emulator.control.parsing import ControlFailure
from emulator.control.route import ControlledApp, ControlRequest, ControlRoute, WorkerView
from emulator.control.ui.inspector import PREFIX as INSPECTOR
from emulator.engine.body import open_request
from emulator.engine.context import Service
from emulator.http.headers import Header
from emulator.http.request import Request
from emulator.worlds.registry import UnknownWorld
from emulator.worlds.world import World

STYLE = """
:root { color-scheme: light dark; --line: #d0d7de; --soft: #57606a; --back: #f6f8fa; }
@media (prefers-color-scheme: dark) { :root { --line: #3d444d; --soft: #9198a1; --back: #151b23; } }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 56rem; margin: 2.5rem auto; padding: 0 1.25rem; }
h1 { font-size: 1.6rem; margin: 0; } h2 { font-size: 1.15rem; margin: 2rem 0 .25rem; }
h1 small, h2 small { font-weight: normal; color: var(--soft); }
p { margin: .35rem 0; } .soft { color: var(--soft); }
code, pre, td:first-child { font: 13px/1.5 ui-monospace, monospace; }
pre { background: var(--back); border: 1px solid var(--line); border-radius: 6px; padding: .75rem; overflow-x: auto; }
table { border-collapse: collapse; width: 100%; margin: .75rem 0; }
th, td { text-align: left; vertical-align: baseline; border-bottom: 1px solid var(--line); }
th, td { padding: .25rem .75rem .25rem 0; }
th { font-weight: 600; font-size: .85rem; } td { overflow-wrap: anywhere; }
th:first-child, td:first-child { width: 62%; }
"""
_HASH = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
# The empty icon keeps the browser from asking for /favicon.ico, which an API would have to refuse.
CSP = (
    f"default-src 'none'; style-src 'sha256-{_HASH}'; img-src data:; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)


def page(landing: Landing) -> str:
    """The whole document."""
    return "\n".join(
        (
            '<!doctype html><html lang="en"><head><meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width"><link rel="icon" href="data:,">',
            f"<title>{escape(landing.name)}</title><style>{STYLE}</style></head><body>",
            *_body(landing),
            "</body></html>\n",
        )
    )


def _body(landing: Landing) -> Iterator[str]:
    yield f"<h1>{escape(landing.name)} <small>{escape(landing.version)}</small></h1>"
    yield f"<p>{escape(landing.about)}</p>"
    if landing.scenarios:
        yield f'<p class="soft">Scenario: {escape(" + ".join(landing.scenarios))}</p>'
    for card in landing.apis:
        yield from _card_html(card)
    if landing.links:
        yield "<h2>Look and steer</h2>"
        yield from _table({}, {link: (_anchor(link), about) for link, about in landing.links.items()})
    yield f'<p class="soft">{escape(landing.help)}</p>'


def _card_html(card: ApiCard) -> Iterator[str]:
    yield f"<h2>{escape(card.title)} <small>{escape(card.version)}</small></h2>"
    if card.about:
        yield f"<p>{escape(card.about)}</p>"
    yield f"<p>Base URL <code>{escape(card.base_url)}</code></p>"
    if card.hosts:
        hosts = ", ".join(f"<code>{escape(host)}</code>" for host in card.hosts)
        yield f'<p class="soft">In place of {hosts}</p>'
    if card.try_it:
        yield f"<pre>{escape(card.try_it)}</pre>"
    if card.keys:
        yield from _table({"key": "plan"}, {key: (escape(key), tier) for key, tier in card.keys.items()})


def _anchor(link: str) -> str:
    """A link below this page's own address, whatever name the server has on its way here."""
    path = "/" + link.partition("://")[2].partition("/")[2]
    return f'<a href="{escape(path)}">{escape(path)}</a>'


def _table(heads: dict[str, str], rows: dict[str, tuple[str, str]]) -> Iterator[str]:
    """A table of two columns; the first cell of a row is HTML, the second one text."""
    yield "<table>"
    for left, right in heads.items():
        yield f"<tr><th>{escape(left)}</th><th>{escape(right)}</th></tr>"
    for left, right in rows.values():
        yield f"<tr><td>{left}</td><td>{escape(right)}</td></tr>"
    yield "</table>"


NAME = "ai-api-emulator"
HELP = (
    "`emulator --help` on the command line; README.md, docs/control.md and docs/scenarios.md in the emulator's "
    "repository."
)


class ServedApi(Struct, frozen=True):
    """An API, and where it is here."""

    api: str
    title: str
    version: str
    base_url: str
    hosts: tuple[str, ...]


class Index(Struct, frozen=True):
    """What this is; `control` lists each control route with what it does.

    `workers` are the processes that share their state in a store; there are none if this one keeps it in memory.
    """

    name: str
    version: str
    scenarios: tuple[str, ...]
    apis: list[ServedApi]
    workers: list[WorkerView]
    control: dict[str, str]
    help: str


async def start(request: ControlRequest) -> Index:
    """What this is, what it serves, and every control route."""
    playbook = request.world.pipeline.playbook
    apis = [
        ServedApi(api.name, api.title, api.version, request.origin + api.base, api.hosts)
        for api in playbook.apis.values()
    ]
    control = {f"{route.method} {CONTROL}{route.path}": route.summary for route in request.table}
    workers = [] if request.server.sharing is None else await request.server.sharing.list_workers()
    return Index(NAME, __version__, playbook.scenarios, apis, workers, control, HELP)


ROUTES = (ControlRoute("GET", "", start, tool=NoTool("a client lists the tools")),)


ABOUT = "One server on your own machine that answers as hosted APIs do. Nothing leaves it."
HEADERS: tuple[Header, ...] = (
    (b"cache-control", b"no-store"),
    (b"vary", b"accept, authorization, sec-fetch-mode, user-agent"),
    (b"x-content-type-options", b"nosniff"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"referrer-policy", b"no-referrer"),
)
LINKS = {
    "/ui": "The inspector: exchanges as they happen, faults, time",
    "": "Every control route, and what is served",
    "/operations": "Every operation of the APIs",
    "/apis": "The APIs with their keys",
    "/scenarios": "The scenarios that are played, and those there are",
    "/exchanges": "What was asked, and what was answered",
    "/verdict": "What the real services would not forgive the client",
    "/openapi.json": "The control API as OpenAPI",
}


class ApiCard(Struct, frozen=True):
    """One API: where it is here, what it stands in for, its demo keys with their tiers, and a command to copy."""

    title: str
    version: str
    base_url: str
    hosts: tuple[str, ...]
    about: str
    keys: dict[str, str]
    try_it: str


class Landing(Struct, frozen=True):
    """What answers here. `links` are control routes with what each tells; who may not ask them gets none."""

    name: str
    version: str
    about: str
    scenarios: tuple[str, ...]
    apis: list[ApiCard]
    links: dict[str, str]
    help: str


class LandingPage:
    """The ASGI application that greets."""

    def __init__(self, server: ControlledApp) -> None:
        self._server = server

    def fits(self, scope: Scope) -> bool:
        """Whether a request for `/` is for nobody else."""
        request = open_request(scope)
        try:
            router = self._server.worlds.resolve(request).playbook.router
        except UnknownWorld:
            return False
        return request.method in ("GET", "HEAD") and not router.claims(request.host, "/")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = open_request(scope, public_url=self._server.settings.public_url)
        if _shows_pages(request):
            headers = [*HEADERS, (b"location", INSPECTOR.encode()), (b"content-length", b"0")]
            await send({"type": "http.response.start", "status": 302, "headers": headers})
            await send({"type": "http.response.body", "body": b""})
            return
        landing = self._landing(self._server.worlds.resolve(request), request)
        lines = [*HEADERS]
        if "text/html" in (request.header(b"accept") or "").lower():
            body = page(landing).encode()
            lines += [(b"content-type", b"text/html; charset=utf-8"), (b"content-security-policy", CSP.encode())]
        else:
            body = msgspec.json.format(msgspec.json.encode(landing), indent=2) + b"\n"
            lines.append((b"content-type", b"application/json"))
        lines.append((b"content-length", str(len(body)).encode()))
        await send({"type": "http.response.start", "status": 200, "headers": lines})
        await send({"type": "http.response.body", "body": b"" if request.method == "HEAD" else body})

    def _landing(self, world: World, request: Request) -> Landing:
        """Returns what a client without access to the control API sees: that this emulates which APIs."""
        origin = request.origin
        try:
            guard(self._server.settings, request.scheme, request.fields, ())
        except ControlFailure as error:
            known, links, more = False, {}, f"Keys and control routes are not shown: {error}; {error.hint}"
        else:
            known, links, more = True, {f"{origin}{CONTROL}{path}": about for path, about in LINKS.items()}, HELP
        cards = [_card(service, origin, known) for service in world.pipeline.services.values()]
        return Landing(NAME, __version__, ABOUT, world.playbook.scenarios if known else (), cards, links, more)


def _shows_pages(request: Request) -> bool:
    """Whether a browser navigates here: anything else that takes HTML is given the page itself."""
    wants_html = "text/html" in (request.header(b"accept") or "").lower()
    navigates = request.header(b"sec-fetch-mode") == "navigate" or "Mozilla/" in (request.header(b"user-agent") or "")
    return wants_html and navigates and request.query != "about"


def _card(service: Service, origin: str, known: bool) -> ApiCard:
    api = service.api
    keys = {}
    for key, record in service.records["keys"].items() if known else ():
        status = record.get("status", "active")
        keys[key] = record["tier"] if status == "active" else f"{record['tier']} ({status})"
    command = " \\\n  ".join(api.example.command(api.file, origin)) if known and api.example is not None else ""
    return ApiCard(api.title, api.version, origin + api.base, api.hosts, api.file.about, keys, command)
