"""Where calls are passed on to: the URLs that were given by name, and of them the one that serves a route."""

from __future__ import annotations

import socket
from collections.abc import Sequence

import httpx
from msgspec import Struct

from emulator import resources
from emulator.errors import ConfigError
from emulator.scenario.document import SUFFIXES
from emulator.scenario.suggest import did_you_mean


class Upstreams(Struct, frozen=True):
    """The URLs of one API's hosts; the first serves what none of them is named for."""

    urls: tuple[httpx.URL, ...]
    base: str

    @property
    def origins(self) -> tuple[str, ...]:
        """Scheme, host and port of each."""
        return tuple(f"{url.scheme}://{url.netloc.decode()}" for url in self.urls)

    @property
    def is_loopback(self) -> bool:
        """Whether all of them are this machine, so that no proxy is asked."""
        return all(url.host in ("localhost", "::1") or url.host.startswith("127.") for url in self.urls)

    def leading_to(self, own: tuple[str, int]) -> str | None:
        """The first that is served at this address of ours."""
        host, port = own
        for url, origin in zip(self.urls, self.origins, strict=True):
            given = url.port or {"http": 80, "https": 443}[url.scheme]
            if given == port and (url.host == host or _is_here(url.host)):
                return origin
        return None

    def moved(self, body: bytes, origin: str) -> bytes:
        """A body with the upstream's own URLs leading to `origin`, so that what is polled for is recorded as well."""
        for each in self.origins:
            body = body.replace(b'"' + each.encode() + b"/", b'"' + origin.encode() + b"/")
        return body

    def url(self, host: str | None, path: bytes, query: bytes) -> httpx.URL:
        """The URL of a request for this path (with the API's base, percent-encoded); `host` is the route's own."""
        chosen = next((url for url in self.urls if url.host == host), self.urls[0])
        prefix = chosen.raw_path.rstrip(b"/")
        if self.base:
            prefix = prefix.removesuffix(self.base.encode())  # https://host/v2 and https://host mean the same
        return chosen.copy_with(raw_path=prefix + path + (b"?" + query if query else b""))


def _is_here(host: str) -> bool:
    """Whether a name leads to this machine: one can listen at its address."""
    try:
        family, kind, protocol, _, (address, *_) = socket.getaddrinfo(host, 0, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as sock:
            sock.bind((address, 0))
    except OSError:
        return False
    return True


def client(upstreams: Upstreams, patience: httpx.Timeout) -> httpx.AsyncClient:
    """A client that asks these upstreams: through the system's proxy, unless all are here; it trusts SSL_CERT_FILE.

    The CA bundle is loaded only if an upstream is reached by https.
    """
    encrypted = any(url.scheme == "https" for url in upstreams.urls)
    trusted = httpx.create_ssl_context(verify=encrypted)
    return httpx.AsyncClient(timeout=patience, verify=trusted, trust_env=not upstreams.is_loopback)


def parse_upstreams(flag: str, values: Sequence[str], base: str) -> Upstreams:
    """Raises ConfigError for what is no URL of a server."""
    return Upstreams(tuple(_parsed(flag, value) for value in values), base.rstrip("/"))


def _parsed(flag: str, value: str) -> httpx.URL:
    wrong = ConfigError(f"{flag} is {value!r}; expected a URL such as https://api.example.com")
    try:
        url = httpx.URL(value)
    except httpx.InvalidURL:
        raise wrong from None
    if url.scheme not in ("http", "https") or not url.host or url.userinfo or url.query or url.fragment:
        raise wrong
    return url


def find_api(name: str) -> str:
    """The file of an API that comes with the emulator, or of one's own by its path. Raises ConfigError."""
    if name.endswith(SUFFIXES):
        return name
    known = {file.stem: file for file in (resources.scenarios() / "apis").glob("*.yaml")}
    if name not in known:
        raise ConfigError(f"no API is called {name!r}; {did_you_mean(name, sorted(known))}")
    return str(known[name])
