"""Near misses: which rules nearly answered a request, told in words that keep its secrets."""

from __future__ import annotations

import logging
import re
from base64 import b64decode
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from msgspec import Struct

from emulator.engine.context import Context
from emulator.errors import ApiError
from emulator.http import Differing, NearMiss
from emulator.language.expressions.runtime import Missing
from emulator.playbook import Operation
from emulator.playbook.matching import Failed, in_words
from emulator.playbook.rules import Miss
from emulator.store.masking import AUTHORIZATION, COOKIES, MASK, SHORTEST_SECRET, HeaderMasker, mask_value, secrets_in
from emulator.store.usage import mask

MASKED = MASK.decode()
WORD = re.compile(r"[\w-]+")
LOG = logging.getLogger("emulator")
MAX_HINT = 4_000  # characters of the hint; Node takes 16 KiB of header lines in all, and proxies less
WIDTHS = (400, 200, 100, 50, 25, 10)  # characters of each value in the hint, until all of it fits
FULL_TEXT_HINT = "the whole of it is in the body"


class RequestSecrets(Struct, frozen=True):
    """The secrets of one request: `texts` maps each to what is shown instead, the longest first; `fields` are the names
    that are masked whatever they hold, and `headers` knows the lines that carry credentials."""

    texts: Mapping[str, str]
    fields: frozenset[str]
    headers: HeaderMasker

    @classmethod
    def of(cls, context: Context) -> RequestSecrets:
        """The caller's key, the credentials in the header lines, and what the fields hold that are to be redacted."""
        fields = frozenset[str]() if context.operation is None else context.operation.redact
        headers = HeaderMasker(name for name, _, _ in context.service.served.credentials)
        texts = {text: MASKED for name in ("body", "query") for text in secrets_in(context.get(name), fields)}
        for name, value in context.request.fields.items():
            if headers.hides(name):
                given = _credentials(name, value)
                texts |= {text: shown for text, shown in given if len(text) >= SHORTEST_SECRET}
        if context.caller is not None:
            texts[context.caller.key] = context.caller.masked
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
    return found is None or isinstance(found, (bool, Missing))


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


def near_misses(operation: Operation, context: Context, streams: bool = True) -> tuple[NearMiss, ...]:
    """The nearest rules, each with all that kept it from answering. Without `streams` none that answers with one."""
    secrets = RequestSecrets.of(context)
    found = operation.rules.near_misses(context, context.service.state.store.counted, streams)
    return tuple(_told(miss, secrets) for miss in found)


class NoRule(ApiError):
    """No rule answers a request: `detail` lists the nearest ones in several lines, the hint does in one."""

    def __init__(self, operation: Operation, misses: tuple[NearMiss, ...]) -> None:
        self.near_misses = misses
        head = f"no rule answers {operation.name}"
        if misses:
            lines = [f"{head}; the nearest:"]
            for miss in misses:
                lines += [f"  {_place(miss)}", *(f"    {difference}" for difference in miss.differences)]
            super().__init__("no_rule", "\n".join(lines), hint=_hint(head, misses))
        else:
            detail = f"{head}; it has none with a reply that could"
            super().__init__("no_rule", detail, hint=detail)


def no_rule(operation: Operation, context: Context) -> NoRule:
    """Returns the error that lists the nearest rules, and logs it."""
    error = NoRule(operation, near_misses(operation, context))
    LOG.warning("%s %s: %s", context.request.method, ascii(context.request.path)[1:-1], error.detail)
    return error


def _told(miss: Miss, secrets: RequestSecrets) -> NearMiss:
    rule = miss.rule
    differences = [
        Differing(
            _printable(each.field),
            _printable(secrets.masked_text(each.wanted)),
            in_words(secrets.masked(each.field, each.found)),
        )
        for each in miss.differences
    ]
    differences += [Differing(held.counter, str(held.wanted), held.state, counter=True) for held in miss.held]
    return NearMiss(rule.id, _printable(rule.name), rule.place.file, rule.place.line, tuple(differences))


def _place(miss: NearMiss) -> str:
    place = f"{miss.file}:{miss.line}"
    return f"{miss.name} ({place})" if miss.name else place


def _hint(head: str, misses: Sequence[NearMiss]) -> str:
    """One line with every field; values are shortened, then left out, until it fits."""
    for width in WIDTHS:
        told = [f"{_place(miss)} {'; '.join(_shortened(each, width) for each in miss.differences)}" for miss in misses]
        hint = f"{head}; nearest: {' | '.join(told)}; {FULL_TEXT_HINT}"
        if _length(hint) <= MAX_HINT:
            return hint
    told = [f"{_place(miss)} {', '.join(each.field for each in miss.differences)}" for miss in misses]
    hint = f"{head}; nearest: {' | '.join(told)}; {FULL_TEXT_HINT}"
    return hint if _length(hint) <= MAX_HINT else f"{head}; {FULL_TEXT_HINT}: {hint}"


def _shortened(each: Differing, width: int) -> str:
    wanted, found = (text if len(text) <= width else f"{text[:width]}..." for text in (each.wanted, each.found))
    return str(Differing(each.field, wanted, found, each.counter))


def _length(hint: str) -> int:
    return len(hint.encode("ascii", "backslashreplace"))


def _printable(text: str) -> str:
    """The text in one line: what can't be printed is escaped."""
    return text if text.isprintable() else "".join(each if each.isprintable() else repr(each)[1:-1] for each in text)
