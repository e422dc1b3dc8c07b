"""Where calls are passed on to: the URLs that were given by name, and of them the one that serves a route."""

from __future__ import annotations

import logging
import re
import socket
from collections.abc import Collection, Iterable, Sequence
from fnmatch import translate

import httpx
from msgspec import Struct

from emulator import paths as resources
from emulator.errors import ApiError, ConfigError
from emulator.http import Header
from emulator.language.document.diagnostics import did_you_mean
from emulator.language.document.reader import SUFFIXES
from emulator.record.file import RecordingFile
from emulator.store.credential_names import names_credential_header
from emulator.store.masking import MASKED


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


LOG = logging.getLogger("emulator")
BAD_GATEWAY, GATEWAY_TIMEOUT = 502, 504


def unreached(error: httpx.HTTPError, url: httpx.URL, kind: str, tape: RecordingFile) -> ApiError:
    """The error of this kind for the client; the log has it too, and both say how much is recorded."""
    where = f"{url.scheme}://{url.netloc.decode()}"
    LOG.error("the upstream %s does not answer (%s); exchanges kept so far: %d", where, said(error), tape.count)
    hint = f"{_cure(str(error), url.scheme)} Exchanges kept in {tape.path.name} so far: {tape.count}"
    status = GATEWAY_TIMEOUT if isinstance(error, httpx.TimeoutException) else BAD_GATEWAY
    return ApiError(kind, f"The upstream {where} does not answer: {said(error)}.", status=status, hint=hint)


def said(error: httpx.HTTPError) -> str:
    """What went wrong, in words."""
    if isinstance(error, httpx.TimeoutException):
        return "nothing came in time"
    return str(error) or type(error).__name__


def _cure(told: str, scheme: str) -> str:
    if "CERTIFICATE_VERIFY_FAILED" in told:
        return "its certificate is not trusted: does SSL_CERT_FILE name its authority?"
    if scheme == "https" and "SSL" in told:
        return "does it speak TLS, or is it http://…?"
    return "is --upstream right, and is it up?"


HOPS = frozenset(
    b"connection keep-alive proxy-authenticate proxy-authorization proxy-connection te trailer transfer-encoding "
    b"upgrade".split()
)
OURS = frozenset({b"host", b"content-length", b"accept-encoding", b"expect"})
# What differs from answer to answer, tells of the way, or is secret. `Content-Type` and all that is not named is kept.
NOT_KEPT = (
    *("date", "age", "expires", "last-modified", "etag"),
    *("*request-id", "*requestid", "*correlation-id", "*trace-id", "traceparent", "tracestate", "server-timing"),
    *("content-length", "content-encoding"),
    *(
        "server",
        "via",
        "vary",
        "alt-svc",
        "nel",
        "report-to",
        "strict-transport-security",
        "x-powered-by",
        "x-served-by",
    ),
    *("x-cache*", "x-timer", "cf-*", "x-amz*", "x-envoy-*", "proxy-*", "access-control-*"),
    *("set-cookie", "authorization"),
    "x-emulator-*",
)
DROPPED = re.compile("|".join(map(translate, NOT_KEPT)))
Moves = Sequence[tuple[str, str]]


def passed_on(lines: Iterable[Header]) -> list[Header]:
    """A request's lines for the upstream; it is asked not to compress, so that what is recorded can be read."""
    left = [each for each in _without_hops(lines) if each[0] not in OURS and not each[0].startswith(b"x-emulator-")]
    return [*left, (b"accept-encoding", b"identity")]


def passed_back(response: httpx.Response, moves: Moves, plain: bool) -> list[Header]:
    """An answer's lines for the client; `plain`: its body is no longer compressed, and gets a length when sent."""
    lines = _without_hops((name.lower(), value) for name, value in response.headers.raw)
    left = [each for each in lines if not plain or each[0] not in (b"content-length", b"content-encoding")]
    return [(name, _moved(value.decode("latin-1"), moves).encode("latin-1")) for name, value in left]


def kept(
    response: httpx.Response, generated: Collection[str], constant: Collection[str], moves: Moves = ()
) -> tuple[tuple[str, str | None], ...]:
    """The lines of an answer that a recording keeps. Of the emulator's own, `generated` are made anew in any
    case; those of `constant` that the answer lacks are None."""
    found: dict[str, str | None] = {}
    for raw, value in _without_hops((name.lower(), value) for name, value in response.headers.raw):
        name, text = raw.decode("latin-1"), value.decode("latin-1")
        if DROPPED.fullmatch(name) or name in generated or not (text.isascii() and text.isprintable()):
            continue
        said = MASKED if names_credential_header(name) else _moved(text, moves)
        found[name] = f"{found[name]}, {said}" if name in found else said
    for name in sorted(constant):
        if name not in generated and not DROPPED.fullmatch(name):
            found.setdefault(name, None)
    return tuple((name.title(), value) for name, value in found.items())


def _without_hops(lines: Iterable[Header]) -> list[Header]:
    """The lines that are not for the next stop only (RFC 9110 section 7.6.1)."""
    given = list(lines)
    named = {word.strip().lower() for name, value in given if name == b"connection" for word in value.split(b",")}
    return [each for each in given if each[0] not in HOPS and each[0] not in named]


def _moved(value: str, moves: Moves) -> str:
    for before, after in moves:
        if value.startswith(before + "/"):
            return after + value.removeprefix(before)
    return value
