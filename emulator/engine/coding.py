"""Content codings: decodes bodies that were sent compressed, up to a limit (RFC 9110 section 8.4)."""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable

from emulator.clock.turns import Turns, at_once
from emulator.engine.body import too_large
from emulator.errors import ApiError
from emulator.http.exact_json import TURN
from emulator.http.request import Request

HEADER = b"content-encoding"
MAX_CODINGS = 2  # applied one after the other
MAX_MEMBERS = 1_000  # of one gzip body; each costs a decompressor
SLICE = 64 * 2**10  # bytes that a decompressor is given at once: it copies what follows the end of its stream
PADDING = re.compile(rb"\0*")
GZIP, ZLIB, RAW = 16 + zlib.MAX_WBITS, zlib.MAX_WBITS, -zlib.MAX_WBITS  # formats, as zlib names them
Grow = Callable[[int], None]  # gets the size of each part that was decoded; what it raises ends the decoding
Decoder = Callable[[bytes, int, Grow], Turns[bytes]]


def decode(request: Request, limit: int) -> bytes:
    """Returns what `decode_in_turns` does, without a pause."""
    return at_once(decode_in_turns(request, limit))


def decode_in_turns(request: Request, limit: int, grow: Grow = lambda more: None) -> Turns[bytes]:
    """Returns the body without its content codings; yields whenever others should get a turn.

    Raises what `grow` does, and ApiError: `media_type` for a coding other than gzip and deflate, `invalid` for a body
    that is not coded as its header says, `too_large` beyond `limit` bytes.
    """
    raw, field = request.raw, request.header(HEADER) or ""
    codings = [name.strip().lower() for name in field.split(",")]
    if not raw:
        return raw
    decoders = [DECODERS.get(name) for name in reversed(codings) if name not in ("", "identity")]
    if len(decoders) > MAX_CODINGS or None in decoders:
        raise _unsupported(field)
    for decoder in decoders:
        assert decoder is not None
        try:
            raw = yield from decoder(raw, limit, grow)
        except OverflowError:
            raise too_large(limit) from None
        except (zlib.error, EOFError) as error:
            detail = f"content-encoding is {field!r}, but the body is not, or ends too early"
            raise ApiError("invalid", detail, param="content-encoding") from error
    return raw


def _unsupported(field: str) -> ApiError:
    error = ApiError(
        "media_type",
        f"content-encoding {field[:200]!r} is not supported; expected {' or '.join(ACCEPTED)}",
        param="content-encoding",
    )
    error.added = ((b"Accept-Encoding", ", ".join(ACCEPTED).encode()),)
    return error


def _gunzip(raw: bytes, limit: int, grow: Grow) -> Turns[bytes]:
    """Decodes gzip, whose members may follow each other (RFC 1952 section 2.2)."""
    parts: list[bytes] = []
    held = start = 0
    for _ in range(MAX_MEMBERS):
        part, start = yield from _inflate(raw, start, limit - held, GZIP, grow)
        parts.append(part)
        held += len(part)
        start = PADDING.match(raw, start).end()  # type: ignore[union-attr]  # it matches nothing, too
        if start == len(raw):
            return b"".join(parts)
    raise EOFError(f"it has more than {MAX_MEMBERS:,} members")


def _deflated(raw: bytes, limit: int, grow: Grow) -> Turns[bytes]:
    """Decodes deflate: the zlib format (RFC 1950), or the bare one (RFC 1951) that some clients send."""
    bare = len(raw) < 2 or raw[0] & 0x0F != 8 or (raw[0] << 8 | raw[1]) % 31
    content, end = yield from _inflate(raw, 0, limit, RAW if bare else ZLIB, grow)
    if end < len(raw):
        raise EOFError("something follows its end")
    return content


def _inflate(raw: bytes, start: int, limit: int, format: int, grow: Grow) -> Turns[tuple[bytes, int]]:
    """Returns the content of the compressed stream that begins at `start`, and where it ends.

    Raises OverflowError beyond `limit` bytes, EOFError for one that is cut off.
    """
    stream = zlib.decompressobj(format)
    parts: list[bytes] = []
    waiting = b""  # compressed bytes whose content is more than a turn's
    since = 0  # bytes read and made since others had a turn
    while not stream.eof:
        if not waiting:
            waiting = raw[start : start + SLICE]
            start += len(waiting)
        parts.append(stream.decompress(waiting, min(limit + 1, TURN)))
        if not waiting and not parts[-1]:
            raise EOFError("its end is missing")
        limit -= len(parts[-1])
        if limit < 0:
            raise OverflowError
        grow(len(parts[-1]))
        since += len(waiting) - len(stream.unconsumed_tail) + len(parts[-1])
        waiting = stream.unconsumed_tail
        if since > TURN:
            since = 0
            yield
    return b"".join(parts), start - len(stream.unused_data)


DECODERS: dict[str, Decoder] = {"gzip": _gunzip, "x-gzip": _gunzip, "deflate": _deflated}
ACCEPTED = ("gzip", "deflate")
