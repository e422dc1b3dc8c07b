"""Origins: keeps the pages of other sites away from the server, which answers whatever can reach it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from ipaddress import ip_address
from urllib.parse import urlsplit

from emulator.errors import ApiError
from emulator.http import Request
from emulator.settings import Settings

ORIGIN = b"origin"
SITE = re.compile(r"https?://(.+)")
HINT = "a web page may call the emulated APIs only from this machine: from localhost, *.localhost, 127.0.0.0/8 or [::1]"


def is_own_name(authority: str, settings: Settings) -> bool:
    """Whether no page could have made this name point here: names of loopback, and addresses written as numbers."""
    name = _host(authority)
    if is_loopback(name) or (name and name in (settings.listen.host.lower(), settings.public_host)):
        return True
    try:
        ip_address(name)
    except ValueError:
        return False
    return not settings.is_loopback


def is_loopback(host: str) -> bool:
    """Whether a host in lower case is this machine for every browser (RFC 6761 section 6.3)."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _host(authority: str) -> str:
    """Returns the host of `host:port`; an empty text when it is none."""
    if "@" in authority or "/" in authority:
        return ""
    try:
        return urlsplit(f"//{authority}").hostname or ""
    except ValueError:
        return ""


class OriginPolicy:
    """Which pages may call the emulated routes: those from loopback, and those that this server itself shows.

    `hosts` are the emulated hosts; pages may use them as names of the server, since a browser that reaches the server
    by one of them was set up to do so.
    """

    def __init__(self, settings: Settings, hosts: Iterable[str]) -> None:
        self._settings = settings
        self._hosts = frozenset(host.lower() for host in (*hosts, *settings.intercept_hosts))

    def check(self, request: Request) -> None:
        """Raises ApiError("forbidden") for a request with the Origin of another site, or with one and a Host that
        another site may have made point here."""
        origin, authority = (request.header(ORIGIN) or "").strip().lower(), request.authority.lower()
        site = SITE.fullmatch(origin)
        own = (f"{request.scheme}://{authority}", self._settings.public_site)
        if site is None or not (is_loopback(_host(site[1])) or origin in own):
            raise _forbidden(f"the origin {origin[:200]!r} is another site")
        if request.host not in self._hosts and not is_own_name(authority, self._settings):
            raise _forbidden(f"the host {authority[:200]!r} is not a name of this server")


def _forbidden(detail: str) -> ApiError:
    return ApiError("forbidden", detail, status=403, hint=HINT)
