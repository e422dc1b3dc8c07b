"""HTTPS proxy: routes calls for emulated hosts to this server, and blocks and notes all others.

Nothing is ever forwarded to a real host.
"""

from __future__ import annotations

import logging
import re
import ssl
from collections.abc import Callable, Collection
from pathlib import Path

import orjson
from msgspec import Struct
from starlette.types import Receive, Scope, Send

from emulator.clock.world_clock import Clock
from emulator.errors import ConfigError
from emulator.https.authority import CERTIFICATE, Authority
from emulator.https.hosts import is_name, is_this_machine, joined, normalize_host

LOG = logging.getLogger("emulator")
MAX_BLOCKED_CALLS = 1_000  # that are kept
HTTP, HTTPS = 80, 443
TARGET = re.compile(r"(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9._-]{1,254})):([0-9]{1,5})")
UNTRUSTED_ALERTS = ("UNKNOWN_CA", "BAD_CERTIFICATE", "CERTIFICATE_UNKNOWN")  # sent by clients (RFC 8446 section 6.2)
Address = tuple[str, int | None]
TRUST_VARIABLES = "SSL_CERT_FILE, REQUESTS_CA_BUNDLE, CURL_CA_BUNDLE and NODE_EXTRA_CA_CERTS"


class BlockedCall(Struct, frozen=True):
    """Call that was blocked: its host and port, and when, in seconds since the epoch."""

    host: str
    port: int
    at: float


class ProxyRefusal(Struct, frozen=True):
    """Error response of the proxy; also an ASGI application that sends it."""

    status: int
    message: str
    hint: str

    @property
    def body(self) -> bytes:
        return orjson.dumps({"error": {"message": self.message, "hint": self.hint}})

    def raw(self) -> bytes:
        """Returns the whole response; its reason phrase is the message, because clients show little else."""
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
    """Route of a call: to this server, as `host`, over TLS (`secure`) or in plain HTTP."""

    host: str
    secure: bool


class HttpsProxy:
    """Routes and blocks calls; `hosts` returns the emulated hosts in lower case.

    The certificate authority in `folder`, which `make` makes, is created when it is first needed.
    """

    def __init__(
        self,
        hosts: Callable[[], Collection[str]],
        folder: Callable[[], Path],
        make: Callable[[Path, Collection[str]], Authority] = Authority,
    ) -> None:
        self.blocked_calls: list[BlockedCall] = []
        self.untrusted: dict[str, int] = {}  # connections that ended before a request, by host
        self._hosts = hosts
        self._folder, self._make = folder, make
        self._authority: Authority | None = None
        self._reported: set[tuple[str, str]] = set()

    @property
    def authority(self) -> Authority:
        """The certificate authority. Raises ConfigError when it can't be created, as do its methods."""
        if self._authority is None:
            self._authority = self._make(self._folder(), self._hosts())
        return self._authority

    def emulates(self, host: str) -> bool:
        """Whether the host is emulated over HTTPS; addresses of an API are only for direct calls."""
        return is_name(host) and host in self._hosts()

    def route(self, host: str, port: int, own: Address | None) -> ProxyRoute | None:
        """Returns the route of a call to a normalized host and a port, or None. `own` is the address it came in by.

        A client may also name this server, as this machine or, in a network of containers, by a bare name.
        """
        if own is not None and port == own[1] and (is_this_machine(host) or host == own[0] or "." not in host):
            return ProxyRoute(host, secure=False)
        return ProxyRoute(host, port == HTTPS) if port in (HTTP, HTTPS) and self.emulates(host) else None

    def connect(self, target: str, own: Address | None) -> ProxyRoute | ProxyRefusal:
        """Routes or blocks a CONNECT for a target, `host:port`. `own` is the address it came in by."""
        match = TARGET.fullmatch(target)
        if match is None or int(match[3]) > 65_535:
            return ProxyRefusal(400, "CONNECT expects HOST:PORT", "such as api.example.com:443")
        host, port = normalize_host(match[1] or match[2]), int(match[3])
        return self.route(host, port, own) or self.block(host, port)

    def block(self, host: str, port: int) -> ProxyRefusal:
        """Blocks a call: logs it, and notes it unless it is for this machine. Returns the response."""
        message = f"{joined(host, port)} is not emulated"
        LOG.warning("blocked: %s (nothing is forwarded)", message)
        if is_this_machine(host):
            return ProxyRefusal(502, message, f"nothing is forwarded; set NO_PROXY={host} to call it directly")
        self.blocked_calls.append(BlockedCall(host, port, Clock().now()))
        del self.blocked_calls[:-MAX_BLOCKED_CALLS]
        known = ", ".join(f"{each}:{HTTPS}" for each in sorted(self._hosts()))
        return ProxyRefusal(
            502,
            message,
            f"nothing is forwarded to real hosts; emulated: {known or 'none'}; --intercept-host HOST adds one, "
            f"NO_PROXY={host} lets a client call it directly",
        )

    def context_for(self, host: str) -> ssl.SSLContext | ProxyRefusal:
        """Returns the TLS context for a host, or the response that says why there is none."""
        try:
            return self.authority.context_for(host)
        except ConfigError as error:
            LOG.error("%s", error)
            return ProxyRefusal(502, "can't create a certificate", str(error))

    def prepare(self) -> None:
        """Creates what the TLS listener needs. Raises ConfigError when no host is emulated."""
        if (host := self._default_host()) is None:
            raise ConfigError("--tls-listen has no hosts to serve: no API of the scenarios has `hosts`")
        self.authority.context_for(host)

    def host_for(self, name: str | None) -> str | None:
        """Returns the host for a name that a client of the TLS listener sends (SNI), or blocks it and returns None.

        Without a name, that is the first emulated host.
        """
        if name is None:
            return self._default_host()
        host = normalize_host(name)
        if self.emulates(host):
            return host
        self.block(host, HTTPS)
        return None

    def _default_host(self) -> str | None:
        return min(filter(is_name, self._hosts()), default=None)

    # ------------------------------------------------------------------ failed handshakes

    def closed_unused(self, host: str) -> None:
        """Reports a client that left during the handshake or right after it, as some do that don't trust the CA."""
        self._report_untrusted(
            host, "a client left during the TLS handshake for %s; if it does not trust our certificate,"
        )

    def handshake_failed(self, host: str, error: OSError) -> None:
        """Reports a TLS handshake that failed."""
        reason = getattr(error, "reason", None) or ""
        if any(alert in reason for alert in UNTRUSTED_ALERTS):
            self._report_untrusted(host, "a client does not trust our certificate for %s;")
        elif isinstance(error, ConnectionResetError):
            self.closed_unused(host)
        else:
            LOG.warning("the TLS handshake for %s failed: %s", host, reason or error)

    def _report_untrusted(self, host: str, problem: str) -> None:
        """Counts it, and logs, once for each host, what makes a client trust the CA."""
        self.untrusted[host] = self.untrusted.get(host, 0) + 1
        if (host, problem) not in self._reported:
            self._reported.add((host, problem))
            hint = "set %s to %s; a client that reads none of them needs a setting of its own (docs/run.md)"
            LOG.warning(f"{problem} {hint}", host, TRUST_VARIABLES, self.authority.folder / CERTIFICATE)
