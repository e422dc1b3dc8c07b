"""Pages in HTML that a proxy returns in place of an API's error: data in fixtures/pages.yaml."""

from __future__ import annotations

from functools import cache
from random import Random
from typing import Any

from emulator import paths
from emulator.http.reply import Reply
from emulator.http.status import phrase
from emulator.language.document.reader import parse

GATEWAY = "gateway"  # one of the others, drawn from the seed
PAGES = ("nginx", "cloudflare", "load_balancer")
DATE, OWN = b"date", b"x-emulator-"  # when a reply was made, and how the names begin that say what the emulator did


def replace_by_page(reply: Reply, page: str, chance: Random) -> Reply:
    """Makes a reply the page of a proxy, with its headers alone; the date and the emulator's own headers stay."""
    chosen = _pages()[chance.choice(PAGES) if page == GATEWAY else page]
    values = {
        "status": str(reply.status),
        "reason": phrase(reply.status) or "Error",
        "ray": f"{chance.getrandbits(64):016x}",
    }
    kept = [line for line in reply.headers if (name := line[0].lower()) == DATE or name.startswith(OWN)]
    own = [(name.encode(), _fill(value, values).encode()) for name, value in chosen["headers"].items()]
    reply.headers = [*own, *kept]
    reply.body = _fill(chosen["body"], values).encode()
    return reply


def _fill(text: str, values: dict[str, str]) -> str:
    for name, value in values.items():
        text = text.replace(f"{{{name}}}", value)
    return text


@cache
def _pages() -> dict[str, Any]:
    """Returns the pages, which are read when the first one is asked for."""
    file = paths.fixtures() / "pages.yaml"
    pages: dict[str, Any] = parse(file.read_text(encoding="utf-8"), file.name).data
    return pages
