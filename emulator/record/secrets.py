"""Keeping secrets out of recordings: keys, tokens and the fields to be redacted, wherever they are repeated."""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import quote

import orjson
from msgspec import Struct, field

from emulator.serving.redact import MASK, SHORTEST_SECRET

MASKED = MASK.decode()
# Fields that carry credentials though nobody declared them; whole names, as `max_tokens` is none.
USUAL = re.compile(
    r"(x[-_])?(api|access|secret|private|auth)[-_]?key|(access|refresh|id|auth|session|bearer)[-_]?token|"
    r"client[-_]?secret|secret|passw(or)?d|authorization|credentials?|signature",
    re.IGNORECASE,
)


def is_secret(name: str, redact: frozenset[str]) -> bool:
    """Whether a field of this name is masked whatever it holds."""
    return name in redact or USUAL.fullmatch(name) is not None


class Hidden(Struct):
    """All secrets that were seen; what was recorded before one of them was seen is masked too."""

    texts: set[str] = field(default_factory=set)

    def learn(self, texts: Any, redact: frozenset[str]) -> None:
        """Remember what secret fields hold, at whatever depth."""
        if isinstance(texts, dict):
            for name, value in texts.items():
                self._keep(value) if is_secret(str(name), redact) else self.learn(value, redact)
        elif isinstance(texts, list):
            for each in texts:
                self.learn(each, redact)

    def add(self, text: str) -> None:
        """Remember one; what is masked already is none."""
        if len(text) >= SHORTEST_SECRET and MASKED not in text and "****" not in text:
            self.texts.add(text)

    def _keep(self, value: Any) -> None:
        if isinstance(value, str):
            self.add(value)
        elif isinstance(value, (dict, list)):
            for each in value.values() if isinstance(value, dict) else value:
                self._keep(each)

    def holds(self, value: Any) -> bool:
        """Whether a value has a secret in it."""
        return isinstance(value, str) and self.text(value) != value

    def text(self, text: str) -> str:
        """The text with every secret in it masked, however it is escaped."""
        for secret in sorted(self.texts, key=len, reverse=True):
            for form in (secret, json.dumps(secret)[1:-1], quote(secret, safe="")):
                text = text.replace(form, MASKED)
        return text

    def tree(self, value: Any, redact: frozenset[str]) -> Any:
        """JSON with the secrets in it masked, and all that stands in secret fields."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, list):
            return [self.tree(each, redact) for each in value]
        if isinstance(value, dict):
            return {
                self.text(name): _covered(each) if is_secret(name, redact) else self.tree(each, redact)
                for name, each in value.items()
            }
        return value

    def body(self, body: str, redact: frozenset[str]) -> str:
        """A body as text, masked; JSON is written again only where a field of it is secret."""
        try:
            said = orjson.loads(body)
        except orjson.JSONDecodeError:
            return self.text(body)
        masked = self.tree(said, redact)
        return body if masked == said else orjson.dumps(masked).decode()


def _covered(value: Any) -> Any:
    plain = value is None or isinstance(value, bool) or (isinstance(value, str) and "****" in value)
    return value if plain else MASKED
