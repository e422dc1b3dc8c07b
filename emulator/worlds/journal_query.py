"""Queries the journal: finds the exchanges that match a `when`, or waits for them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from msgspec import Struct

from emulator.compile.names import NameChecker
from emulator.compile.when import CONDITIONS, FieldNames, Path, WhenCompiler
from emulator.errors import Diagnostic, DocumentError, EmulatorError, Location
from emulator.http import Exchange
from emulator.language.document.diagnostics import Diagnostics
from emulator.language.expressions import Language
from emulator.language.expressions.runtime import MISSING
from emulator.playbook import Playbook
from emulator.playbook.matching import COUNTER_TESTS, Difference, Matcher
from emulator.store.backend import ExchangeJournal
from emulator.store.masking import mask_key
from emulator.store.passed_over import passed_over
from emulator.store.views import FIELDS

PASSED_OVER = "passed_over"  # the field that depends on what is played
REPLY = {"status": "status", "headers": "reply_headers", "header": "reply_headers", "body": "reply_body"}
LINES = ("header.", "headers.", "reply_headers.", "reply.headers.", "reply.header.")
TEXTS = ("query", "header", "headers", "reply_headers")  # mappings whose values are texts, whatever they look like
NAMES = FieldNames((*FIELDS, PASSED_OVER, "header", "reply"), {"reply": tuple(REPLY)})
PlaceOf = Callable[[Path], Location]
PlaybookOf = Callable[[], Playbook]
MAX_LISTED = 3
MAX_SHOWN = 200  # characters of a value that the message of a wait in vain shows


class Question(Struct, frozen=True):
    """A compiled `when` over exchanges; `playbook_of` returns what their world plays."""

    when: Any
    matcher: Matcher
    playbook_of: PlaybookOf | None = None

    def fits(self, exchange: Exchange) -> bool:
        """Whether an exchange is as wanted; one for which an expression fails is not."""
        try:
            return self.matcher.matches(_Seen(exchange, self.playbook_of))
        except EmulatorError:
            return False

    def narrowed(self, also: Question) -> Question:
        """Returns the question that asks both."""
        mine, other = self.matcher, also.matcher
        return Question((self.when, also.when), Matcher((*mine.checks, *other.checks)), self.playbook_of)

    def differences(self, exchange: Exchange) -> Sequence[Difference]:
        """Returns what does not match."""
        try:
            return self.matcher.differences(_Seen(exchange, self.playbook_of))
        except EmulatorError as error:
            return (Difference("expr", "what can be worked out", str(error)),)


class _Seen(dict[str, Any]):
    """An exchange by the names of a question; each is computed when first used."""

    __slots__ = ("exchange", "playbook_of")

    def __init__(self, exchange: Exchange, playbook_of: PlaybookOf | None) -> None:
        self.exchange = exchange
        self.playbook_of = playbook_of

    def get(self, name: str, default: Any = None) -> Any:
        try:
            return self[name]
        except KeyError:
            return default

    def __missing__(self, name: str) -> Any:
        if name == "reply":
            value: Any = {key: self[part] for key, part in REPLY.items()}
        elif name == PASSED_OVER:
            value = 0 if self.playbook_of is None else passed_over(self.exchange, self.playbook_of())
        else:
            value = FIELDS["headers" if name == "header" else name](self.exchange)
            value = MISSING if value is None else value
        self[name] = value
        return value


def place_in_body(path: Path) -> Location:
    """Returns where something is in the body of a request to the control API: `when.body.model`."""
    return Location(".".join(("when", *map(str, path))))


def compile_query(
    when: Any, language: Language, place_of: PlaceOf = place_in_body, playbook_of: PlaybookOf | None = None
) -> Question:
    """The question that a `when` stands for; it is written as in a rule, over the fields of `ExchangeView`.

    `playbook_of` returns what the world of the exchanges plays; without it, none has passed over a rule.
    Raises DocumentError with everything that is wrong in it, unknown names with the nearest one.
    """
    compiler = WhenCompiler(language, place_of)
    refuse_of_rules(when, place_of, "a question has `count` and `last` beside its `when`")
    diagnostics, meant = Diagnostics(), when
    if isinstance(when, dict):
        meant = {_field(str(key)): _wanted(str(key), wanted) for key, wanted in when.items()}
    matcher = diagnostics.attempt(compiler.compile, meant, (), NAMES)
    diagnostics.found += NameChecker(language, compiler.place_of).unknown(when, (), tuple(NAMES.roots))
    diagnostics.raise_any()
    return Question(when, matcher, playbook_of)


def refuse_of_rules(when: Any, place_of: PlaceOf, instead: str) -> None:
    """Raises DocumentError for conditions that only rules can have, as they count or depend on the moment."""
    of_rules = [key for key in when if key in COUNTER_TESTS or key in CONDITIONS] if isinstance(when, dict) else []
    if of_rules:
        raise DocumentError([Diagnostic(place_of((key,)), f"`{key}` belongs to rules; {instead}") for key in of_rules])


def unknown_fields(when: Any, language: Language, place_of: PlaceOf) -> list[Diagnostic]:
    """Returns the fields that a `when` names and exchanges don't have."""
    return WhenCompiler(language, place_of).unknown(when, (), NAMES)


class Found(Struct, frozen=True):
    """Exchanges that are as wanted, the oldest first.

    `total`: how many there are, those included that were not asked for; `dropped`: how many older exchanges the
    journal has dropped, whatever they were; `next`: the place of the last one, `after` which the following ones are.
    """

    exchanges: Sequence[Exchange]
    total: int
    dropped: int
    next: int


def find(
    journal: ExchangeJournal, when: Question, last: int | None = None, limit: int | None = None, after: int = 0
) -> Found:
    """The exchanges that are as wanted: the `limit` oldest of the `last` ones beyond the place `after`.

    Places count all exchanges from 1 in the order of the journal, which is not always that of their numbers.
    """
    dropped, seen = journal.dropped, journal.seen
    placed = enumerate(journal, dropped + 1)
    found = [(place, exchange) for place, exchange in placed if place > after and when.fits(exchange)]
    chosen = found if last is None else found[max(0, len(found) - last) :]
    chosen = chosen[:limit]
    return Found([each for _, each in chosen], len(found), dropped, chosen[-1][0] if chosen else seen)


async def wait(journal: ExchangeJournal, when: Question, count: int, timeout: float) -> list[Exchange]:
    """The exchanges that are as wanted, as soon as there are `count`; those that are there already count too.

    One whose answer is still on its way counts as soon as it is as wanted. `timeout` is in real seconds; raises
    TimeoutError with what was there instead.
    """
    waiting = _Waiting(when, count)
    with journal.watched(waiting.see):
        for exchange in journal:
            waiting.see(exchange)
        try:
            async with asyncio.timeout(timeout):
                await waiting.enough
        except TimeoutError:
            raise TimeoutError(_timeout_message(journal, when, count, timeout, waiting.found)) from None
    return list(waiting.found.values())


class _Waiting:
    """A wait for so many matching exchanges."""

    def __init__(self, when: Question, count: int) -> None:
        self.found: dict[int, Exchange] = {}  # by identity: a reset of the world begins to number anew
        self.enough: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._when = when
        self._count = count
        self._look()

    def see(self, exchange: Exchange) -> None:
        """Checks an exchange that was added or has ended."""
        if id(exchange) not in self.found and self._when.fits(exchange):
            self.found[id(exchange)] = exchange
            self._look()

    def _look(self) -> None:
        if len(self.found) >= self._count and not self.enough.done():
            self.enough.set_result(None)


def _field(key: str) -> str:
    """A dotted path with names of headers in lower case, as an exchange has them."""
    return key.lower() if key.startswith(LINES) else key


def _wanted(key: str, wanted: Any) -> Any:
    """Returns what a field must equal, in each form that it may have there."""
    if isinstance(wanted, list):
        return [way for each in wanted for way in _ways(key, each)]
    ways = _ways(key, wanted)
    return wanted if len(ways) == 1 else ways


def _ways(key: str, wanted: Any) -> list[Any]:
    """A number in a query or a header is a text too, and a whole key stands in the journal masked."""
    if key == "key" and isinstance(wanted, str) and "{{" not in wanted:
        return [wanted, mask_key(wanted)]
    if key.partition(".")[0] in TEXTS and isinstance(wanted, (int, float)):
        return [wanted, str(wanted).lower()]
    return [wanted]


def _timeout_message(
    journal: ExchangeJournal, when: Question, count: int, timeout: float, found: Mapping[int, Exchange]
) -> str:
    lines = [
        f"waited {timeout:g} s for {count} exchanges with {when.when!r}; there were {len(found)} of {len(journal)}"
    ]
    if journal.dropped:
        lines.append(f"  the journal has dropped {journal.dropped} older ones")
    lines += [f"  {_summary(exchange)}" for exchange in [*found.values()][:MAX_LISTED]]
    others = [(when.differences(each), each) for each in journal if id(each) not in found]
    others.sort(key=lambda other: (len(other[0]), -other[1].number))
    for differences, exchange in others[:MAX_LISTED]:
        differing = "; ".join(map(_short, differences))
        lines.append(f"  not {_summary(exchange)}: {differing}")
    return "\n".join(lines)


def _summary(exchange: Exchange) -> str:
    return f"#{exchange.number} {exchange.method} {exchange.path} {exchange.status} {exchange.outcome}"


def _short(difference: Difference) -> str:
    text = str(difference)
    return text if len(text) <= MAX_SHOWN else f"{text[:MAX_SHOWN]}…"
