"""Header lines: which are passed on, which passed back, and which are worth keeping in a recording."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from fnmatch import translate

import httpx

from emulator.exchange import Header
from emulator.record.secrets import MASKED, is_secret_line

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
        said = MASKED if is_secret_line(name) else _moved(text, moves)
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
