"""Reads a curl command line as the request that curl would send. Nothing is sent.

Options that change nothing of the request are skipped; one that is not understood is refused by name, as a request that
is nearly the right one would explain nothing.
"""

from __future__ import annotations

import base64
import re
import shlex
from collections.abc import Callable, Iterator, Sequence
from urllib.parse import quote_plus, unquote, urlsplit, urlunsplit

from msgspec import Struct

from emulator.errors import ConfigError

FORM, JSON = "application/x-www-form-urlencoded", "application/json"
# Short options by their long names.
LONG_NAMES = (
    *(
        "--request",
        "--header",
        "--data",
        "--user",
        "--user-agent",
        "--referer",
        "--cookie",
        "--range",
        "--get",
        "--head",
    ),
    *("--output", "--write-out", "--max-time", "--dump-header", "--proxy", "--cert", "--silent", "--show-error"),
    *("--insecure", "--include", "--verbose", "--no-buffer", "--location", "--fail", "--globoff", "--ipv4", "--ipv6"),
    *("--progress-bar", "--form", "--upload-file", "--config", "--next"),
)
SHORT = dict(zip("XHduAebrGIowmDxEsSkivNLfg46#FTK:", LONG_NAMES, strict=True))
DATA = ("--data", "--data-ascii", "--data-raw", "--data-binary", "--data-urlencode", "--json")
HEADERS = {"--user-agent": "User-Agent", "--referer": "Referer", "--cookie": "Cookie", "--range": "Range"}
VALUED = (*DATA, *HEADERS, "--request", "--header", "--user", "--url", "--oauth2-bearer")
FLAGS = ("--get", "--head", "--compressed")
# What does not change the request, with a value and without.
SKIPPED_VALUED = (
    *("--output", "--write-out", "--max-time", "--connect-timeout", "--dump-header", "--proxy", "--cert", "--key"),
    *("--cacert", "--capath", "--retry", "--retry-delay", "--retry-max-time", "--max-redirs", "--resolve"),
    *("--connect-to", "--limit-rate", "--noproxy", "--stderr", "--trace"),
)
SKIPPED = (
    *("--silent", "--show-error", "--insecure", "--include", "--verbose", "--no-buffer", "--location", "--fail"),
    *("--fail-with-body", "--globoff", "--ipv4", "--ipv6", "--progress-bar", "--no-progress-meter", "--http1.1"),
    *("--http2", "--tcp-nodelay", "--no-keepalive", "--retry-all-errors"),
)
REFUSED = {
    "--form": "multipart forms are not understood; give the body with --data-binary and its Content-Type",
    "--upload-file": "uploads are not understood; give the body with --data-binary @FILE and -X PUT",
    "--config": "give what is in the file on the command line",
    "--next": "explain one request at a time",
}
METHOD = re.compile("[!-~]{1,40}")
ReadFile = Callable[[str], bytes]  # by name; `-` is standard input


class CurlRequest(Struct, frozen=True):
    """The request that a command line sends."""

    method: str
    url: str
    headers: dict[str, str]
    body: bytes


class _Draft:
    """What the options say, as far as they have been read."""

    def __init__(self) -> None:
        self.urls: list[str] = []
        self.method = ""
        self.headers: dict[str, tuple[str, str | None]] = {}  # by name in lower case; None: it is not sent
        self.data: bytes | None = None
        self.kind = FORM
        self.flags: set[str] = set()
        self.user = ""

    def header(self, line: str) -> None:
        """Adds a header: `Name: value`, `Name;` for an empty one, `Name:` for none."""
        name, colon, value = line.partition(":")
        if not colon and line.endswith(";"):
            name, value = line[:-1], ""
        elif not colon:
            raise ConfigError(f"curl option -H is {line[:200]!r}; expected 'Name: value'")
        name, value = name.strip(), value.strip()
        self.headers[name.lower()] = (name, None if colon and not value else value)

    def default(self, name: str, value: str) -> None:
        """Adds a header that no option has named."""
        self.headers.setdefault(name.lower(), (name, value))

    def add(self, data: bytes, separator: bytes) -> None:
        """Adds to the body."""
        self.data = data if self.data is None else self.data + separator + data


def read_curl(words: Sequence[str], read_file: ReadFile) -> CurlRequest:
    """Returns the request of a command line, in words as a shell passes them, or as one text.

    Raises ConfigError that names the option which is not understood.
    """
    draft = _Draft()
    for option, value in _options(_words(words)):
        _take(option, value, draft, read_file)
    if len(draft.urls) != 1:
        found = "none" if not draft.urls else " and ".join(draft.urls[:3])
        raise ConfigError(f"a curl line has one URL; found {found}")
    return _finish(draft)


def _words(words: Sequence[str]) -> Sequence[str]:
    if len(words) == 1 and any(letter.isspace() for letter in words[0]):
        try:
            words = shlex.split(words[0].replace("\\\r\n", " ").replace("\\\n", " "))
        except ValueError as error:
            raise ConfigError(f"the curl line can't be read: {error}") from None
        if quoted := next((word for word in words if word.startswith("$")), None):
            raise ConfigError(f"{quoted[:50]!r} is for a shell; put the line behind --, as words, instead of one text")
    if not words or words[0].rpartition("/")[2] not in ("curl", "curl.exe"):
        found = repr(words[0][:100]) if words else "nothing"
        raise ConfigError(f"expected a curl command line, such as `-- curl http://127.0.0.1:8484/…`; found {found}")
    return words[1:]


def _options(words: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yields each option by its long name with its value, and each URL as that of `--url`."""
    left = list(words)
    while left:
        word = left.pop(0)
        if not word.startswith("-") or word == "-":
            yield "--url", word
        elif word.startswith("--"):
            yield word, _value(word, word, left)
        else:
            yield from _short(word, left)


def _short(word: str, left: list[str]) -> Iterator[tuple[str, str]]:
    """Yields what a word of letters says: `-sSXPOST`."""
    letters = word[1:]
    while letters:
        letter, letters = letters[0], letters[1:]
        name = SHORT.get(letter, f"-{letter}")
        if name in VALUED or name in SKIPPED_VALUED:
            yield name, letters or _value(name, f"-{letter}", left)
            return
        yield name, ""


def _value(name: str, shown: str, left: list[str]) -> str:
    if name not in VALUED and name not in SKIPPED_VALUED:
        return ""
    if not left:
        raise ConfigError(f"curl option {shown} needs a value")
    return left.pop(0)


def _take(option: str, value: str, draft: _Draft, read_file: ReadFile) -> None:
    """Puts what an option says into the draft. Raises ConfigError."""
    if option in REFUSED:
        raise ConfigError(f"curl option {option}: {REFUSED[option]}")
    if option == "--url":
        draft.urls.append(value)
    elif option == "--request":
        if not METHOD.fullmatch(value):
            raise ConfigError(f"curl option -X is {value[:200]!r}; expected a method such as POST")
        draft.method = value
    elif option == "--header":
        for line in _lines(value[1:], read_file) if value[:1] == "@" else [value]:
            draft.header(line)
    elif option in DATA:
        _add_data(option, value, draft, read_file)
    elif option == "--cookie" and "=" not in value:
        raise ConfigError(f"curl option --cookie: files of cookies are not understood; found {value[:200]!r}")
    elif option in HEADERS:
        draft.header(f"{HEADERS[option]}: {'bytes=' if option == '--range' else ''}{value}")
    elif option == "--oauth2-bearer":
        draft.header(f"Authorization: Bearer {value}")
    elif option == "--user":
        draft.user = value
    elif option in FLAGS:
        draft.flags.add(option)
    elif option not in SKIPPED and option not in SKIPPED_VALUED:
        raise ConfigError(f"curl option {option} is not understood; leave it out if it does not change the request")


def _lines(name: str, read_file: ReadFile) -> list[str]:
    """Returns the lines of a file of headers. Raises ConfigError."""
    try:
        return read_file(name).decode().splitlines()
    except UnicodeDecodeError:
        raise ConfigError(
            f"curl option -H: {name[:200]!r} is not UTF-8; expected lines such as 'Name: value'"
        ) from None


def _add_data(option: str, value: str, draft: _Draft, read_file: ReadFile) -> None:
    if option == "--data-urlencode":
        draft.add(_encoded(value, read_file), b"&")
        return
    if value[:1] == "@" and option != "--data-raw":
        content = read_file(value[1:])
        if option in ("--data", "--data-ascii"):
            content = content.translate(None, b"\r\n\0")
    else:
        content = value.encode("utf-8", "surrogateescape")
    if option == "--json":
        draft.kind = JSON
    draft.add(content, b"" if option == "--json" else b"&")


def _encoded(value: str, read_file: ReadFile) -> bytes:
    """Returns a part of a form: of `content`, `name=content`, `@file` or `name@file`."""
    at = min((value.index(mark) for mark in "=@" if mark in value), default=-1)
    name, content = ("", value) if at < 0 else (value[:at], value[at + 1 :])
    raw = read_file(content) if at >= 0 and value[at] == "@" else content.encode("utf-8", "surrogateescape")
    return (f"{name}=" if name else "").encode("utf-8", "surrogateescape") + quote_plus(raw).encode()


def _finish(draft: _Draft) -> CurlRequest:
    url, body = draft.urls[0] if "://" in draft.urls[0] else f"http://{draft.urls[0]}", draft.data
    try:
        parts = urlsplit(url)
        user = f"{unquote(parts.username)}:{unquote(parts.password or '')}" if parts.username is not None else ""
    except ValueError as error:
        raise ConfigError(f"{url[:200]!r} is no URL: {error}") from None
    query = parts.query
    if "--get" in draft.flags and body is not None:
        query, body = "&".join(filter(None, (query, body.decode("latin-1")))), None
    if user := draft.user or user:
        if ":" not in user:
            raise ConfigError(f"curl option -u is {user[:200]!r}; expected user:password, as curl would ask for it")
        draft.default("Authorization", f"Basic {base64.b64encode(user.encode('utf-8', 'surrogateescape')).decode()}")
    if body is not None:
        draft.default("Content-Type", draft.kind)
    if "--compressed" in draft.flags:
        draft.default("Accept-Encoding", "deflate, gzip")
    draft.default("User-Agent", "curl")
    draft.default("Accept", JSON if draft.kind == JSON else "*/*")
    method = "HEAD" if "--head" in draft.flags else "GET" if body is None else "POST"
    headers = {name: value for name, value in draft.headers.values() if value is not None}
    target = urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path or "/", query, ""))
    return CurlRequest(draft.method or method, target, headers, body or b"")
