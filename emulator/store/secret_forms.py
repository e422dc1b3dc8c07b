"""The forms of a secret: how writers of JSON, of URLs and of base64 may spell the same text."""

from __future__ import annotations

import json
import re
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Iterator
from urllib.parse import quote, quote_plus

UNESCAPED = ("", "/", "!'()*", "/!'()*")  # what writers of URLs leave as it is, beside letters and digits
ESCAPE = re.compile("%[0-9A-F]{2}")
MIN_BASE64 = 8  # characters of base64 that no text is likely to have by chance


def forms(text: str) -> tuple[str, ...]:
    """Returns every form of a text once, the text itself first."""
    return tuple(dict.fromkeys([text, *_in_json(text), *_in_urls(text), *_in_base64(text.encode(errors="replace"))]))


def _in_json(text: str) -> Iterator[str]:
    for ascii_only in (False, True):
        escaped = json.dumps(text, ensure_ascii=ascii_only)[1:-1]
        yield escaped
        yield escaped.replace("/", "\\/")


def _in_urls(text: str) -> Iterator[str]:
    for safe in UNESCAPED:
        for write in (quote, quote_plus):
            escaped = write(text, safe=safe, errors="replace")
            yield escaped
            yield ESCAPE.sub(lambda escape: escape[0].lower(), escaped)


def _in_base64(raw: bytes) -> Iterator[str]:
    """Yields the characters that the base64 of any text has which contains this one, wherever in it this one begins."""
    for before, uncertain in ((0, 0), (1, 2), (2, 3)):
        certain = (before + len(raw)) * 8 // 6
        for write in (b64encode, urlsafe_b64encode):
            form = write(b"\0" * before + raw).decode()[uncertain:certain]
            if len(form) >= MIN_BASE64:
                yield form
