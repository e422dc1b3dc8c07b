"""Keeping secrets: what a request carries that nobody may read, masked wherever it turns up."""

from __future__ import annotations

import re
from base64 import b64decode
from collections.abc import Iterator, Mapping
from typing import Any

from msgspec import Struct

from emulator.scenario.absent import Absent
from emulator.scenario.match import Failed
from emulator.serving.redact import AUTHORIZATION, COOKIES, MASK, SHORTEST_SECRET, Redactor, mask_value, secrets_in
from emulator.serving.scope import Scope
from emulator.serving.usage import mask

MASKED = MASK.decode()
WORD = re.compile(r"[\w-]+")


class Secrets(Struct, frozen=True):
    """The secrets of one request: `texts` maps each to what is shown instead, the longest first; `fields` are the names
    that are masked whatever they hold, and `headers` knows the lines that carry credentials."""

    texts: Mapping[str, str]
    fields: frozenset[str]
    headers: Redactor

    @classmethod
    def of(cls, scope: Scope) -> Secrets:
        """The caller's key, the credentials in the header lines, and what the fields hold that are to be redacted."""
        fields = frozenset[str]() if scope.operation is None else scope.operation.redact
        headers = Redactor(name for name, _, _ in scope.site.served.credentials)
        texts = {text: MASKED for name in ("body", "query") for text in secrets_in(scope.get(name), fields)}
        for name, value in scope.incoming.fields.items():
            if headers.hides(name):
                given = _credentials(name, value)
                texts |= {text: shown for text, shown in given if len(text) >= SHORTEST_SECRET}
        if scope.caller is not None:
            texts[scope.caller.key] = scope.caller.masked
        return cls({text: texts[text] for text in sorted(texts, key=len, reverse=True)}, fields, headers)

    def masked(self, field: str, found: Any) -> Any:
        """What may be shown of what a field holds; `field` is a dotted path, a query, or an expression."""
        root, _, rest = field.partition(".")
        if root == "header":
            return self._line(rest.lower(), found) if rest else self._lines(found)
        if not _is_plain(found) and self.fields.intersection(WORD.findall(field)):
            return MASKED
        return self._within(found)

    def masked_text(self, text: str) -> str:
        """The text with the secrets in it masked; a short key only where it is all of it."""
        if text in self.texts:
            return self.texts[text]
        for secret, shown in self.texts.items():
            if len(secret) >= SHORTEST_SECRET:
                text = text.replace(secret, shown)
        return text

    def _line(self, name: str, found: Any) -> Any:
        raw = name.encode("latin-1", "replace")
        if isinstance(found, str) and self.headers.hides(raw):
            return mask_value(raw, found.encode("latin-1", "replace")).decode("latin-1")
        return self._within(found)

    def _lines(self, found: Any) -> Any:
        return {name: self._line(name, value) for name, value in found.items()} if isinstance(found, dict) else found

    def _within(self, found: Any) -> Any:
        match found:
            case str():
                return self.masked_text(found)
            case dict():
                return {
                    self._within(name): MASKED if name in self.fields and not _is_plain(value) else self._within(value)
                    for name, value in found.items()
                }
            case list():
                return [self._within(each) for each in found]
            case Failed():
                return Failed(self.masked_text(found.message))
        return found


def _is_plain(found: Any) -> bool:
    """Whether it is something that keeps no secret."""
    return found is None or isinstance(found, (bool, Absent))


def _credentials(name: bytes, value: bytes) -> Iterator[tuple[str, str]]:
    """The secrets in a header line and what is shown of each: all of it, the credential alone, of the Basic scheme its
    parts, each cookie's value."""
    text = value.strip().decode("latin-1")
    yield text, mask_value(name, value.strip()).decode("latin-1")
    if name in COOKIES:
        yield from ((pair.partition("=")[2].strip(), MASKED) for pair in text.split(";"))
    scheme, space, credential = text.partition(" ")
    if space and name in AUTHORIZATION:
        yield credential.strip(), mask(credential.strip())
        if scheme.lower() == "basic":
            decoded = _decoded(credential.strip())
            yield from ((part, MASKED) for part in (decoded, decoded.partition(":")[2]))


def _decoded(credential: str) -> str:
    try:
        return b64decode(credential, validate=True).decode()
    except ValueError:  # it is no base64, or no text
        return ""
