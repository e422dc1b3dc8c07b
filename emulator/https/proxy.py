"""The front: which hosts are answered here over HTTPS, and what those get who ask for another one."""

from __future__ import annotations

import logging
import re
import ssl
from collections.abc import Callable, Collection
from pathlib import Path

import orjson
from msgspec import Struct
from starlette.types import Receive, Scope, Send

from emulator.clock import Clock
from emulator.errors import ConfigError
from emulator.https.authority import CERTIFICATE, Authority
from emulator.https.hosts import is_name, is_this_machine, joined, normalize_host

LOG = logging.getLogger("emulator")
MOST = 1_000  # departures that are kept
HTTP, HTTPS = 80, 443
TARGET = re.compile(r"(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9._-]{1,254})):([0-9]{1,5})")
DISTRUST = ("UNKNOWN_CA", "BAD_CERTIFICATE", "CERTIFICATE_UNKNOWN")  # alerts of clients (RFC 8446 section 6.2)
Address = tuple[str, int | None]
TRUST = "SSL_CERT_FILE, REQUESTS_CA_BUNDLE, CURL_CA_BUNDLE and NODE_EXTRA_CA_CERTS"


class BlockedCall(Struct, frozen=True):
    """A call that was refused: the host and port it was for, and when, in seconds since the epoch."""

    host: str
    port: int
    at: float


class ProxyRefusal(Struct, frozen=True):
    """What is answered instead of leading a call on; it is an ASGI application too."""

    status: int
    message: str
    hint: str

    @property
    def body(self) -> bytes:
        return orjson.dumps({"error": {"message": self.message, "hint": self.hint}})

    def raw(self) -> bytes:
        """The whole answer. Clients show little of what a proxy says but the reason, so that is the message."""
        head = f"HTTP/1.1 {self.status} {self.message}\r\ncontent-type: application/json\r\nconnection: close\r\n"
        return head.encode("latin-1", "replace") + b"content-length: %d\r\n\r\n%b" % (len(self.body), self.body)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = [
            (b"content-type", b"application/json"),
            (b"content-length", b"%d" % len(self.body)),
            (b"connection", b"close"),
        ]
        await send({"type": "http.response.start", "status": self.status, "headers": headers})
        await send({"type": "http.response.body", "body": self.body})


class ProxyRoute(Struct, frozen=True):
    """Where a call is led: here, as this host, over TLS (`secure`) or as it is."""

    host: str
    secure: bool


class HttpsProxy:
    """`hosts` gives the emulated hosts in lower case; the authority, in `folder`, is made when it is first needed."""

    def __init__(self, hosts: Callable[[], Collection[str]], folder: Callable[[], Path]) -> None:
        self.departures: list[BlockedCall] = []
        self._hosts = hosts
        self._folder = folder
        self._authority: Authority | None = None
        self._told: set[tuple[str, str]] = set()

    @property
    def authority(self) -> Authority:
        """Raises ConfigError, as all that it does."""
        if self._authority is None:
            self._authority = Authority(self._folder(), self._hosts())
        return self._authority

    def emulates(self, host: str) -> bool:
        """Whether we answer as it; an API may name addresses too, which are for those who call us directly."""
        return is_name(host) and host in self._hosts()

    def way(self, host: str, port: int, own: Address | None) -> ProxyRoute | None:
        """Where a call to a host, as it is spelled, and a port is led; None: nowhere. `own` is where it came in.

        A client may also name us, as which it knows this machine or, in a network of containers, by a bare name.
        """
        if own is not None and port == own[1] and (is_this_machine(host) or host == own[0] or "." not in host):
            return ProxyRoute(host, secure=False)
        return ProxyRoute(host, port == HTTPS) if port in (HTTP, HTTPS) and self.emulates(host) else None

    def judge(self, target: str, own: Address | None) -> ProxyRoute | ProxyRefusal:
        """Where a CONNECT for a target, `host:port`, is led, or why it is not. `own` is where it came in."""
        match = TARGET.fullmatch(target)
        if match is None or int(match[3]) > 65_535:
            return ProxyRefusal(400, "CONNECT wants HOST:PORT", "such as api.example.com:443")
        host, port = normalize_host(match[1] or match[2]), int(match[3])
        return self.way(host, port, own) or self.refuse(host, port)

    def refuse(self, host: str, port: int) -> ProxyRefusal:
        """What a call gets for which there is no way; noted as a departure unless it would stay on this machine."""
        message = f"{joined(host, port)} is not emulated"
        LOG.warning("refused: %s, and nothing is led on", message)
        if is_this_machine(host):
            return ProxyRefusal(502, message, f"nothing is led on; set NO_PROXY={host}, so that it is called directly")
        self.departures.append(BlockedCall(host, port, Clock().now()))
        del self.departures[:-MOST]
        known = ", ".join(f"{each}:{HTTPS}" for each in sorted(self._hosts()))
        return ProxyRefusal(
            502,
            message,
            f"nothing is led on to real hosts; emulated are {known or 'none'}; --intercept-host HOST adds one, "
            f"NO_PROXY={host} lets a client call it directly",
        )

    def context_for(self, host: str) -> ssl.SSLContext | ProxyRefusal:
        """What to answer as this host with, or why that can't be done."""
        try:
            return self.authority.context_for(host)
        except ConfigError as error:
            LOG.error("%s", error)
            return ProxyRefusal(502, "no certificate can be made", str(error))

    def prepare(self) -> None:
        """Make what a listener of its own needs. Raises ConfigError when there is nothing to answer as."""
        if (host := self._first()) is None:
            raise ConfigError("--tls-listen has nothing to answer as: no API of the scenarios has `hosts`")
        self.authority.context_for(host)

    def asked(self, name: str | None) -> str | None:
        """The host to answer as when a client of the listener asks for a name (SNI); None: for that one, it is refused.

        A client that asks for none gets the first host.
        """
        if name is None:
            return self._first()
        host = normalize_host(name)
        if self.emulates(host):
            return host
        self.refuse(host, HTTPS)
        return None

    def _first(self) -> str | None:
        return min(filter(is_name, self._hosts()), default=None)

    # ------------------------------------------------------------------ what became of handshakes

    def unasked(self, host: str) -> None:
        """A client went during the handshake or right after it: that is how some say that they don't trust us."""
        self._tell(host, "a client left at the TLS handshake for %s; if it does not trust our certificate,")

    def failed(self, host: str, error: OSError) -> None:
        """A TLS handshake came to nothing."""
        reason = getattr(error, "reason", None) or ""
        if any(alert in reason for alert in DISTRUST):
            self._tell(host, "a client does not trust our certificate for %s;")
        elif isinstance(error, ConnectionResetError):
            self.unasked(host)
        else:
            LOG.warning("the TLS handshake for %s failed: %s", host, reason or error)

    def _tell(self, host: str, seen: str) -> None:
        """Say once what a client of a host should be given."""
        if (host, seen) not in self._told:
            self._told.add((host, seen))
            LOG.warning(f"{seen} set %s to %s", host, TRUST, self.authority.folder / CERTIFICATE)
