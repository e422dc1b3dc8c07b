"""Keeping secrets out of recordings: keys, tokens and fields to be redacted, wherever and however they are repeated."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice
from typing import Any
from urllib.parse import unquote, unquote_plus

import orjson
from msgspec import Struct, field

from emulator.record.forms import forms
from emulator.serving.redact import MASK, SHORTEST_SECRET

MASKED = MASK.decode()
# Fields that carry credentials though nobody declared them, with words apart; whole names, as `max_tokens` is none.
USUAL = re.compile(
    r"(?!.*_(by|per)_)(.*_)?((api|access|secret|private|auth|signing|encryption|master|webhook)_?keys?|"
    r"(access|refresh|id|auth|session|bearer|api|csrf|xsrf|security|oauth)_?token|"
    r"secret|passw(or)?d|passphrase|authorization|credentials?)"
)
IN_QUERIES = re.compile(r"key|token|auth|pwd|(.*_)?(sig|signature|jwt|credential)")  # as well, if it is long enough
IN_LINES = re.compile(r"(.*_)?(key|token|auth|signature|cookie|jwt)")
HARMLESS = frozenset({"realm", "uri", "algorithm", "qop", "nc", "username", "signedheaders"})  # parameters of a scheme
WORD_ENDS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
TOKEN = re.compile(r"(?=.*\d)(?=.*[A-Za-z])[\w.~+/=-]{20,}", re.ASCII)  # and no piece of a text
PARAMETER = re.compile(r"[?&;#]([\w.~%-]+)=([^&;#\s\"'<>]+)")
USER = re.compile(r"[a-z][a-z0-9+.-]*://([^/\s:@\"]*):([^/\s@\"]+)@", re.IGNORECASE)
OF_SCHEME = re.compile(r"([\w-]+)\s*=\s*(?:\"([^\"]*)\"|([^\s,\"]+))")


def is_secret(name: str, redact: frozenset[str], value: Any = None) -> bool:
    """Whether a field of this name is masked whatever it holds; one that is just called `token`, by what it holds."""
    if name in redact or USUAL.fullmatch(_apart(name)):
        return True
    return name.lower() == "token" and isinstance(value, str) and TOKEN.fullmatch(value) is not None


def _apart(name: str) -> str:
    return WORD_ENDS.sub("_", name).lower().replace("-", "_").replace(".", "_")


class Hidden(Struct):
    """All secrets that were seen, each with the forms in which it is looked for."""

    known: dict[str, tuple[str, ...]] = field(default_factory=dict)

    @classmethod
    def of(cls, *texts: str) -> Hidden:
        """Those that hide these texts."""
        hidden = cls()
        for text in texts:
            hidden.add(text)
        return hidden

    def add(self, text: str) -> None:
        """Remember one; what is short or masked already is none."""
        if len(text) >= SHORTEST_SECRET and "****" not in text and text not in self.known:
            self.known[text] = forms(text)

    def learn(self, value: Any, redact: frozenset[str]) -> None:
        """Remember what secret fields hold, at whatever depth, and what stands in URLs."""
        if isinstance(value, dict):
            for name, each in value.items():
                self._keep(each) if is_secret(str(name), redact, each) else self.learn(each, redact)
        elif isinstance(value, list):
            for each in value:
                self.learn(each, redact)
        elif isinstance(value, str):
            self.learn_urls(value)

    def learn_urls(self, text: str) -> None:
        """Remember passwords and the secret parameters of URLs in a text."""
        for name, value in PARAMETER.findall(text) if "=" in text else ():
            if _secret_in_query(unquote(name)):
                self._keep_parameter(value)
        for user, password in USER.findall(text) if "@" in text else ():
            self._keep_parameter(user if password == "x-oauth-basic" else password)

    def learn_query(self, query: str) -> None:
        """Remember the secret parameters of a query or a form."""
        for pair in query.split("&"):
            name, _, value = pair.partition("=")
            if _secret_in_query(unquote(name)):
                self._keep_parameter(value)
            else:
                self.learn_urls(unquote_plus(value))

    def learn_line(self, name: str, value: str) -> None:
        """Remember what a header line holds that is called like a credential."""
        if is_secret_line(name):
            self._keep(value)
        else:
            self.learn_urls(value)

    def since(self, count: int) -> Hidden:
        """Those that were remembered after the first `count`."""
        return Hidden(dict(islice(self.known.items(), count, None)))

    def only(self, whole: str) -> Hidden:
        """Those that stand in a text."""
        return Hidden({text: shapes for text, shapes in self.known.items() if any(form in whole for form in shapes)})

    def holds(self, value: Any) -> bool:
        """Whether a text has a secret in it."""
        return isinstance(value, str) and any(form in value for shapes in self.known.values() for form in shapes)

    def shapes(self) -> Iterator[str]:
        """All that is looked for, the longest first."""
        yield from sorted((form for shapes in self.known.values() for form in shapes), key=len, reverse=True)

    def text(self, text: str) -> str:
        """The text with every secret in it masked."""
        for form in self.shapes():
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
                self.text(name): _covered(each) if is_secret(name, redact, each) else self.tree(each, redact)
                for name, each in value.items()
            }
        return value

    def body(self, body: str, redact: frozenset[str]) -> str:
        """A body as text, masked; JSON is written again only where something of it is secret."""
        try:
            said = orjson.loads(body)
        except orjson.JSONDecodeError:
            return self.text(body)
        masked = self.tree(said, redact)
        return body if masked == said else orjson.dumps(masked).decode()

    def _keep(self, value: Any) -> None:
        if isinstance(value, (dict, list)):
            for each in value.values() if isinstance(value, dict) else value:
                self._keep(each)
        elif isinstance(value, str):
            self.add(value)
            scheme, space, credential = value.strip().partition(" ")
            if space and scheme.replace("-", "").isalnum():
                self.add(credential.strip())
            for name, quoted, plain in OF_SCHEME.findall(value) if "=" in value else ():
                if name.lower() not in HARMLESS:
                    self.add(quoted or plain)

    def _keep_parameter(self, value: str) -> None:
        self._keep(value)
        self._keep(unquote_plus(value))


def is_secret_line(name: str) -> bool:
    """Whether a header line of this name carries a credential."""
    apart = _apart(name)
    return apart != "idempotency_key" and bool(USUAL.fullmatch(apart) or IN_LINES.fullmatch(apart))


def _secret_in_query(name: str) -> bool:
    apart = _apart(name)
    return bool(USUAL.fullmatch(apart) or IN_QUERIES.fullmatch(apart))


def _covered(value: Any) -> Any:
    plain = value is None or isinstance(value, bool) or (isinstance(value, str) and "****" in value)
    return value if plain else MASKED
