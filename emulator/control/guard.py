"""GUARD: the control API is for tools on this machine, not for web pages that a browser on it happens to show.

A page can make a browser send requests to a loopback address, and even read the answers when its own name is made to
point there (DNS rebinding). So whatever says that it comes from a page is refused, and nobody is told otherwise by
CORS headers. See design section 7; Sec-Fetch-Site is W3C Fetch Metadata.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from ipaddress import ip_address
from urllib.parse import urlsplit

from emulator.control.failure import ControlError
from emulator.settings import Settings

WELCOME_SITES = (b"same-origin", b"none")  # the page of the emulator itself, and what a person typed
OPEN = (("health",),)  # asked by what watches over containers, and tells nothing
HINT = "a web page may not steer the emulator; ask from a program, or through the emulator's own page"


def admit(settings: Settings, scheme: str, fields: Mapping[bytes, bytes], segments: tuple[str, ...]) -> None:
    """Raises ControlError 403 for what a hostile page could send. `segments` is the path below /_emulator.

    A caller who shows the token may use any name of the server, since no page knows it.
    """
    authority = fields.get(b"host", b"").decode("latin-1").strip().lower()
    shown = _shows_token(settings, fields)
    if not shown and not _is_ours(authority, settings):
        raise ControlError(403, f"host {authority!r} is not a name of this server", _names(settings))
    origin = fields.get(b"origin")
    if origin is not None and origin.decode("latin-1").lower() != f"{scheme}://{authority}":
        raise ControlError(403, f"origin {origin.decode('latin-1')!r} is another site", HINT)
    site = fields.get(b"sec-fetch-site", b"none")
    if site.strip().lower() not in WELCOME_SITES:
        raise ControlError(403, f"sec-fetch-site {site.decode('latin-1')!r}: the request comes from another site", HINT)
    if not shown and segments not in OPEN and (settings.control_token or not settings.is_loopback):
        raise ControlError(
            403,
            "the control token is missing or wrong",
            "send `Authorization: Bearer TOKEN`; the token is in the banner, or what --control-token says",
        )


def _shows_token(settings: Settings, fields: Mapping[bytes, bytes]) -> bool:
    scheme, _, token = fields.get(b"authorization", b"").partition(b" ")
    wanted = settings.control_token.encode()
    return bool(wanted) and scheme.lower() == b"bearer" and secrets.compare_digest(token.strip(), wanted)


def _is_ours(authority: str, settings: Settings) -> bool:
    """Whether no page could have made this name point here: names of loopback, and addresses written as numbers."""
    try:
        name = urlsplit(f"//{authority}").hostname or ""
    except ValueError:
        return False
    if not name or "@" in authority or "/" in authority:
        return False
    if name in ("localhost", settings.listen.host.lower()) or name.endswith(".localhost"):
        return True
    try:
        address = ip_address(name)
    except ValueError:
        return False
    return address.is_loopback or not settings.is_loopback


def _names(settings: Settings) -> str:
    known = dict.fromkeys(("localhost", "127.0.0.1", "[::1]", settings.listen.host))
    return f"ask it as {', '.join(known)}, or show the control token"
