"""Near misses: which rules nearly answered a request, told in words that keep its secrets."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from emulator.errors import ApiError
from emulator.exchange import Differing, Exchange, NearMiss
from emulator.scenario.match import in_words
from emulator.scenario.playbook import Operation
from emulator.scenario.rulebook import Miss
from emulator.serving.scope import Scope
from emulator.serving.secret import Secrets

LOG = logging.getLogger("emulator")
MOST_HEADER = 4_000  # characters of the hint; Node takes 16 KiB of header lines in all, and proxies less
WIDTHS = (400, 200, 100, 50, 25, 10)  # characters of each value in the hint, until all of it fits
CURE = "the whole of it is in the body"


def unanswered(operation: Operation, scope: Scope, exchange: Exchange) -> ApiError:
    """The error that says which rules were nearest; the exchange and the log have it too."""
    exchange.near_misses = misses = near_misses(operation, scope)
    error = no_rule(operation, misses)
    LOG.warning("%s %s: %s", exchange.method, ascii(exchange.path)[1:-1], error.detail)
    return error


def near_misses(operation: Operation, scope: Scope, streams: bool = True) -> tuple[NearMiss, ...]:
    """The nearest rules, each with all that kept it from answering. Without `streams` none that answers with one."""
    secrets = Secrets.of(scope)
    found = operation.rules.near_misses(scope, scope.site.world.store.counted, streams)
    return tuple(_told(miss, secrets) for miss in found)


def no_rule(operation: Operation, misses: Sequence[NearMiss]) -> ApiError:
    """ApiError("no_rule"): its detail is the whole story in several lines, its hint one line for a header."""
    head = f"no rule answers {operation.name}"
    if not misses:
        detail = f"{head}; it has none with a reply that could"
        return ApiError("no_rule", detail, hint=detail)
    lines = [f"{head}; the nearest:"]
    for miss in misses:
        lines.append(f"  {_place(miss)}")
        lines += [f"    {difference}" for difference in miss.differences]
    return ApiError("no_rule", "\n".join(lines), hint=_hint(head, misses))


def _told(miss: Miss, secrets: Secrets) -> NearMiss:
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
        hint = f"{head}; nearest: {' | '.join(told)}; {CURE}"
        if _length(hint) <= MOST_HEADER:
            return hint
    told = [f"{_place(miss)} {', '.join(each.field for each in miss.differences)}" for miss in misses]
    hint = f"{head}; nearest: {' | '.join(told)}; {CURE}"
    return hint if _length(hint) <= MOST_HEADER else f"{head}; {CURE}: {hint}"


def _shortened(each: Differing, width: int) -> str:
    wanted, found = (text if len(text) <= width else f"{text[:width]}..." for text in (each.wanted, each.found))
    return str(Differing(each.field, wanted, found, each.counter))


def _length(hint: str) -> int:
    return len(hint.encode("ascii", "backslashreplace"))


def _printable(text: str) -> str:
    """The text in one line: what can't be printed is escaped."""
    return text if text.isprintable() else "".join(each if each.isprintable() else repr(each)[1:-1] for each in text)
