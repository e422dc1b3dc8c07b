"""Upstreams: the URLs that calls are forwarded to, and which headers pass in either direction or are recorded."""

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
from emulator.http.headers import Header
from emulator.language.document.diagnostics import did_you_mean
from emulator.language.document.reader import SUFFIXES
from emulator.record.file import RecordingFile
from emulator.store.credential_names import names_credential_header
from emulator.store.masking import MASKED


class Upstreams(Struct, frozen=True):
    """URLs of one API's hosts; the first serves the routes of all other hosts."""

    urls: tuple[httpx.URL, ...]
    base: str

    @property
    def origins(self) -> tuple[str, ...]:
        """Scheme, host and port of each."""
        return tuple(f"{url.scheme}://{url.netloc.decode()}" for url in self.urls)

    @property
    def is_loopback(self) -> bool:
        """Whether all of them are this machine, so that no proxy is used."""
        return all(url.host in ("localhost", "::1") or url.host.startswith("127.") for url in self.urls)

    def serving(self, own: tuple[str, int]) -> str | None:
        """Returns the origin of the first URL that leads to this address of ours, or None."""
        host, port = own
        for url, origin in zip(self.urls, self.origins, strict=True):
            port_of_url = url.port or {"http": 80, "https": 443}[url.scheme]
            if port_of_url == port and (url.host == host or _is_local(url.host)):
                return origin
        return None

    def replace_origins(self, body: bytes, origin: str) -> bytes:
        """Returns a body whose upstream URLs lead to `origin`, so that polls are recorded as well."""
        for each in self.origins:
            body = body.replace(b'"' + each.encode() + b"/", b'"' + origin.encode() + b"/")
        return body

    def url(self, host: str | None, path: bytes, query: bytes) -> httpx.URL:
        """Returns the URL for a path (with the API's base, percent-encoded); `host` is that of the route."""
        chosen = next((url for url in self.urls if url.host == host), self.urls[0])
        prefix = chosen.raw_path.rstrip(b"/")
        if self.base:
            prefix = prefix.removesuffix(self.base.encode())  # https://host/v2 and https://host mean the same
        return chosen.copy_with(raw_path=prefix + path + (b"?" + query if query else b""))


def _is_local(host: str) -> bool:
    """Whether a name leads to this machine, so that a socket can bind its address."""
    try:
        family, kind, protocol, _, (address, *_) = socket.getaddrinfo(host, 0, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as sock:
            sock.bind((address, 0))
    except OSError:
        return False
    return True


def client(upstreams: Upstreams, timeout: httpx.Timeout) -> httpx.AsyncClient:
    """Returns a client for these upstreams, which uses the system's proxy unless all are local, and SSL_CERT_FILE.

    The CA bundle is loaded only if an upstream uses https.
    """
    encrypted = any(url.scheme == "https" for url in upstreams.urls)
    trusted = httpx.create_ssl_context(verify=encrypted)
    return httpx.AsyncClient(timeout=timeout, verify=trusted, trust_env=not upstreams.is_loopback)


def parse_upstreams(flag: str, values: Sequence[str], base: str) -> Upstreams:
    """Parses URLs. Raises ConfigError for one that is not a server's."""
    return Upstreams(tuple(_parsed(flag, value) for value in values), base.rstrip("/"))


def _parsed(flag: str, value: str) -> httpx.URL:
    invalid = ConfigError(f"{flag} is {value!r}; expected a URL such as https://api.example.com")
    try:
        url = httpx.URL(value)
    except httpx.InvalidURL:
        raise invalid from None
    if url.scheme not in ("http", "https") or not url.host or url.userinfo or url.query or url.fragment:
        raise invalid
    return url


def find_api(name: str) -> str:
    """Returns the file of a bundled API by its name, or of the user's own by its path. Raises ConfigError."""
    if name.endswith(SUFFIXES):
        return name
    known = {file.stem: file for file in (resources.scenarios() / "apis").glob("*.yaml")}
    if name not in known:
        raise ConfigError(f"unknown API {name!r}; {did_you_mean(name, sorted(known))}")
    return str(known[name])


LOG = logging.getLogger("emulator")
BAD_GATEWAY, GATEWAY_TIMEOUT = 502, 504


def unreachable(error: httpx.HTTPError, url: httpx.URL, kind: str, file: RecordingFile) -> ApiError:
    """Logs that an upstream is unreachable; returns the error for the client, which says how much is recorded."""
    where = f"{url.scheme}://{url.netloc.decode()}"
    LOG.error(
        "the upstream %s is unreachable (%s); exchanges recorded so far: %d",
        where,
        describe(error),
        file.count,
    )
    hint = f"{_hint(str(error), url.scheme)} Exchanges recorded in {file.path.name} so far: {file.count}"
    status = GATEWAY_TIMEOUT if isinstance(error, httpx.TimeoutException) else BAD_GATEWAY
    return ApiError(kind, f"The upstream {where} is unreachable: {describe(error)}.", status=status, hint=hint)


def describe(error: httpx.HTTPError) -> str:
    """Returns what went wrong, in words."""
    if isinstance(error, httpx.TimeoutException):
        return "it timed out"
    return str(error) or type(error).__name__


def _hint(message: str, scheme: str) -> str:
    if "CERTIFICATE_VERIFY_FAILED" in message:
        return "its certificate is not trusted: does SSL_CERT_FILE name its CA?"
    if scheme == "https" and "SSL" in message:
        return "does it speak TLS, or is it http://…?"
    return "is --upstream right, and is it up?"


HOP_BY_HOP = frozenset(
    b"connection keep-alive proxy-authenticate proxy-authorization proxy-connection te trailer transfer-encoding "
    b"upgrade".split()
)
OWN_HEADERS = frozenset({b"host", b"content-length", b"accept-encoding", b"expect"})
# Headers that differ between responses, describe the connection, or are secret. All others are recorded.
UNRECORDED = (
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
UNRECORDED_PATTERN = re.compile("|".join(map(translate, UNRECORDED)))
Origins = Sequence[tuple[str, str]]


def request_headers(headers: Iterable[Header]) -> list[Header]:
    """Returns a request's headers for the upstream, without compression, so that a recording can be read."""
    forwarded = [each for each in _end_to_end(headers) if each[0] not in OWN_HEADERS]
    return [*forwarded, (b"accept-encoding", b"identity")]


def response_headers(response: httpx.Response, origins: Origins, plain: bool) -> list[Header]:
    """Returns a response's headers for the client; a `plain` body is no longer compressed, and gets a new length."""
    lines = _end_to_end((name.lower(), value) for name, value in response.headers.raw)
    left = [each for each in lines if not plain or each[0] not in (b"content-length", b"content-encoding")]
    return [(name, _replace_origin(value.decode("latin-1"), origins).encode("latin-1")) for name, value in left]


def recorded_headers(
    response: httpx.Response, generated: Collection[str], constant: Collection[str], origins: Origins = ()
) -> tuple[tuple[str, str | None], ...]:
    """Returns the headers of a response that are recorded. Of the emulator's own, `generated` are left out, and
    `constant` ones that the response lacks are None."""
    found: dict[str, str | None] = {}
    for raw, value in _end_to_end((name.lower(), value) for name, value in response.headers.raw):
        name, text = raw.decode("latin-1"), value.decode("latin-1")
        if UNRECORDED_PATTERN.fullmatch(name) or name in generated or not (text.isascii() and text.isprintable()):
            continue
        shown = MASKED if names_credential_header(name) else _replace_origin(text, origins)
        found[name] = f"{found[name]}, {shown}" if name in found else shown
    for name in sorted(constant):
        if name not in generated and not UNRECORDED_PATTERN.fullmatch(name):
            found.setdefault(name, None)
    return tuple((name.title(), value) for name, value in found.items())


def _end_to_end(lines: Iterable[Header]) -> list[Header]:
    """Returns the end-to-end headers (RFC 9110 section 7.6.1)."""
    headers = list(lines)
    named = {word.strip().lower() for name, value in headers if name == b"connection" for word in value.split(b",")}
    return [each for each in headers if each[0] not in HOP_BY_HOP and each[0] not in named]


def _replace_origin(value: str, origins: Origins) -> str:
    for before, after in origins:
        if value.startswith(before + "/"):
            return after + value.removeprefix(before)
    return value
