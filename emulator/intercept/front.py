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
from emulator.control.departures import Departure
from emulator.errors import ConfigError
from emulator.intercept.authority import Authority

LOG = logging.getLogger("emulator")
MOST = 1_000  # departures that are kept
HTTPS = 443
LOCAL = ("localhost", "::1")
TARGET = re.compile(r"(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9._-]{1,253})):([0-9]{1,5})")
DISTRUST = ("UNKNOWN_CA", "BAD_CERTIFICATE", "CERTIFICATE_UNKNOWN")  # alerts of clients (RFC 8446 section 6.2)
TRUST = "SSL_CERT_FILE, REQUESTS_CA_BUNDLE, CURL_CA_BUNDLE and NODE_EXTRA_CA_CERTS"


class Refusal(Struct, frozen=True):
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


class Front:
    """`hosts` gives the emulated hosts in lower case; the authority, in `folder`, is made when it is first needed."""

    def __init__(self, hosts: Callable[[], Collection[str]], folder: Callable[[], Path]) -> None:
        self.departures: list[Departure] = []
        self._hosts = hosts
        self._folder = folder
        self._authority: Authority | None = None
        self._told: set[str] = set()

    @property
    def authority(self) -> Authority:
        """Raises ConfigError, as all that it does."""
        if self._authority is None:
            self._authority = Authority(self._folder(), self._hosts())
        return self._authority

    def emulates(self, host: str) -> bool:
        return host.lower() in self._hosts()

    def judge(self, target: str) -> Refusal | str:
        """The host of a CONNECT's target, `host:port`, or why it is not led there."""
        match = TARGET.fullmatch(target)
        if match is None or int(match[3]) > 65_535:
            return Refusal(400, "CONNECT wants HOST:PORT", "such as api.example.com:443")
        host, port = (match[1] or match[2]).lower(), int(match[3])
        if port == HTTPS and self.emulates(host):
            return host
        return self.refuse(host, port)

    def refuse(self, host: str, port: int) -> Refusal:
        """Note a call for a host that is not emulated, and give what is answered."""
        self.departures.append(Departure(host, port, Clock().now()))
        del self.departures[:-MOST]
        message = f"{host}:{port} is not emulated"
        LOG.warning("refused: %s, and nothing is led on to real hosts", message)
        if host in LOCAL or host.startswith("127."):
            return Refusal(502, message, f"nothing is led on; set NO_PROXY={host}, so that it is called directly")
        known = ", ".join(f"{each}:{HTTPS}" for each in sorted(self._hosts()))
        return Refusal(
            502,
            message,
            f"nothing is led on to real hosts; emulated are {known or 'none'}; --intercept-host HOST adds one, "
            f"NO_PROXY={host} lets a client call it directly",
        )

    def context_for(self, host: str) -> ssl.SSLContext | Refusal:
        """What to answer as this host with, or why that can't be done."""
        try:
            return self.authority.context_for(host)
        except ConfigError as error:
            LOG.error("%s", error)
            return Refusal(502, "no certificate can be made", str(error))

    def listener(self) -> ssl.SSLContext:
        """For a listener of its own: the name that a client asks for (SNI) chooses the leaf.

        A client that asks for none gets that of the first host. Raises ConfigError.
        """
        hosts = sorted(self._hosts())
        if not hosts:
            raise ConfigError("--tls-listen has nothing to answer as: no API of the scenarios has `hosts`")
        self.authority.context_for(hosts[0])

        def choose(connection: ssl.SSLObject, name: str | None, context: ssl.SSLContext) -> int | None:
            if name is not None and not self.emulates(name):
                self.refuse(name.lower(), HTTPS)
                return ssl.ALERT_DESCRIPTION_UNRECOGNIZED_NAME
            chosen = self.context_for(name or hosts[0])
            if isinstance(chosen, Refusal):
                return ssl.ALERT_DESCRIPTION_INTERNAL_ERROR
            connection.context = chosen
            return None

        own = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        own.set_alpn_protocols(["http/1.1"])
        own.sni_callback = choose
        return own

    # ------------------------------------------------------------------ what became of handshakes

    def distrusted(self, host: str) -> None:
        """A client turned away from our certificate, or went without asking anything, which is how some do that."""
        if host not in self._told:
            self._told.add(host)
            LOG.warning(
                "a client went away after it saw our certificate for %s; if it does not trust it, set %s to %s",
                host,
                TRUST,
                self.authority.certificate_path,
            )

    def failed(self, host: str, error: OSError) -> None:
        """A TLS handshake came to nothing."""
        reason = getattr(error, "reason", None) or ""
        if isinstance(error, ConnectionError) or any(alert in reason for alert in DISTRUST):
            self.distrusted(host)
        elif "CALLBACK_FAILED" not in reason:  # that one was refused, and told
            LOG.warning("the TLS handshake for %s failed: %s", host, reason or error)
