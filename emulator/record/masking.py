"""Keeping secrets out of recordings: keys, tokens and fields to be redacted, wherever and however they are repeated."""

from __future__ import annotations

import json
import re
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any
from urllib.parse import quote, quote_plus, unquote, unquote_plus

import orjson
from msgspec import Struct, field
from msgspec.structs import replace

from emulator.record.events import StreamEvent
from emulator.store.masking import MASK, SHORTEST_SECRET

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


class Secrets(Struct):
    """All secrets that were seen, each with the forms in which it is looked for."""

    known: dict[str, tuple[str, ...]] = field(default_factory=dict)

    @classmethod
    def of(cls, *texts: str) -> Secrets:
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

    def since(self, count: int) -> Secrets:
        """Those that were remembered after the first `count`."""
        return Secrets(dict(islice(self.known.items(), count, None)))

    def only(self, whole: str) -> Secrets:
        """Those that stand in a text."""
        return Secrets({text: shapes for text, shapes in self.known.items() if any(form in whole for form in shapes)})

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


Path = tuple[str | int, ...]
Strand = tuple[str | None, Path]  # of which events, and where in their data
Pieces = dict[Strand, list[tuple[int, str]]]  # the texts that stand there, each with the number of its event


def masked(events: Sequence[StreamEvent], hidden: Secrets, redact: frozenset[str]) -> list[StreamEvent]:
    """The events without their secrets."""
    alone = [_alone(event, hidden, redact) for event in events]
    changes: dict[int, dict[Path, str]] = {}
    for (_, path), pieces in strands(alone).items():
        for at, text in _over(pieces, hidden):
            changes.setdefault(at, {})[path] = text
    return [_changed(event, changes[at]) if at in changes else event for at, event in enumerate(alone)]


def texts(events: Sequence[StreamEvent]) -> Iterator[str]:
    """All that secrets may stand in: each event by itself, and what comes in pieces as a whole."""
    for event in events:
        yield from (event.name or "", event.id or "", event.data)
    for pieces in strands(events).values():
        yield "".join(text for _, text in pieces)


def strands(events: Sequence[StreamEvent]) -> Pieces:
    """What stands in the same place of all events of a name."""
    found: Pieces = {}
    for at, event in enumerate(events):
        for path, text in _leaves(_said(event.data), ()):
            found.setdefault((event.name, path), []).append((at, text))
    return found


def _said(data: str) -> Any:
    """What data says as JSON; plain text is itself, and so are numbers and words, which may be pieces of one."""
    try:
        said = orjson.loads(data)
    except orjson.JSONDecodeError:
        return data
    return said if isinstance(said, (str, dict, list)) else data


def _leaves(value: Any, path: Path) -> Iterator[tuple[Path, str]]:
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, (dict, list)):
        for step, each in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _leaves(each, (*path, step))


def _alone(event: StreamEvent, hidden: Secrets, redact: frozenset[str]) -> StreamEvent:
    name, id = (None if text is None else hidden.text(text) for text in (event.name, event.id))
    return replace(event, name=name, id=id, data=hidden.body(event.data, redact))


def _over(pieces: Sequence[tuple[int, str]], hidden: Secrets) -> Iterator[tuple[int, str]]:
    """The pieces that change: the one in which a secret begins has the mask, those after it lack their part of it."""
    whole = "".join(text for _, text in pieces)
    spans = _spans(whole, hidden)
    begin = 0
    for at, text in pieces if spans else ():
        end, kept, done = begin + len(text), "", begin
        for start, stop in spans:
            if start < end and stop > begin:
                kept += whole[done : max(start, done)] + (MASKED if start >= begin else "")
                done = min(stop, end)
        kept += whole[done:end]
        begin = end
        if kept != text:
            yield at, kept


def _spans(whole: str, hidden: Secrets) -> list[tuple[int, int]]:
    """Where in a text secrets begin and end; those that overlap are one."""
    found = sorted((at, at + len(form)) for form in hidden.shapes() for at in _places(form, whole))
    spans: list[tuple[int, int]] = []
    for start, stop in found:
        if spans and start < spans[-1][1]:
            spans[-1] = (spans[-1][0], max(stop, spans[-1][1]))
        else:
            spans.append((start, stop))
    return spans


def _places(form: str, whole: str) -> Iterator[int]:
    at = whole.find(form)
    while at >= 0:
        yield at
        at = whole.find(form, at + 1)


def _changed(event: StreamEvent, texts: Mapping[Path, str]) -> StreamEvent:
    if () in texts:
        said = texts[()]
        return replace(event, data=said if _said(event.data) == event.data else orjson.dumps(said).decode())
    return replace(event, data=orjson.dumps(_placed(_said(event.data), (), texts)).decode())


def _placed(value: Any, path: Path, texts: Mapping[Path, str]) -> Any:
    if isinstance(value, dict):
        return {name: _placed(each, (*path, name), texts) for name, each in value.items()}
    if isinstance(value, list):
        return [_placed(each, (*path, at), texts) for at, each in enumerate(value)]
    return texts.get(path, value)
