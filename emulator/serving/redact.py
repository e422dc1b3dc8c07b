"""Redacting: keys and tokens are masked before anything is kept."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache

from emulator.exchange import Header

MASK = b"********"
SECRET_HEADERS = frozenset({b"authorization", b"proxy-authorization", b"cookie", b"set-cookie"})


class Redactor:
    """Masks the headers that carry credentials."""

    def __init__(self, headers: Iterable[str] = ()) -> None:
        self._secret = SECRET_HEADERS | {name.lower().encode() for name in headers}

    def headers(self, lines: Sequence[Header]) -> list[Header]:
        """The lines with the values of credentials masked; names are lower-case, as ASGI gives them."""
        secret = self._secret
        return [(name, mask_value(value)) if name in secret else (name, value) for name, value in lines]


def mask_value(value: bytes) -> bytes:
    """Four first, eight asterisks, four last; nothing of a value shorter than 12."""
    return value[:4] + MASK + value[-4:] if len(value) >= 12 else MASK


def redact_fields(body: bytes, fields: frozenset[str]) -> bytes:
    """A JSON body, form or query with the values of these fields masked, at whatever depth they stand."""
    if not fields or not body:
        return body
    in_json, in_form = _patterns(fields)
    return in_form.sub(rb"\1" + MASK, in_json.sub(rb'\1"' + MASK + b'"', body))


@lru_cache(maxsize=64)
def _patterns(fields: frozenset[str]) -> tuple[re.Pattern[bytes], re.Pattern[bytes]]:
    names = b"|".join(re.escape(name.encode()) for name in sorted(fields))
    in_json = re.compile(rb'("(?:%s)"\s*:\s*)(?:"(?:[^"\\]|\\.)*"|-?[0-9][-+0-9.eE]*)' % names)
    return in_json, re.compile(rb"((?:^|(?<=&))(?:%s)=)[^&\s]*" % names)
