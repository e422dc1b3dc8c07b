"""PAGE: what greets a person in a browser, as HTML that needs nothing from elsewhere and runs nothing.

Whatever an API or a scenario says becomes text, never markup; the policy allows this one style and nothing else.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from emulator.control.greeting import Offer, Welcome

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


def page(welcome: Welcome) -> str:
    """The whole document."""
    return "\n".join(
        (
            '<!doctype html><html lang="en"><head><meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width"><link rel="icon" href="data:,">',
            f"<title>{escape(welcome.name)}</title><style>{STYLE}</style></head><body>",
            *_body(welcome),
            "</body></html>\n",
        )
    )


def _body(welcome: Welcome) -> Iterator[str]:
    yield f"<h1>{escape(welcome.name)} <small>{escape(welcome.version)}</small></h1>"
    yield f"<p>{escape(welcome.about)}</p>"
    if welcome.scenarios:
        yield f'<p class="soft">Scenario: {escape(" + ".join(welcome.scenarios))}</p>'
    for offer in welcome.apis:
        yield from _offered(offer)
    if welcome.links:
        yield "<h2>Look and steer</h2>"
        yield from _table({}, {link: (_anchor(link), about) for link, about in welcome.links.items()})
    yield f'<p class="soft">{escape(welcome.help)}</p>'


def _offered(offer: Offer) -> Iterator[str]:
    yield f"<h2>{escape(offer.title)} <small>{escape(offer.version)}</small></h2>"
    if offer.about:
        yield f"<p>{escape(offer.about)}</p>"
    yield f"<p>Base URL <code>{escape(offer.base_url)}</code></p>"
    if offer.hosts:
        hosts = ", ".join(f"<code>{escape(host)}</code>" for host in offer.hosts)
        yield f'<p class="soft">In place of {hosts}</p>'
    if offer.try_it:
        yield f"<pre>{escape(offer.try_it)}</pre>"
    if offer.keys:
        yield from _table({"key": "plan"}, {key: (escape(key), tier) for key, tier in offer.keys.items()})


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
