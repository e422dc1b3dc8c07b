"""Questions about exchanges: a `when` over what the journal keeps, compiled; expectations and filters ask it too."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from msgspec import Struct

from emulator.compile.names import NameChecker
from emulator.compile.when import CONDITIONS, FieldNames, Path, WhenCompiler
from emulator.errors import Diagnostic, DocumentError, EmulatorError, Location
from emulator.http.exchange import Differing, Exchange
from emulator.language.document.diagnostics import Diagnostics
from emulator.language.expressions import Language
from emulator.language.expressions.runtime import MISSING
from emulator.playbook.apis import Playbook
from emulator.playbook.matching import COUNTER_TESTS, Difference, Matcher
from emulator.store.masking import mask_key
from emulator.store.passed_over import passed_over
from emulator.store.views import FIELDS

PASSED_OVER = "passed_over"  # the field that depends on what is played
REPLY = {"status": "status", "headers": "reply_headers", "header": "reply_headers", "body": "reply_body"}
LINES = ("header.", "headers.", "reply_headers.", "reply.headers.", "reply.header.")
TEXTS = ("query", "header", "headers", "reply_headers")  # mappings whose values are texts, whatever they look like
OF_EXCHANGES = FieldNames((*FIELDS, "header", "reply"), {"reply": tuple(REPLY)})  # whatever is played
NAMES = OF_EXCHANGES | FieldNames((PASSED_OVER,))
PlaceOf = Callable[[Path], Location]
PlaybookOf = Callable[[], Playbook]
MAX_SHOWN = 200  # characters of a value that a message shows


class Question(Struct, frozen=True):
    """A compiled `when` over exchanges; `playbook_of` returns what their world plays."""

    when: Any
    matcher: Matcher
    playbook_of: PlaybookOf | None = None

    def fits(self, exchange: Exchange) -> bool:
        """Whether an exchange is as wanted; one for which an expression fails is not."""
        try:
            return self.matcher.matches(_ExchangeNames(exchange, self.playbook_of))
        except EmulatorError:
            return False

    def narrowed(self, also: Question) -> Question:
        """Returns the question that asks both."""
        mine, other = self.matcher, also.matcher
        return Question((self.when, also.when), Matcher((*mine.checks, *other.checks)), self.playbook_of)

    def differences(self, exchange: Exchange) -> Sequence[Difference]:
        """Returns what does not match."""
        try:
            return self.matcher.differences(_ExchangeNames(exchange, self.playbook_of))
        except EmulatorError as error:
            return (Difference("expr", "what can be worked out", str(error)),)


class _ExchangeNames(dict[str, Any]):
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
    when: Any,
    language: Language,
    place_of: PlaceOf = place_in_body,
    playbook_of: PlaybookOf | None = None,
    names: FieldNames = NAMES,
    counts: str = "a question has `count` and `last` beside its `when`",
) -> Question:
    """The question that a `when` stands for; it is written as in a rule, over the fields of `ExchangeView`.

    `playbook_of` returns what the world of the exchanges plays; without it, none has passed over a rule. `names` are
    the fields that may be asked for, `counts` says what is written instead of the counters of rules.

    Raises DocumentError with everything that is wrong in it, unknown names with the nearest one.
    """
    compiler = WhenCompiler(language, place_of)
    refuse_of_rules(when, place_of, counts)
    diagnostics, meant = Diagnostics(), when
    if isinstance(when, dict):
        meant = {_field(str(key)): _wanted(str(key), wanted) for key, wanted in when.items()}
    matcher = diagnostics.attempt(compiler.compile, meant, (), names)
    diagnostics.found += NameChecker(language, compiler.place_of).unknown(when, (), tuple(names.roots))
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


def summary_of(exchange: Exchange) -> str:
    return f"#{exchange.number} {exchange.method} {exchange.path} {exchange.status} {exchange.outcome}"


def shortened(difference: Difference | Differing) -> str:
    text = str(difference)
    return text if len(text) <= MAX_SHOWN else f"{text[:MAX_SHOWN]}…"
