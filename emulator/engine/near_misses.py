"""Near misses: the rules that nearly answered a request, described without its secrets."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any

from emulator.engine.context import Context
from emulator.errors import ApiError
from emulator.http.exchange import Differing, NearMiss
from emulator.language.expressions.runtime import Missing
from emulator.playbook.apis import Operation
from emulator.playbook.matching import Failed, in_words
from emulator.playbook.rules import Miss
from emulator.store.masking import MASKED, Masker, mask_header

WORD = re.compile(r"[\w-]+")
REQUESTS = logging.getLogger("emulator.requests")  # what the request log says too
MAX_HINT = 4_000  # characters of the hint; Node takes 16 KiB of header lines in all, and proxies less
WIDTHS = (400, 200, 100, 50, 25, 10)  # characters of each value in the hint, until all of it fits
FULL_TEXT_HINT = "the whole of it is in the body"


def masker_of(context: Context) -> Masker:
    """Returns a masker that knows the secrets of a request: the caller's key, the credentials in the headers, and what
    the fields hold that are to be redacted."""
    fields = _redacted(context)
    masker = Masker(name for name, _, _ in context.service.api.credential_headers)
    for name in ("body", "query"):
        masker.learn_fields(context.get(name), fields)
    for header, value in context.request.fields.items():
        if masker.is_secret_header(header):
            masker.learn_credential(header, value)
    if context.caller is not None:
        masker.learn(context.caller.key, context.caller.masked, short=True)
    return masker


def _redacted(context: Context) -> frozenset[str]:
    return frozenset() if context.operation is None else context.operation.redact


def _masked(masker: Masker, fields: frozenset[str], field: str, value: Any) -> Any:
    """Returns what may be shown of a field's value; `field` is a dotted path, a query, or an expression."""
    root, _, rest = field.partition(".")
    if root == "header":
        return _masked_headers(masker, rest.lower(), value)
    is_plain = value is None or isinstance(value, (bool, Missing))
    if not is_plain and fields.intersection(WORD.findall(field)):
        return MASKED
    return Failed(masker.mask_text(value.message)) if isinstance(value, Failed) else masker.mask_tree(value, fields)


def _masked_headers(masker: Masker, name: str, value: Any) -> Any:
    """Returns what may be shown of a header's value; without a name, of a mapping of headers."""
    if not name:
        if not isinstance(value, dict):
            return value
        return {each: _masked_headers(masker, each, line) for each, line in value.items()}
    raw = name.encode("latin-1", "replace")
    if isinstance(value, str) and masker.is_secret_header(raw):
        return mask_header(raw, value.encode("latin-1", "replace")).decode("latin-1")
    return masker.mask_tree(value, frozenset())


def near_misses(operation: Operation, context: Context, streams: bool = True) -> tuple[NearMiss, ...]:
    """Returns the nearest rules, each with all that kept it from answering; without `streams` none that streams."""
    return described(operation.rules.near_misses(context, context.service.state.store.counters.value, streams), context)


def described(misses: Iterable[Miss], context: Context) -> tuple[NearMiss, ...]:
    """Returns rules that did not answer in words, without the secrets of the request."""
    masker, fields = masker_of(context), _redacted(context)
    return tuple(_described(miss, masker, fields) for miss in misses)


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
    target = f"{context.request.method} {ascii(context.request.path)[1:-1]}"
    context.service.state.store.on_commit(partial(REQUESTS.warning, "%s: %s", target, error.detail))
    return error


def _described(miss: Miss, masker: Masker, fields: frozenset[str]) -> NearMiss:
    rule = miss.rule
    differences = [
        Differing(
            _printable(each.field),
            _printable(masker.mask_text(each.wanted)),
            in_words(_masked(masker, fields, each.field, each.found)),
        )
        for each in miss.differences
    ]
    differences += [Differing(held.counter, str(held.wanted), held.state, counter=True) for held in miss.held]
    return NearMiss(rule.id, _printable(rule.name), rule.place.file, rule.place.line, tuple(differences))


def _place(miss: NearMiss) -> str:
    place = f"{miss.file}:{miss.line}"
    return f"{miss.name} ({place})" if miss.name else place


def _hint(head: str, misses: Sequence[NearMiss]) -> str:
    """Returns one line with every field; values are shortened, then left out, until it fits."""
    for width in WIDTHS:
        described = [
            f"{_place(miss)} {'; '.join(each.shortened(width) for each in miss.differences)}" for miss in misses
        ]
        hint = f"{head}; nearest: {' | '.join(described)}; {FULL_TEXT_HINT}"
        if _length(hint) <= MAX_HINT:
            return hint
    described = [f"{_place(miss)} {', '.join(each.field for each in miss.differences)}" for miss in misses]
    hint = f"{head}; nearest: {' | '.join(described)}; {FULL_TEXT_HINT}"
    return hint if _length(hint) <= MAX_HINT else f"{head}; {FULL_TEXT_HINT}: {hint}"


def _length(hint: str) -> int:
    return len(hint.encode("ascii", "backslashreplace"))


def _printable(text: str) -> str:
    """Returns the text in one line: what can't be printed is escaped."""
    return text if text.isprintable() else "".join(each if each.isprintable() else repr(each)[1:-1] for each in text)
