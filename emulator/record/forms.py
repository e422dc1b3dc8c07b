"""The forms of a secret: as it is, as JSON and URLs escape it, and in base64, alone or within something longer."""

from __future__ import annotations

import json
import re
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Iterator
from urllib.parse import quote, quote_plus

UNESCAPED = ("", "/", "!'()*", "/!'()*")  # what writers of URLs leave as it is, beside letters and digits
ESCAPE = re.compile("%[0-9A-F]{2}")
LEAST = 8  # characters of base64 that no text is likely to have by chance


def forms(text: str) -> tuple[str, ...]:
    """Each once, the text itself first."""
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
            yield ESCAPE.sub(lambda found: found[0].lower(), escaped)


def _in_base64(raw: bytes) -> Iterator[str]:
    """What of it stands in the base64 of anything that it is part of, wherever in it it begins."""
    for before, spoilt in ((0, 0), (1, 2), (2, 3)):
        sure = (before + len(raw)) * 8 // 6
        for write in (b64encode, urlsafe_b64encode):
            form = write(b"\0" * before + raw).decode()[spoilt:sure]
            if len(form) >= LEAST:
                yield form
