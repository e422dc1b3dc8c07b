"""Redacting: keys and tokens are masked before anything is kept."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Any
from urllib.parse import unquote_to_bytes

import orjson

from emulator.http import Exchange, Header

MASK = b"********"
SHORTEST_SECRET = 8  # shorter ones are masked where they stand, but not looked for elsewhere
AUTHORIZATION = frozenset({b"authorization", b"proxy-authorization"})
COOKIES = frozenset({b"cookie", b"set-cookie"})
USUAL = frozenset({b"x-api-key", b"api-key", b"x-auth-token", b"x-access-token"})  # sent here though nobody asks for it
PAIR = re.compile(rb"(?:^|(?<=&))([^=&]*)=[^&\s]*")


class HeaderMasker:
    """Masks the headers that carry credentials."""

    def __init__(self, headers: Iterable[bytes] = ()) -> None:
        self._secret = AUTHORIZATION | COOKIES | USUAL | set(headers)

    def headers(self, lines: Sequence[Header]) -> Sequence[Header]:
        """The lines with the values of credentials masked; names are lower-case, as ASGI gives them."""
        secret = self._secret
        return [line if line[0] not in secret else (line[0], mask_value(*line)) for line in lines]

    def hides(self, name: bytes) -> bool:
        """Whether the header of this name carries credentials."""
        return name in self._secret


def mask_value(name: bytes, value: bytes) -> bytes:
    """What may be shown of a header's value: a scheme, and the two ends of a key."""
    if name in COOKIES:
        return MASK
    scheme, space, credential = value.partition(b" ")
    if not space or name not in AUTHORIZATION:
        return mask(value)
    return scheme + b" " + (MASK if scheme.lower() == b"basic" else mask(credential))


def mask(secret: bytes) -> bytes:
    """Four first, eight asterisks, four last; nothing of a value shorter than 12."""
    return secret[:4] + MASK + secret[-4:] if len(secret) >= 12 else MASK


def redact(exchange: Exchange, fields: frozenset[str]) -> None:
    """Mask what stands in these fields of the bodies and of the query, and what of it the answer repeats."""
    secrets = _secrets(exchange.body, fields)
    exchange.body = redact_fields(exchange.body, fields)
    exchange.query = redact_fields(exchange.query.encode("latin-1"), fields).decode("latin-1")
    exchange.reply_body = redact_fields(exchange.reply_body, fields)
    for secret in secrets:
        exchange.reply_body = exchange.reply_body.replace(secret.encode(), MASK)
        exchange.error = exchange.error.replace(secret, MASK.decode())


def redact_fields(body: bytes, fields: frozenset[str]) -> bytes:
    """JSON, events, a form or a query with the values of these fields masked, at whatever depth they stand."""
    if not fields or not body:
        return body
    shown = _in_json(fields).sub(rb'\1"' + MASK + b'"', body)
    names = {name.encode() for name in fields}
    shown = PAIR.sub(lambda pair: pair[1] + b"=" + MASK if unquote_to_bytes(pair[1]) in names else pair[0], shown)
    return _structurally(shown, fields)


@lru_cache(maxsize=64)
def _in_json(fields: frozenset[str]) -> re.Pattern[bytes]:
    names = b"|".join(re.escape(name.encode()) for name in sorted(fields))
    return re.compile(rb'("(?:%s)"\s*:\s*)(?:"(?:[^"\\]|\\.)*"?|-?[0-9][-+0-9.eE]*)' % names, re.DOTALL)


def _structurally(body: bytes, fields: frozenset[str]) -> bytes:
    """What the pattern can't see: a name written with escapes, a value that is a list or a mapping."""
    try:
        said = orjson.loads(body)
    except orjson.JSONDecodeError:
        return body
    masked = MASK.decode()
    found = [(part, name) for part, name in _named(said, fields) if part[name] not in (None, True, False, masked)]
    if not found:
        return body
    for part, name in found:
        part[name] = masked
    try:
        return orjson.dumps(said)
    except TypeError:  # nested deeper than can be written
        return MASK


def _named(said: Any, fields: frozenset[str]) -> Iterator[tuple[dict[str, Any], str]]:
    """The mappings inside that have one of these fields, with its name."""
    left = [said]
    while left:
        part = left.pop()
        if isinstance(part, dict):
            yield from ((part, name) for name in part if name in fields)
            left.extend(part.values())
        elif isinstance(part, list):
            left.extend(part)


def _secrets(body: bytes, fields: frozenset[str]) -> list[str]:
    try:
        return secrets_in(orjson.loads(body), fields)
    except orjson.JSONDecodeError:
        return []


def secrets_in(said: Any, fields: frozenset[str]) -> list[str]:
    """The texts in these fields, at whatever depth, that are long enough to be looked for elsewhere; longest first."""
    left = [part[name] for part, name in _named(said, fields)]
    texts: set[str] = set()
    while left:
        part = left.pop()
        if isinstance(part, (dict, list)):
            left.extend(part.values() if isinstance(part, dict) else part)
        elif isinstance(part, str) and len(part) >= SHORTEST_SECRET:
            texts.add(part)
    return sorted(texts, key=len, reverse=True)
