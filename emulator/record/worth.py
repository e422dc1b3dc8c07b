"""Header lines: which are passed on, which passed back, and which are worth keeping in a recording."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence

import httpx

from emulator.exchange import Header

HOPS = frozenset(
    b"connection keep-alive proxy-authenticate proxy-connection te trailer transfer-encoding upgrade".split()
)
OURS = frozenset({b"host", b"content-length", b"accept-encoding", b"expect"})
# What differs from answer to answer, tells of the way, or is secret. `Content-Type` and all that is not named is kept.
DROPPED = re.compile(
    r"date|server|age|via|set-cookie|content-length|content-encoding|etag|expires|last-modified|vary|alt-svc|nel|report-to|"
    r"strict-transport-security|server-timing|traceparent|tracestate|x-powered-by|x-served-by|x-cache.*|x-timer|x-emulator-.*|"
    r"(.*-)?(request|correlation|trace)-?id|cf-.*|x-amz.*|x-envoy-.*|access-control-.*|authorization|proxy-.*|www-authenticate-.*"
)
Moves = Sequence[tuple[str, str]]


def passed_on(lines: Iterable[Header]) -> list[Header]:
    """A request's lines for the upstream; it is asked not to compress, so that what is recorded can be read."""
    left = [each for each in lines if each[0] not in HOPS | OURS and not each[0].startswith(b"x-emulator-")]
    return [*left, (b"accept-encoding", b"identity")]


def passed_back(response: httpx.Response, moves: Moves = ()) -> list[Header]:
    """An answer's lines for the client."""
    lines = [(name.lower(), value) for name, value in response.headers.raw]
    left = [each for each in lines if each[0] not in HOPS | {b"content-length", b"content-encoding"}]
    return [(name, _moved(value.decode("latin-1"), moves).encode("latin-1")) for name, value in left]


def kept(response: httpx.Response, generated: Collection[str], moves: Moves = ()) -> tuple[tuple[str, str], ...]:
    """The lines of an answer that a recording keeps; `generated` are those that the emulator makes itself."""
    found: dict[str, str] = {}
    for raw, value in response.headers.raw:
        name = raw.decode("latin-1").lower()
        if raw.lower() in HOPS or DROPPED.fullmatch(name) or name in generated:
            continue
        text = value.decode("latin-1")
        if text.isascii() and text.isprintable():
            said = _moved(text, moves)
            found[name] = f"{found[name]}, {said}" if name in found else said
    return tuple((name.title(), value) for name, value in found.items())


def _moved(value: str, moves: Moves) -> str:
    for before, after in moves:
        if value.startswith(before + "/"):
            return after + value.removeprefix(before)
    return value
