"""Masking: keeps keys, tokens and other secrets out of whatever is kept, shown or written to a file.

A secret is masked by where it stands (a header or a field of a known name), or because it is known: a text that was
learned is masked in every other text, in all of its forms (see secret_forms).
"""

from __future__ import annotations

import re
from base64 import b64decode
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from functools import lru_cache, partial
from hashlib import blake2b
from itertools import islice
from typing import Any, NamedTuple
from urllib.parse import unquote, unquote_plus, unquote_to_bytes

import orjson

from emulator.http.exchange import Exchange
from emulator.http.headers import Header
from emulator.store.credential_names import names_credential, names_credential_header, names_credential_parameter
from emulator.store.secret_forms import forms

MASK = b"********"
MASKED = MASK.decode()
SHORT_MASK = "****"  # what other services write at the least in place of a secret
MAX_REMEMBERED_LINES = 1_000
MAX_REMEMBERED_HEADS = 256
MAX_REMEMBERED_VALUE = 200  # bytes
MIN_LENGTH = 8  # a shorter secret is masked where it stands, but not looked for elsewhere
AUTHORIZATION = frozenset({b"authorization", b"proxy-authorization"})
COOKIES = frozenset({b"cookie", b"set-cookie"})
USUAL = frozenset({b"x-api-key", b"api-key", b"x-auth-token", b"x-access-token"})  # clients send them unrequested
PAIR = re.compile(rb"(?:^|(?<=&))([^=&]*)=[^&\s]*")
HARMLESS = frozenset({"realm", "uri", "algorithm", "qop", "nc", "username", "signedheaders"})  # parameters of a scheme
PARAMETER = re.compile(r"[?&;#]([\w.~%-]+)=([^&;#\s\"'<>]+)")
USER = re.compile(r"[a-z][a-z0-9+.-]*://([^/\s:@\"]*):([^/\s@\"]+)@", re.IGNORECASE)
SCHEME_PARAMETER = re.compile(r"([\w-]+)\s*=\s*(?:\"([^\"]*)\"|([^\s,\"]+))")


def mask_key(key: str) -> str:
    """Returns a key as it may be shown: its first and last four characters; of one shorter than 12, a digest only."""
    if len(key) >= 12:
        return f"{key[:4]}{MASKED}{key[-4:]}"
    return MASKED + key_digest(key) if key else MASKED


def key_digest(key: str) -> str:
    """Returns six hexadecimal digits that tell a key from others which would be shown alike."""
    return blake2b(key.encode(errors="replace"), digest_size=3).hexdigest()


class MaskedLines(dict[Header, Header]):
    """Masks header lines, and remembers the last: clients send the same lines again and again.

    `secret` are the names, in lower case, of the headers that carry credentials.
    """

    def __init__(self, secret: Set[bytes]) -> None:
        super().__init__()
        self._secret = secret

    def __missing__(self, line: Header) -> Header:
        name, value = line
        masked = (name, mask_header(name, value)) if name in self._secret else line
        if len(value) <= MAX_REMEMBERED_VALUE:
            if len(self) >= MAX_REMEMBERED_LINES:
                self.clear()
            self[line] = masked
        return masked


def mask_header(name: bytes, value: bytes) -> bytes:
    """Returns what may be shown of a header that carries a credential: its scheme, and the two ends of a key."""
    if name in COOKIES:
        return MASK
    scheme, space, credential = value.partition(b" ")
    if not space or name not in AUTHORIZATION:
        return _mask_bytes(value)
    return scheme + b" " + (MASK if scheme.lower() == b"basic" else _mask_bytes(credential))


def _mask_bytes(key: bytes) -> bytes:
    # Every request has a key in a header: `mask_key` for bytes, without decoding them.
    return key[:4] + MASK + key[-4:] if len(key) >= 12 else MASK


class Known(NamedTuple):
    """A secret that was learned: what is shown in its place, and the forms in which it is looked for."""

    shown: str
    forms: tuple[str, ...]


class Masker:
    """Masks secrets in headers, fields and texts.

    `headers` are names, in lower case, of headers that carry credentials beside the usual ones. A masker that `guesses`
    takes fields, parameters and headers for secret by their names too, and looks for secrets in URLs.
    """

    def __init__(
        self, headers: Iterable[bytes] = (), guesses: bool = False, known: Mapping[str, Known] | None = None
    ) -> None:
        self.known: dict[str, Known] = dict(known or {})
        self._headers = AUTHORIZATION | COOKIES | USUAL | set(headers)
        self._masked_line = MaskedLines(self._headers).__getitem__
        # What `mask_headers` does, remembered: for the lines of a head that was read before, which are a tuple.
        self.mask_head = lru_cache(MAX_REMEMBERED_HEADS)(partial(_masked_lines, self._masked_line))
        self._guesses = guesses
        self._short: dict[str, str] = {}
        self._longest_first: list[tuple[str, str]] | None = None

    @classmethod
    def of(cls, *texts: str) -> Masker:
        """Returns a guessing masker that knows these secrets."""
        masker = cls(guesses=True)
        for text in texts:
            masker.learn(text)
        return masker

    # ------------------------------------------------------------------------------------------------ by their place
    def is_secret_header(self, name: bytes) -> bool:
        """Tells whether the header of this name (in lower case) carries a credential."""
        return name in self._headers

    def is_secret_field(self, name: str, fields: frozenset[str], value: Any = None) -> bool:
        """Tells whether the field of this name is masked: it is one of `fields`, or called like a credential."""
        return name in fields or (self._guesses and names_credential(name, value))

    def mask_headers(self, lines: Sequence[Header]) -> Sequence[Header]:
        """Returns header lines with credentials masked; names are in lower case, as ASGI gives them."""
        return list(map(self._masked_line, lines))

    def mask_fields(self, body: bytes, fields: frozenset[str]) -> bytes:
        """Returns JSON, events, a form or a query with the values of these fields masked, at whatever depth."""
        if not fields or not body:
            return body
        shown = _json_pattern(fields).sub(rb'\1"' + MASK + b'"', body)
        names = {name.encode() for name in fields}
        shown = PAIR.sub(lambda pair: pair[1] + b"=" + MASK if unquote_to_bytes(pair[1]) in names else pair[0], shown)
        return _mask_structure(shown, fields)

    def mask_exchange(self, exchange: Exchange, fields: frozenset[str]) -> None:
        """Masks these fields in the bodies and the query, and what the reply and the error repeat of them."""
        repeated = Masker()
        repeated.learn_fields(_json(exchange.body), fields)
        exchange.body = self.mask_fields(exchange.body, fields)
        exchange.query = self.mask_fields(exchange.query.encode("latin-1"), fields).decode("latin-1")
        exchange.reply_body = self.mask_fields(exchange.reply_body, fields)
        for form, shown in repeated.replacements():
            exchange.reply_body = exchange.reply_body.replace(form.encode(errors="replace"), shown.encode())
        exchange.error = repeated.mask_text(exchange.error)
        if exchange.schedule is not None:
            exchange.schedule.content = None  # what a fault has changed is not masked, but forgotten

    # ------------------------------------------------------------------------------------------ because they are known
    def learn(self, text: str, shown: str = MASKED, short: bool = False) -> None:
        """Remembers a secret; one below MIN_LENGTH only with `short`, to be masked where it is the whole text."""
        if self._guesses and SHORT_MASK in text:
            return  # another service has masked it
        if len(text) >= MIN_LENGTH:
            before = self.known.get(text)
            self.known[text] = Known(shown, forms(text) if before is None else before.forms)
            self._longest_first = None
        elif short:
            self._short[text] = shown

    def learn_fields(self, value: Any, fields: frozenset[str]) -> None:
        """Remembers what secret fields hold, at whatever depth."""
        left = [value]
        while left:
            part = left.pop()
            if isinstance(part, dict):
                for name, each in part.items():
                    if self.is_secret_field(str(name), fields, each):
                        self._learn_values(each)
                    else:
                        left.append(each)
            elif isinstance(part, list):
                left.extend(part)
            elif isinstance(part, str) and self._guesses:
                self.learn_urls(part)

    def learn_credential(self, name: bytes, value: bytes) -> None:
        """Remembers the secrets of a header that carries a credential: all of it, the credential without its scheme,
        the parts of the Basic scheme, each cookie's value."""
        text = value.strip().decode("latin-1")
        self.learn(text, mask_header(name, value.strip()).decode("latin-1"))
        if name in COOKIES:
            for pair in text.split(";"):
                self.learn(pair.partition("=")[2].strip())
        scheme, space, credential = text.partition(" ")
        if space and name in AUTHORIZATION:
            self.learn(credential.strip(), mask_header(b"", credential.strip().encode("latin-1")).decode("latin-1"))
            if scheme.lower() == "basic":
                decoded = _decoded(credential.strip())
                self.learn(decoded)
                self.learn(decoded.partition(":")[2])

    def learn_header(self, name: str, value: str) -> None:
        """Remembers what a header holds that is called like a credential, or the secrets in its URLs."""
        if names_credential_header(name):
            self._learn_values(value)
        else:
            self.learn_urls(value)

    def learn_query(self, query: str) -> None:
        """Remembers the parameters of a query or a form that are called like credentials."""
        for pair in query.split("&"):
            name, _, value = pair.partition("=")
            if names_credential_parameter(unquote(name)):
                self._learn_parameter(value)
            else:
                self.learn_urls(unquote_plus(value))

    def learn_urls(self, text: str) -> None:
        """Remembers passwords and secret parameters of the URLs in a text."""
        for name, value in PARAMETER.findall(text) if "=" in text else ():
            if names_credential_parameter(unquote(name)):
                self._learn_parameter(value)
        for user, password in USER.findall(text) if "@" in text else ():
            self._learn_parameter(user if password == "x-oauth-basic" else password)

    def mask_text(self, text: str) -> str:
        """Returns a text with every known secret masked."""
        if text in self._short:
            return self._short[text]
        for form, shown in self.replacements():
            text = text.replace(form, shown)
        return text

    def mask_tree(self, value: Any, fields: frozenset[str]) -> Any:
        """Returns data with every known secret masked, and all that secret fields hold."""
        if isinstance(value, str):
            return self.mask_text(value)
        if isinstance(value, list):
            return [self.mask_tree(each, fields) for each in value]
        if isinstance(value, dict):
            return {
                self.mask_tree(name, fields): self._cover(each)
                if self.is_secret_field(str(name), fields, each)
                else self.mask_tree(each, fields)
                for name, each in value.items()
            }
        return value

    def mask_json(self, body: str, fields: frozenset[str]) -> str:
        """Returns a body with its secrets masked; JSON is written anew only if it has one."""
        try:
            data = orjson.loads(body)
        except orjson.JSONDecodeError:
            return self.mask_text(body)
        masked = self.mask_tree(data, fields)
        return body if masked == data else orjson.dumps(masked).decode()

    def since(self, count: int) -> Masker:
        """Returns a masker of the secrets that were learned after the first `count`."""
        return self._with(dict(islice(self.known.items(), count, None)))

    def only(self, text: str) -> Masker:
        """Returns a masker of the secrets that stand in a text."""
        return self._with(
            {secret: known for secret, known in self.known.items() if any(form in text for form in known.forms)}
        )

    def is_in(self, value: Any) -> bool:
        """Tells whether a value is a text with a known secret in it."""
        return isinstance(value, str) and any(form in value for form, _ in self.replacements())

    def replacements(self) -> list[tuple[str, str]]:
        """Returns every form of the known secrets with what is shown in its place, the longest first."""
        if self._longest_first is None:
            pairs = (
                (form, known.shown if form == text else MASKED)
                for text, known in self.known.items()
                for form in known.forms
            )
            self._longest_first = sorted(pairs, key=lambda pair: len(pair[0]), reverse=True)
        return self._longest_first

    def _with(self, known: Mapping[str, Known]) -> Masker:
        return Masker(self._headers, self._guesses, known)

    def _learn_values(self, value: Any) -> None:
        for text in _texts(value):
            self.learn(text)
            if self._guesses:
                self._learn_scheme(text)

    def _learn_scheme(self, text: str) -> None:
        """Remembers the credential after a scheme, and the parameters of a scheme such as Digest."""
        scheme, space, credential = text.strip().partition(" ")
        if space and scheme.replace("-", "").isalnum():
            self.learn(credential.strip())
        for name, quoted, plain in SCHEME_PARAMETER.findall(text) if "=" in text else ():
            if name.lower() not in HARMLESS:
                self.learn(quoted or plain)

    def _learn_parameter(self, value: str) -> None:
        self._learn_values(value)
        self._learn_values(unquote_plus(value))

    def _cover(self, value: Any) -> Any:
        """Returns the mask for what a secret field holds; nothing, a truth value and another service's mask stay."""
        masked = self._guesses and isinstance(value, str) and SHORT_MASK in value
        return value if value is None or isinstance(value, bool) or masked else MASKED


def _masked_lines(mask: Callable[[Header], Header], lines: tuple[Header, ...]) -> Sequence[Header]:
    return list(map(mask, lines))


@lru_cache(maxsize=64)
def _json_pattern(fields: frozenset[str]) -> re.Pattern[bytes]:
    names = b"|".join(re.escape(name.encode()) for name in sorted(fields))
    return re.compile(rb'("(?:%s)"\s*:\s*)(?:"(?:[^"\\]|\\.)*"?|-?[0-9][-+0-9.eE]*)' % names, re.DOTALL)


def _mask_structure(body: bytes, fields: frozenset[str]) -> bytes:
    """Masks what the pattern can't see: a name written with escapes, a value that is a list or a mapping."""
    data = _json(body)
    secret = [(part, name) for part, name in _named(data, fields) if part[name] not in (None, True, False, MASKED)]
    if not secret:
        return body
    for part, name in secret:
        part[name] = MASKED
    try:
        return orjson.dumps(data)
    except TypeError:  # nested deeper than can be written
        return MASK


def _json(body: bytes) -> Any:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        return None


def _named(data: Any, fields: frozenset[str]) -> Iterator[tuple[dict[str, Any], str]]:
    """Yields the mappings inside that have one of these fields, with its name."""
    left = [data]
    while left:
        part = left.pop()
        if isinstance(part, dict):
            yield from ((part, name) for name in part if name in fields)
            left.extend(part.values())
        elif isinstance(part, list):
            left.extend(part)


def _texts(value: Any) -> Iterator[str]:
    left = [value]
    while left:
        part = left.pop()
        if isinstance(part, (dict, list)):
            left.extend(part.values() if isinstance(part, dict) else part)
        elif isinstance(part, str):
            yield part


def _decoded(credential: str) -> str:
    try:
        return b64decode(credential, validate=True).decode()
    except ValueError:  # it is no base64, or no text
        return ""
