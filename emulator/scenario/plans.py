"""Plans: the compiled parts of APIs and scenarios, immutable values that serving only reads."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from emulator.errors import Place
from emulator.scenario.absent import ABSENT
from emulator.scenario.document import Document
from emulator.scenario.duration import Duration, Latency
from emulator.scenario.headers import Headers
from emulator.scenario.match import Matcher
from emulator.scenario.quick import compile_quick, joined, literal
from emulator.scenario.template import Template

Maker = Callable[[Any], Any]
NOWHERE = Place("", 1, 1)


@dataclass(frozen=True)
class EventPlan:
    """One server-sent event, or one for each item; `lead` is what stands before the data."""

    lead: bytes
    each: Template | None
    bind: str
    when: Template | None
    id: Template | None
    data: Template | None
    text: Template | None

    @cached_property
    def frame(self) -> Maker | None:
        """The whole event as bytes at once, when all of it but the data is known."""
        return None if self.data is None or self.id is not None else self.data.framed(self.lead + b"data: ", b"\n\n")


@dataclass(frozen=True, slots=True)
class PacePlan:
    """How long before the first paced event and between two; None: as the scenario's latency says."""

    first: Latency | None
    each: Latency | None


@dataclass(frozen=True, slots=True)
class ReplyPlan:
    """What a rule sends; exactly one of body, text, events and error, or nothing at all."""

    place: Place
    status: int | Template
    headers: Headers
    body: Template | None = None
    text: Template | None = None
    events: tuple[EventPlan, ...] | None = None
    pace: PacePlan | None = None
    error: str | None = None
    message: Template | None = None
    param: Template | None = None
    data: Mapping[str, Template] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class StepPlan:
    """One change of state: a verb, what it works on, and its arguments as templates."""

    verb: str
    target: str
    place: Place
    when: Template | None
    bind: str | None
    arguments: Mapping[str, Template]
    ttl: float | None = None


@dataclass(frozen=True, slots=True)
class FaultPlan:
    """A fault by its name, made with its parameters from the table of faults."""

    name: str
    place: Place
    fault: Any


@dataclass(frozen=True, slots=True)
class Rule:
    """`when` → `do` → `reply` and/or faults."""

    id: str
    place: Place
    name: str
    matcher: Matcher
    makers: Mapping[str, Maker]
    steps: tuple[StepPlan, ...]
    reply: ReplyPlan | None
    faults: tuple[FaultPlan, ...]
    claims: tuple[str, ...]

    @property
    def paced(self) -> bool:
        """Whether the rule sets its own pace, whatever the scenario's latency."""
        return self.reply is not None and self.reply.pace is not None


@dataclass(frozen=True, slots=True)
class CheckPlan:
    """A refusal that costs nothing: when it matches, the error is answered."""

    place: Place
    matcher: Matcher
    error: str
    message: Template | None
    param: Template | None


@dataclass(frozen=True, slots=True)
class UsagePlan:
    """What a request adds to the statistics."""

    asset: Template
    tokens: Template
    latency_ms: Template | None
    ok: Template | None = None


@dataclass(frozen=True, slots=True)
class ErrorPlan:
    """One kind of error as the API says it."""

    kind: str
    place: Place
    status: int | Template
    type: Template | None
    message: Template | None
    headers: Headers
    body: Template
    data: Mapping[str, Any]


@dataclass(frozen=True)
class AnswerPlan:
    """What is generated for an operation."""

    name: str
    messages: Template
    system: Template | None
    max_tokens: Template | None
    json_object: Template
    canned: tuple[Document, ...]
    stop: Template | None = None

    @cached_property
    def arguments(self) -> Maker:
        """(messages, system, max_tokens, json_object, stop) of a request; what is absent or not asked for is None."""
        parts = (self.messages, self.system, self.max_tokens, self.json_object, self.stop)

        def careful(scope: Any) -> tuple[Any, ...]:
            given = [None if part is None else part.maybe(scope) for part in parts]
            return tuple(None if each is ABSENT else each for each in given)

        ways = [literal(None) if part is None else part.way for part in parts]
        return compile_quick(joined("(%, %, %, %, %)", *ways), careful)


@dataclass(frozen=True, slots=True)
class RowPlan:
    """How the items of a job are worked and shown."""

    operation: str
    succeeded: Template
    errored: Template
    cancelled: Template


@dataclass(frozen=True, slots=True)
class WebhookPlan:
    """Who is told when a job ends."""

    url: Template
    secret: Template
    body: Template
    retries: tuple[float, ...]
    timeout: float


@dataclass(frozen=True, slots=True)
class JobPlan:
    """A kind of job: states by age."""

    kind: str
    timeline: Mapping[str, Duration]
    cancel: Mapping[str, Duration]
    rows: RowPlan | None
    webhook: WebhookPlan | None
    most: int
    place: Place = NOWHERE


@dataclass(frozen=True, slots=True)
class CollectionPlan:
    """Records a scenario starts with, by their key; worlds lay their own over them."""

    name: str
    key: str
    records: Mapping[str, Any]
    most: int


@dataclass(frozen=True, slots=True)
class TierPlan:
    """A plan: its limits as text (`60/minute`), its free data, and where each limit stands."""

    name: str
    limits: Mapping[str, str]
    data: Mapping[str, Any]
    places: Mapping[str, Place] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class LatencyPlan:
    """How long answers take; None: no time."""

    reply: Latency | None = None
    first_token: Latency | None = None
    token: Latency | None = None
