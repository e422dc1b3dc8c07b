"""What an explanation says, as data and as text."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Literal

from msgspec import Struct, field

from emulator.http.exchange import Differing
from emulator.language.schema.provenance import Provenance
from emulator.playbook.limits import written

Outcome = Literal[
    "answered", "gave the reply", "added its fault", "would have answered", "matches now", "differs", "never reached"
]
Source = Literal["scenario", "api"]
COLUMN = 11  # characters of the left column, with the space that follows
MAX_DIFFERING = 30  # rules that differ in the text, the nearest
MAX_VALUE = 300  # characters of each value in the text


class RuleView(Struct, frozen=True):
    """A rule that answered: its name, and where it stands."""

    name: str
    file: str
    line: int


class TracedRule(Struct, frozen=True):
    """What became of a rule: it `answered`, `added its fault` to another's answer, `differs` from the request, or was
    `never reached`. One that says what is answered leaves it to a rule of the API which `gave the reply`.

    A fault refuses for a rule that `would have answered`; one that `matches now` did not when the request came.
    `source` is scenario or api; `differences` are those of its `when`, and counters that hold it back.
    """

    name: str
    file: str
    line: int
    source: Source
    outcome: Outcome
    faults: tuple[str, ...] = ()
    differences: tuple[Differing, ...] = ()

    @property
    def place(self) -> str:
        """`mine.yaml:6`, and its name if it has one; without a folder for an API's own file, and one far from here."""
        is_near = self.source == "scenario" and not self.file.startswith("/")
        file = self.file if is_near else self.file.rpartition("/")[2]
        return f"{file}:{self.line}" + (f" {self.name!r}" if self.name else "")


class ChosenWorld(Struct, frozen=True):
    """The world that answers, and why that one."""

    name: str
    why: str


class CallerView(Struct, frozen=True):
    """Who asks: the masked key, its workspace and its tier; `known`: the API knows the key."""

    key: str
    workspace: str
    tier: str
    known: bool


class ChargeView(Struct, frozen=True):
    """A counter of the caller before and after a request, and what it was charged; `refused`: it let it not pass.

    `reset` is the second since the epoch at which its window ends; a budget has none.
    """

    name: str
    limit: int | float
    before: int | float
    charged: int | float
    after: int | float
    reset: int | None
    refused: bool


class TimingView(Struct, frozen=True):
    """When each event of a stream was planned, and when each that was sent left, in seconds after the response began.

    `content` is the stream as it was planned, if a fault has changed it.
    """

    planned: list[float]
    sent: list[float]
    content: str | None


class BasisView(Struct, frozen=True):
    """One thing that a response rests on: a claim with what its document `says`, or a part that no claim is about.

    `class` is documented, inferred or invented; `inferred` is the part of a claim that the document does not say.
    """

    grade: Provenance = field(name="class")
    name: str
    says: str = ""
    inferred: str = ""


class ReplyView(Struct, frozen=True):
    """A response: `body` is JSON or text; `delay` in seconds, `events` of a stream."""

    status: int
    headers: Mapping[str, str]
    body: Any
    delay: float = 0.0
    events: int = 0


class Explanation(Struct, frozen=True):
    """Why a request was answered as it was. `rule` is null if none answered, or if it is played no more.

    `plan` is the caller's; `decided_by` says what refused the request, `spent` is what it used by unit; `prompt` is
    what was replied to, if something is generated there. `checks` says whether what it says was accepted, `rules` what
    became of each rule of the operation, in order; `passed_over` is how many of scenarios stood before the API's own
    that answered. `answer` names the canned answer that was given. `reply` is there for a request that was not sent:
    what it would get. `notes` say what limits this.
    """

    number: int
    method: str
    path: str
    world: ChosenWorld
    api: str
    operation: str
    caller: CallerView | None
    checks: str
    status: int
    error: str
    hint: str
    faults: list[str]
    rules: list[TracedRule]
    passed_over: int
    reply: ReplyView | None
    notes: list[str]
    answer: str
    rule: RuleView | None
    decided_by: str
    plan: str
    limits: list[ChargeView]
    timing: TimingView | None
    spent: dict[str, float]
    prompt: str
    route: Provenance | None
    provenance: list[BasisView]

    def __str__(self) -> str:
        return "\n".join(lines(self))


def lines(explanation: Explanation) -> Iterator[str]:
    """Yields an explanation line by line, in the order of the pipeline."""
    yield f"{explanation.method} {explanation.path}"
    yield from _part("world", [f"{explanation.world.name}: {explanation.world.why}"])
    yield from _part(
        "operation", [f"{explanation.operation} of {explanation.api}" if explanation.operation else "none"]
    )
    if explanation.operation:
        yield from _part("key", [_key(explanation.caller)])
        yield from _part("checks", [explanation.checks])
        yield from _part("limits", [_charge(each) for each in explanation.limits] or ["none was charged"])
        yield from _part("rules", _rules(explanation.rules))
    yield from _part("answer", [f"canned: {explanation.answer}"] if explanation.answer else ())
    yield from _part("faults", [", ".join(explanation.faults)] if explanation.faults else ())
    yield from _part("response", _response(explanation))
    yield from _part("rests on", _bases(explanation))
    for note in explanation.notes:
        yield f"note: {note}"


def _part(name: str, rows: Any) -> Iterator[str]:
    for at, row in enumerate(rows):
        yield f"{'' if at else name:<{COLUMN}}{row}"


def _key(caller: CallerView | None) -> str:
    if caller is None:
        return "none was accepted, or the operation takes none"
    unknown = "" if caller.known else "  (the API does not know this key)"
    tier = f", tier {caller.tier}" if caller.tier else ""
    return f"{caller.key}, workspace {caller.workspace}{tier}{unknown}"


def _charge(each: ChargeView) -> str:
    before, charged, after, limit = map(written, (each.before, each.charged, each.after, each.limit))
    text = f"{each.name}: {before} + {charged} = {after} of {limit}"
    return f"{text}  refused" if each.refused else text


def _rules(rules: list[TracedRule]) -> Iterator[str]:
    """Each rule in a line or more; those at the end that were never reached share one."""
    left = len(rules)
    while left and rules[left - 1].outcome == "never reached":
        left -= 1
    differing = sorted((rule for rule in rules if rule.outcome == "differs"), key=lambda rule: len(rule.differences))
    far = {id(rule) for rule in differing[MAX_DIFFERING:]}
    shown = [rule for rule in rules[:left] if id(rule) not in far]
    width = max((len(each.place) for each in shown), default=0)
    for each in shown:
        faults = f"  (fault {', '.join(each.faults)})" if each.faults and each.outcome != "differs" else ""
        yield f"{each.place:<{width}}  {each.outcome}{faults}"
        for difference in each.differences:
            yield f"  {difference.shortened(MAX_VALUE)}"
    if far:
        yield f"{len(far):,} others differ, in as much or more"
    if not rules:
        yield "none"
    elif left < len(rules):
        first = rules[left]
        count = len(rules) - left
        yield f"{first.place}  never reached" if count == 1 else f"{count} from {first.place} on  never reached"


def _response(explanation: Explanation) -> Iterator[str]:
    status = explanation.status or "none: the request is lost before anything is done for it"
    yield f"{status}" + (f"  {explanation.decided_by} refused it" if explanation.decided_by else "")
    if explanation.error:
        yield from explanation.error.split("\n")[:1]
    if explanation.hint:
        yield f"hint: {explanation.hint}"
    reply = explanation.reply
    if reply is not None and reply.delay:
        yield f"after {reply.delay:g} s"
    if reply is not None and reply.events:
        yield f"{reply.events} events"
    elif reply is not None and reply.body is not None and not explanation.error:
        text = reply.body if isinstance(reply.body, str) else json.dumps(reply.body, ensure_ascii=False)
        yield text if len(text) <= MAX_VALUE else f"{text[:MAX_VALUE]}…"


def _bases(explanation: Explanation) -> Iterator[str]:
    for grade in dict.fromkeys(each.grade for each in explanation.provenance):
        yield f"{grade}: {', '.join(each.name for each in explanation.provenance if each.grade == grade)}"
