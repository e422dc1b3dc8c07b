"""Origins: keeps the pages of other sites away from the server, and lets the others read its responses (CORS)."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from functools import lru_cache, partial
from ipaddress import ip_address
from urllib.parse import urlsplit

from msgspec import Struct

from emulator.errors import ApiError
from emulator.http.headers import Header
from emulator.http.request import Request
from emulator.settings.options import Settings
from emulator.settings.parsers import ORIGIN as ORIGIN_PATTERN

ORIGIN = b"origin"
FETCH_SITE = b"sec-fetch-site"  # browsers say it of every request, and send no Origin with most that are a GET
CROSS_SITE = b"cross-site"
SITE = re.compile(r"https?://.+")
METHOD = re.compile(rb"[A-Za-z]{1,40}")
HINT = "a web page may call the emulated APIs only from this machine: from localhost, *.localhost, 127.0.0.0/8 or [::1]"
VARY: Header = (b"Vary", b"Origin")
MAX_AGE = b"600"  # seconds for which a browser may remember a preflight: short, as the options may be others tomorrow
CACHED_DECISIONS = 256
# Beginnings of names that a page may read anyway (the Fetch standard's safelist), or that are for the browser alone.
UNEXPOSED = (
    *(b"access-control-", b"cache-control", b"content-language", b"content-length", b"content-type", b"expires"),
    *(b"last-modified", b"pragma", b"set-cookie", b"vary"),
)


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


class OriginRefusal(Struct, frozen=True):
    """Why a page may not call, and what would let it."""

    detail: str
    hint: str


class OriginPolicy:
    """Which pages may call the emulated routes, and the CORS headers of the responses to them.

    Pages from loopback may, those that this server itself shows, and those that `--cors` names. `hosts` are the
    emulated hosts; pages may use them as names of the server, since a browser that reaches the server by one of them
    was set up to do so. Pages that `--cors` names may use any name: no other page can send their Origin.

    One policy holds for all worlds of a server, since a preflight does not say for which world it asks.
    """

    def __init__(self, settings: Settings, hosts: Iterable[str] = ()) -> None:
        self._off = settings.cors == ("off",)
        self._settings = settings
        self.use(hosts)

    def use(self, hosts: Iterable[str]) -> None:
        """From here on, these and those of the settings are the emulated hosts."""
        self._hosts = frozenset(host.lower() for host in (*hosts, *self._settings.intercept_hosts))
        self._decide = lru_cache(maxsize=CACHED_DECISIONS)(partial(_refusal, self._settings, self._hosts))

    def add(self, hosts: Iterable[str]) -> None:
        """From here on, these are emulated hosts too."""
        if not self._hosts.issuperset(new := [host.lower() for host in hosts]):
            self.use((*self._hosts, *new))

    def check(self, request: Request) -> None:
        """Raises ApiError("forbidden") for a request with the Origin of another site, or with one and a Host that
        another site may have made point here.

        A link, an image or a form of another site sends no Origin, but `Sec-Fetch-Site: cross-site` (Fetch Metadata,
        section 2.4); then the Referer tells which site, if it is there. Here even a GET is counted and charged.
        """
        fields = request.fields
        origin = fields.get(ORIGIN)
        if origin is None:
            if fields.get(FETCH_SITE, b"").strip().lower() != CROSS_SITE or "*" in self._settings.cors:
                return
            origin = _site_of(fields.get(b"referer", b""))
        refusal = self._decide(origin, request.scheme, request.authority, request.host)
        if refusal is not None:
            raise ApiError("forbidden", refusal.detail, status=403, hint=refusal.hint)

    def headers(self, request: Request, lines: Iterable[Header]) -> list[Header]:
        """Returns the CORS headers of a response with these header lines, to a request with an Origin.

        A page may read every header that the response has. One of another site gets nothing but `Vary`.
        """
        if not self._permits(request):
            return [VARY]
        names = dict.fromkeys(name for name, _ in lines if not name.lower().startswith(UNEXPOSED))
        exposed = [(b"Access-Control-Expose-Headers", b", ".join(names))] if names else []
        return [VARY, (b"Access-Control-Allow-Origin", request.fields[ORIGIN].strip()), *exposed]

    def preflight(self, request: Request, methods: Iterable[str]) -> list[Header] | None:
        """Returns the headers of the 204 to a preflight for a path that takes these methods; None for another request.

        The method that the page wants is always allowed, so that it can read the 404 or 405.
        """
        wanted = request.fields.get(b"access-control-request-method")
        if wanted is None or ORIGIN not in request.fields or not self._permits(request):
            return None
        asked = request.fields.get(b"access-control-request-headers")
        private = request.fields.get(b"access-control-request-private-network", b"").strip().lower() == b"true"
        allowed = sorted({*methods, *([wanted.decode()] if METHOD.fullmatch(wanted) else [])})
        return [
            *self.headers(request, ()),
            (b"Access-Control-Allow-Methods", ", ".join(allowed).encode()),
            *([(b"Access-Control-Allow-Headers", asked)] if asked else []),
            *([(b"Access-Control-Allow-Private-Network", b"true")] if private else []),
            (b"Access-Control-Max-Age", MAX_AGE),
        ]

    def _permits(self, request: Request) -> bool:
        """Whether a page may read the response; with `--cors off` only the server's own may, which needs no headers."""
        key = (request.fields[ORIGIN], request.scheme, request.authority, request.host)
        return not self._off and self._decide(*key) is None


def _site_of(referer: bytes) -> bytes:
    """Returns the origin of the page that a Referer names; an empty text when it names none."""
    try:
        parts = urlsplit(referer.decode("latin-1").strip())
    except ValueError:
        return b""
    return f"{parts.scheme}://{parts.netloc}".encode("latin-1") if parts.netloc else b""


def _hint(origin: str, off: bool) -> str:
    """What would let a page in; `origin` is empty when what was sent is none."""
    if off:
        return f"--cors off keeps every page out; start with --cors {origin or 'ORIGIN'} instead to let this one in"
    return f"{HINT}; start with --cors {origin} to let this one in" if origin else HINT


def _refusal(
    settings: Settings, hosts: Collection[str], field: bytes, scheme: str, authority: str, host: str
) -> OriginRefusal | None:
    """Decides on an Origin, by the Host with which the request came; None: its page may call."""
    off = settings.cors == ("off",)
    origin, authority, listed = field.decode("latin-1").strip().lower(), authority.lower(), settings.cors
    written = ORIGIN_PATTERN.fullmatch(origin)
    if written and (origin in listed or "*" in listed):
        return None
    own = origin in (f"{scheme}://{authority}", settings.public_site)
    nearby = not off and SITE.fullmatch(origin) is not None and is_loopback(_host(origin.partition("://")[2]))
    hint = _hint(origin if written else "", off)
    if not (nearby or (own and written)):
        page = f"the origin {origin[:200]!r} is" if origin else "the page that asks is of"
        return OriginRefusal(f"{page} another site", hint)
    if host not in hosts and not is_own_name(authority, settings):
        return OriginRefusal(f"the host {authority[:200]!r} is not a name of this server", hint)
    return None
